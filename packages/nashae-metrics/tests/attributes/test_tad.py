import numpy as np
import pytest

from nashae_metrics import auroc, learned_latents, tad
from nashae_metrics.attributes.grid_auroc import grid_auroc
from nashae_metrics.ground.intervals import Bootstrap

COINS = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=bool)


def example(n=600, m=5, k=4):
    rng = np.random.default_rng(0)
    attributes = rng.random((n, k)) < [0.1, 0.3, 0.5, 0.7]
    codes = rng.normal(size=(n, m))
    codes[:, :k] += 2.5 * attributes
    return codes, attributes


def test_one_latent_an_attribute_scores_a_half_each():
    result = tad(COINS.astype(float), COINS)
    assert result.score == 1.0
    np.testing.assert_array_equal(result.best, [1, 1])
    np.testing.assert_array_equal(result.second, [0.5, 0.5])
    np.testing.assert_array_equal(result.best_latent, [0, 1])
    assert (result.protocol, result.rule, result.samples) == ("exact", "constant", 4)
    assert result.active_count == 2


def test_a_copied_latent_scores_nothing():
    assert tad(COINS[:, [0, 1, 0, 1]].astype(float), COINS).score == 0.0


def test_a_lone_latent_is_held_against_chance():
    result = tad(COINS[:, :1].astype(float), COINS)
    assert result.score == 0.5
    np.testing.assert_array_equal(result.second, [0.5, 0.5])


def test_the_score_is_the_sum_over_what_counts():
    codes, attributes = example()
    attributes = np.column_stack([attributes, attributes[:, 3], np.arange(len(codes)) % 2])
    result = tad(codes, attributes)
    ordered = np.sort(auroc(codes, attributes), axis=0)
    np.testing.assert_array_equal(result.captured, [True, True, True, True, True, False])
    # Columns 3 and 4 are one attribute twice: each is redundant.
    np.testing.assert_array_equal(result.counted, [True, True, True, False, False, False])
    np.testing.assert_allclose(result.score, (ordered[-1] - ordered[-2])[:3].sum())
    assert (result.min_auroc, result.max_redundancy) == (0.75, 0.2)


def test_the_filters_can_be_moved_and_taken_off():
    codes, attributes = example()
    attributes = np.column_stack([attributes, attributes[:, 3]])
    gaps = np.diff(np.sort(auroc(codes, attributes), axis=0)[-2:], axis=0)[0]
    everything = tad(codes, attributes, min_auroc=0.5, max_redundancy=None)
    np.testing.assert_allclose(everything.score, gaps.sum())
    assert everything.max_redundancy is None
    strict = tad(codes, attributes, min_auroc=1.0)
    assert strict.score == 0.0
    assert not strict.captured.any()


def test_an_auroc_of_exactly_the_threshold_captures():
    # Of four pairs three are in order (test_auroc's case).
    result = tad([[0.1], [0.4], [0.35], [0.8]], [[0], [0], [1], [1]])
    np.testing.assert_array_equal(result.captured, [True])
    assert result.score == 0.25


def test_inactive_latents_stand_at_chance():
    codes, attributes = example()
    codes = (codes - codes.min(0)) / np.ptp(codes, axis=0)
    whole = tad(codes, attributes, active="nashae")
    dead = tad(codes * [1, 1, 1, 1, 0.1] + [0, 0, 0, 0, 0.4], attributes, active="nashae")
    np.testing.assert_array_equal(dead.active, [True, True, True, True, False])
    np.testing.assert_array_equal(dead.auroc[4], 0.5)
    np.testing.assert_array_equal(dead.auroc[:4], whole.auroc[:4])
    by_mask = tad(codes, attributes, active=dead.active)
    assert (by_mask.score, by_mask.rule) == (dead.score, "mask")


def test_the_mask_of_learned_latents_fits():
    codes, attributes = example()
    mask = learned_latents(codes, rule="beta-vae", variances=np.full_like(codes, 0.9)).active
    result = tad(codes, attributes, active=mask)
    assert (result.score, result.active_count) == (0.0, 0)


@pytest.mark.parametrize("protocol", ["exact", "yeats2022"])
def test_with_no_latent_active_the_score_is_0(protocol):
    result = tad(np.full((4, 3), 0.5), COINS, protocol=protocol)
    assert result.score == 0.0
    assert not result.counted.any()


@pytest.mark.parametrize("protocol", ["exact", "yeats2022"])
def test_order_sign_and_dead_columns_do_not_matter(protocol):
    codes, attributes = example()
    expected = tad(codes, attributes, protocol=protocol).score
    for order in ([4, 2, 0, 3, 1], [1, 0, 4, 3, 2]):
        assert tad(codes[:, order], attributes, protocol=protocol).score == pytest.approx(
            expected, abs=1e-12
        )
    for place in (0, 2, 5):
        padded = np.insert(codes, place, 0.7, axis=1)
        assert tad(padded, attributes, protocol=protocol).score == pytest.approx(
            expected, abs=1e-12
        )


def test_exact_does_not_see_monotone_transforms():
    codes, attributes = example()
    expected = tad(codes, attributes).score
    for transform in (np.exp, lambda z: 1e-4 * z, lambda z: z * [1, 10, 1e3, 0.1, 1] + 1e5):
        assert tad(transform(codes), attributes).score == expected
    assert tad(-codes, attributes).score == pytest.approx(expected, abs=1e-12)


def test_yeats2022_takes_its_auroc_from_the_grid():
    codes, attributes = example()
    result = tad(codes, attributes, protocol="yeats2022")
    np.testing.assert_array_equal(result.auroc, grid_auroc(codes, attributes))
    assert (result.protocol, result.rule, result.samples) == ("yeats2022", "nashae", 600)


def test_a_beta_vae_is_scored_on_the_grid_of_its_means():
    rng = np.random.default_rng(1)
    _, attributes = example()
    means = np.zeros((600, 5))
    means[:, :4] = 4 * attributes + rng.random((600, 4)) - 2
    codes = means + rng.normal(size=(600, 5))  # the last latent has collapsed to the prior
    result = tad(codes, attributes, protocol="yeats2022", means=means)
    np.testing.assert_array_equal(result.active, [True, True, True, True, False])
    np.testing.assert_array_equal(result.auroc[4], 0.5)
    extremes = np.stack([means.min(0), means.max(0)])[:, :4]
    np.testing.assert_array_equal(result.auroc[:4], grid_auroc(codes[:, :4], attributes, extremes))
    own = tad(codes, attributes, protocol="yeats2022")
    assert own.active.all()
    drawn, again = (
        tad(c, attributes, protocol="yeats2022", means=m, samples=300, rng=np.random.default_rng(0))
        for c, m in ((codes, means), (list(codes), list(means)))
    )
    assert drawn.score == again.score
    assert drawn.interval == again.interval
    assert drawn.interval.low <= drawn.score <= drawn.interval.high


def test_yeats2022_can_hold_the_best_against_a_second_below_chance():
    # Two latents of two values: 1 - FPR is 1 and, of the turned one, 0.
    codes = np.repeat([[0.0, 1.0], [1.0, 0.0]], 20, axis=0)
    attributes = np.repeat([[False], [True]], 20, axis=0)
    result = tad(codes, attributes, protocol="yeats2022", rng=np.random.default_rng(0))
    assert (result.best[0], result.second[0], result.score) == (1.0, 0.0, 1.0)
    assert result.interval.high == 1.0


def test_yeats2022_lets_a_saturated_latent_capture():
    # The case of test_grid_auroc: .911 for .515.
    latent = np.repeat([1.0, 0.0, 1.0, 0.0], [119, 881, 89, 911])[:, None]
    attribute = np.repeat([True, False], 1000)[:, None]
    assert tad(latent, attribute).score == 0.0
    biased = tad(latent, attribute, protocol="yeats2022", samples=2000)
    assert biased.score == pytest.approx(0.911 - 0.5)


def test_more_rows_than_the_protocol_takes_are_drawn_by_rng():
    codes, attributes = example(n=1500)
    first, again, other = (
        tad(codes, attributes, protocol="yeats2022", rng=np.random.default_rng(seed))
        for seed in (0, 0, 1)
    )
    assert first.samples == 1000
    assert first.score == again.score != other.score
    with pytest.raises(ValueError, match=r"rng must be a generator to draw 1000 of 1500 rows"):
        tad(codes, attributes, protocol="yeats2022")
    assert tad(codes, attributes, samples=200, rng=np.random.default_rng(0)).samples == 200
    assert tad(codes, attributes, protocol="yeats2022", samples=1500).samples == 1500


def test_no_row_is_drawn_twice():
    # Three distinct rows of two with and two without the attribute always show both values; with
    # rows drawn twice one draw in four would not, and raise.
    codes, attributes = np.arange(4.0)[:, None], np.array([[0], [1], [0], [1]])
    for seed in range(50):
        rng = np.random.default_rng(seed)
        tad(codes, attributes, samples=3, rng=rng, bootstrap=None, noise_repetitions=0)


def test_an_attribute_that_the_draw_misses_is_named():
    codes, attributes = example()
    attributes[:] = np.arange(600)[:, None] % 2 == 0
    attributes[:, 2] = np.arange(600) == 5
    with pytest.raises(ValueError, match="column 2 is constant among the 20 rows drawn"):
        tad(codes, attributes, samples=20, rng=np.random.default_rng(0))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"protocol": "paper"}, r"must be one of .*; got 'paper'"),
        ({"active": "alive"}, r"must be one of .*; got 'alive'"),
        ({"min_auroc": 0.4}, r"min_auroc must be in \[0.5, 1\]; got 0.4"),
        ({"max_redundancy": 1.5}, r"max_redundancy must be in \[0, 1\] or None; got 1.5"),
        ({"samples": 0}, "samples must be 2 or more; got 0"),
        ({"noise_repetitions": -1}, "noise_repetitions must be 0 or more; got -1"),
        ({"means": np.zeros((600, 5))}, 'means must be None under "exact": give protocol='),
        (
            {"means": np.zeros((600, 4)), "protocol": "yeats2022"},
            r"means must have the shape of codes, \(600, 5\); got \(600, 4\)",
        ),
    ],
)
def test_bad_options_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        tad(*example(), **options)


@pytest.mark.parametrize("protocol", ["exact", "yeats2022"])
@pytest.mark.parametrize("method", ["bca", "percentile"])
def test_the_interval_is_drawn_by_rng(protocol, method):
    codes, attributes = example()
    bootstrap = Bootstrap(method=method, resamples=100)
    options = {"protocol": protocol, "bootstrap": bootstrap, "noise_repetitions": 0}
    assert tad(codes, attributes, **options).interval is None
    first, again = (tad(codes, attributes, rng=np.random.default_rng(3), **options) for _ in "ab")
    assert first.interval == again.interval
    assert first.interval.low < first.score < first.interval.high
    assert (first.interval.draws, first.seed) == (100, 3)
    rng = np.random.default_rng(3)
    assert tad(codes, attributes, rng=rng, protocol=protocol, bootstrap=None).interval is None


def test_the_interval_is_as_wide_as_fresh_samples_scatter():
    fresh = []
    for seed in range(150):
        rng = np.random.default_rng(seed)
        attributes = rng.random((500, 2)) < [0.2, 0.5]
        codes = rng.normal(size=(500, 2)) + [2.5, 2] * attributes
        fresh.append(tad(codes, attributes).score)
    width = np.diff(np.quantile(fresh, [0.025, 0.975]))[0]
    bootstrap = Bootstrap(resamples=400, method="percentile")
    found = tad(codes, attributes, rng=rng, bootstrap=bootstrap, noise_repetitions=0).interval
    assert found.high - found.low == pytest.approx(width, rel=0.35)


def test_without_an_active_latent_the_interval_is_0():
    found = tad(np.ones((4, 2)), COINS, rng=np.random.default_rng(0)).interval
    assert (found.low, found.high) == (0.0, 0.0)


@pytest.mark.parametrize("protocol", ["exact", "yeats2022"])
def test_two_rows_suffice_for_all(protocol):
    rng = np.random.default_rng(0)
    result = tad([[0.0], [1.0]], [[0], [1]], protocol=protocol, rng=rng)
    assert result.score == 0.5
    assert 0 <= result.interval.low <= result.interval.high <= 0.5
