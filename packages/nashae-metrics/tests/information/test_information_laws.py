"""Laws of the metrics that binned information decides, held by each of them."""

import numpy as np
import pytest

from nashae_metrics import dcimig, jemmig, mig, mig_sup, modularity, rmig

GRID = np.stack(np.meshgrid(np.arange(3), np.arange(8), indexing="ij"), -1).reshape(-1, 2)
# What each has of every latent, 0 of a dead one; JEMMIG has the best latent of each factor instead.
OF_LATENTS = {
    dcimig: "gaps",
    mig: "information",
    mig_sup: "gaps",
    modularity: "modularities",
    rmig: "information",
}
each = pytest.mark.parametrize("metric", [*OF_LATENTS, jemmig], ids=lambda metric: metric.__name__)


def noisy(rows=600):
    rng = np.random.default_rng(1)
    factors = rng.integers(0, [3, 8], (rows, 2))
    return factors @ [[1.0, 0.5], [0.0, 1.0]] + 0.3 * rng.normal(size=(rows, 2)), factors


@each
def test_neither_order_scale_offset_nor_dead_latents_change_it(metric):
    codes, factors = noisy()
    found = metric(codes, factors)
    dead = np.full((len(codes), 1), 7.0)
    changed = np.hstack([dead, 3.7 * codes[:, [1]], dead, codes[:, [0]] + 1e8])
    again = metric(changed, factors)
    assert again.score == pytest.approx(found.score, abs=1e-12)
    np.testing.assert_array_equal(again.active, [False, True, False, True])
    if metric is jemmig:
        np.testing.assert_array_equal(again.best, np.array([3, 1])[found.best])
    else:
        before, after = (getattr(result, OF_LATENTS[metric]) for result in (found, again))
        np.testing.assert_allclose(after[[3, 1]], before, atol=1e-12)
        np.testing.assert_array_equal(after[[0, 2]], 0)
    assert metric(-codes, factors).score == pytest.approx(found.score, abs=1e-12)


@each
def test_neither_order_nor_labels_of_factors_change_it(metric):
    codes, factors = noisy()
    score = metric(codes, factors).score
    assert metric(codes, 5 - 2 * factors[:, ::-1]).score == pytest.approx(score, abs=1e-12)


@each
@pytest.mark.parametrize("kind", [np.float32, np.int64])
def test_types_that_hold_the_same_numbers_have_the_same_score(metric, kind):
    codes, factors = noisy()
    codes = np.round(4 * codes)
    score = metric(codes, factors).score
    assert metric(codes.astype(kind), factors.astype(np.float32)).score == score


@each
def test_scores_of_noise_stay_in_range_and_intervals_hold_them(metric):
    rng = np.random.default_rng(0)
    for rows in (2, 3, 40):
        codes = rng.integers(0, 3, (rows, 4)) * [1, 1, 1, 0]
        factors = np.column_stack([np.arange(rows) % 2, rng.permutation(rows)])
        found = metric(codes, factors, rng=rng)
        assert 0 <= found.score <= (found.entropies.mean() if metric is rmig else 1)
        assert np.isfinite([found.interval.low, found.interval.high]).all()


@each
def test_the_seed_gives_the_interval(metric):
    codes, factors = noisy()
    first, second = (metric(codes, factors, rng=np.random.default_rng(5)) for _ in range(2))
    assert first.interval == second.interval
    assert first.interval.low <= first.score <= first.interval.high
    assert (first.seed, first.bins, first.samples) == (5, 20, 600)
    assert metric(codes, factors).interval is None
    assert metric(codes, factors, rng=np.random.default_rng(5), bootstrap=None).interval is None


@each
@pytest.mark.parametrize(
    ("codes", "factors", "options", "text"),
    [
        (np.full((24, 1), np.inf), GRID, {}, "codes must be finite"),
        (np.ones((24, 1)), GRID * [1, 0], {}, "factors column 1 is constant"),
        (np.ones((24, 1)), GRID[:5], {}, "as many rows as codes"),
        (np.ones((24, 1)), GRID, {"bins": 1}, "bins must be 2 or more; got 1"),
        (np.ones((24, 1)), GRID + 0.5, {}, "for continuous factors give factor_bins"),
        (np.ones((24, 1)), GRID, {"protocol": "x"}, r"protocol must be one of .*; got 'x'"),
        (
            np.ones((24, 1)),
            GRID,
            {"active": "x"},
            r"rule of active latents must be one of .*; got 'x'",
        ),
    ],
)
def test_bad_input_is_refused(metric, codes, factors, options, text):
    with pytest.raises(ValueError, match=text):
        metric(codes, factors, **options)


@pytest.mark.parametrize("metric", [dcimig, jemmig, mig_sup, rmig], ids=lambda m: m.__name__)
def test_what_the_study_has_not_has_no_protocol_of_it(metric):
    text = r"protocol must be one of .*; got 'locatello2019'"
    with pytest.raises(ValueError, match=text):
        metric(np.ones((24, 1)), GRID, protocol="locatello2019")
