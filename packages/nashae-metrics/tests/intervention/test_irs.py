"""IRS against plain loops, worked cases and invariances."""

import numpy as np
import pytest

from nashae_metrics.ground.intervals import Bootstrap
from nashae_metrics.intervention.irs import irs

GRID = np.stack(np.meshgrid(*map(np.arange, (3, 8, 30)), indexing="ij"), -1).reshape(-1, 3)
LARGE = np.tile(GRID, (14, 1))  # 10,080 rows


def rng(seed=0):
    return np.random.default_rng(seed)


def noisy(factors=GRID):
    return factors / factors.max(0) + 0.3 * rng(1).normal(size=factors.shape)


def plain(codes, classes, quantile, scale):
    """IRS in loops over latents, factors and groups."""
    codes = codes / scale
    largest = np.abs(codes - codes.mean(0)).max(0)
    matrix = np.zeros((codes.shape[1], classes.shape[1]))
    for d, latent in enumerate(codes.T):
        for k, factor in enumerate(classes.T):
            groups = [latent[factor == value] for value in np.unique(factor)]
            far = [np.quantile(np.abs(g - g.mean()), quantile) for g in groups if len(g) > 1]
            matrix[d, k] = 1 - np.mean(far) / largest[d]
    return matrix, np.average(matrix.max(1), weights=largest)


@pytest.mark.parametrize("quantile", [0.99, 1.0, 0.5])
def test_the_loops_are_met(quantile):
    codes = noisy() @ rng(2).normal(size=(3, 5))
    found = irs(codes, GRID, quantile=quantile)
    matrix, score = plain(codes, GRID, quantile, codes.std(0))
    np.testing.assert_allclose(found.matrix, matrix, atol=1e-12)
    assert found.score == pytest.approx(score)
    np.testing.assert_array_equal(found.parents, matrix.argmax(1))
    np.testing.assert_allclose(found.robustness, matrix.max(1), atol=1e-12)


def test_the_published_protocol_bins_factors_and_takes_raw_codes():
    codes = noisy(LARGE) * [1, 5, 0.2]
    rows = rng().choice(len(LARGE), size=10_000, replace=False)
    # np.digitize as disentanglement_lib has it.
    binned = np.stack([np.digitize(f, np.histogram(f, 20)[1][:-1]) for f in LARGE[rows].T], axis=1)
    matrix, score = plain(codes[rows], binned, 0.99, 1.0)
    found = irs(codes, LARGE, protocol="locatello2019", rng=rng())
    np.testing.assert_allclose(found.matrix, matrix, atol=1e-12)
    assert found.score == pytest.approx(score)
    assert (found.bins, found.samples, found.protocol) == (20, 10_000, "locatello2019")


def test_by_hand():
    # Means of the groups 1 and 7; deviations 1 of max |z - 4| = 4.
    found = irs(np.array([[0.0], [2.0], [6.0], [8.0]]), np.array([[0], [0], [1], [1]]))
    assert found.matrix[0, 0] == pytest.approx(0.75)
    assert found.score == pytest.approx(0.75)
    assert found.weights[0] == pytest.approx(4 / np.sqrt(10))


def test_perfect_codes_score_1_copies_of_them_too_and_binned_less():
    assert irs(GRID.astype(float), GRID).score == pytest.approx(1.0)
    assert irs(np.tile(GRID, 2).astype(float), GRID).score == pytest.approx(1.0)
    binned = irs(LARGE.astype(float), LARGE, protocol="locatello2019", rng=rng())
    assert 0.95 < binned.score < 0.999  # 30 values in 20 bins
    np.testing.assert_array_equal(binned.parents, [0, 1, 2])


def test_neither_order_sign_scale_offset_nor_dead_latents_change_it():
    codes = noisy()
    score = irs(codes, GRID).score
    dead = np.full((len(codes), 1), 7.0)
    changed = np.hstack([dead, -4.0 * codes[:, [2]], dead, codes[:, :2] * [1e-200, 1e9], dead])
    found = irs(changed, GRID)
    assert found.score == pytest.approx(score, abs=1e-12)
    np.testing.assert_array_equal(found.active, [False, True, False, True, True, False])
    assert (found.parents[0], found.weights[0], found.robustness[0]) == (-1, 0, 0)
    assert irs(codes + 1e8, GRID).score == pytest.approx(score, abs=1e-6)
    assert irs(codes.astype(np.float32), GRID).score == pytest.approx(score, abs=1e-6)


def test_no_active_latent_scores_0_and_one_its_own_robustness():
    for options in ({}, {"active": np.zeros(2, dtype=bool)}, {"active": np.ones(2, dtype=bool)}):
        assert irs(np.ones((len(GRID), 2)), GRID, **options).score == 0
    single = irs(noisy()[:, :1], GRID)
    assert single.score == pytest.approx(single.robustness[0])


def test_groups_of_one_row_are_left_out_not_counted_as_robust():
    codes, factors = noisy(), GRID.copy()
    factors[[3, 500], 2] = [77, 99]
    found = irs(codes, factors)
    np.testing.assert_array_equal(found.single, [0, 0, 2])
    matrix, _ = plain(codes, factors, 0.99, codes.std(0))
    np.testing.assert_allclose(found.matrix, matrix, atol=1e-12)


def test_a_published_bin_of_one_row_is_an_error():
    factors = LARGE.copy()
    factors[:, 1] = np.arange(len(LARGE)) % 2
    factors[:80, 1] = 1000  # enough that the drawn rows keep some
    assert irs(noisy(LARGE), factors, protocol="locatello2019", rng=rng()).score > 0
    factors = factors[:10_000]
    factors[:80, 1] = 0
    factors[0, 1] = 1000
    with pytest.raises(
        ValueError, match="factors column 1 must have two rows; got 1 of 2 bins with one"
    ):
        irs(noisy(factors), factors, protocol="locatello2019", rng=rng())


def test_continuous_factors_are_binned():
    factors = rng(1).normal(size=(2000, 2))
    assert irs(factors, factors, factor_bins=20).score > 0.7


def test_a_robustness_below_0_counts_0_unless_published():
    # Each group lies at one end, except a few rows at the other, farther from its mean than any
    # row is from the mean of all.
    factors = np.repeat([0, 1], 5000)[:, None]
    codes = np.where(np.arange(10_000) % 50 == 0, 1.0, -1.0)[:, None] * np.where(factors, -1, 1)
    found = irs(codes, factors)
    assert found.matrix[0, 0] < -0.9
    assert found.score == found.robustness[0] == 0
    assert irs(codes, factors, protocol="locatello2019", rng=rng()).score < -0.9


def test_the_interval_is_drawn_where_it_is_asked_for():
    codes = noisy()
    assert irs(codes, GRID, rng=rng()).interval is None
    few = Bootstrap(resamples=20)
    assert irs(codes, GRID, bootstrap=few).interval is None
    one, same = (irs(codes, GRID, rng=rng(3), bootstrap=few) for _ in range(2))
    assert one.interval == same.interval
    assert one.interval.low < one.score < one.interval.high
    assert one.seed == 3


def test_a_resample_without_a_group_is_scored():
    found = irs(
        np.array([[0.0], [1.0], [3.0]]), np.array([[0], [0], [1]]), rng=rng(), bootstrap=Bootstrap()
    )
    assert np.isfinite([found.score, found.interval.low, found.interval.high]).all()


@pytest.mark.parametrize(
    ("codes", "factors", "options", "text"),
    [
        (noisy() * np.nan, GRID, {}, "codes must be finite"),
        (noisy(), GRID * [1, 0, 1], {}, "factors column 1 is constant"),
        (noisy(), GRID[:5], {}, "as many rows as codes"),
        (noisy(), GRID, {"quantile": 0.0}, r"quantile must be in \(0, 1\]; got 0.0"),
        (noisy(), GRID, {"quantile": 1.5}, r"quantile must be in \(0, 1\]; got 1.5"),
        (
            noisy(),
            np.arange(720)[:, None],
            {},
            "factors column 0 must have a value that two rows share",
        ),
        (noisy(), GRID, {"protocol": "suter"}, r"protocol must be one of .*; got 'suter'"),
        (noisy(), GRID, {"protocol": "locatello2019"}, "takes 10000 samples; got 720"),
        (noisy(LARGE), LARGE, {"protocol": "locatello2019"}, "give rng="),
    ],
)
def test_bad_input_is_named(codes, factors, options, text):
    with pytest.raises(ValueError, match=text):
        irs(codes, factors, **options)
