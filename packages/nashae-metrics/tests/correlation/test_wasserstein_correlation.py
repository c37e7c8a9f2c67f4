"""Wasserstein correlation: known values, scipy's matrix root, invariances."""

import numpy as np
import pytest
from scipy.linalg import sqrtm

from nashae_metrics.correlation.wasserstein_correlation import wasserstein_correlation
from nashae_metrics.ground.intervals import Bootstrap


def example(n=400, m=4, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, m)) @ rng.normal(size=(m, m))


def test_equal_latents_by_hand():
    # Σ = s²·J: the root of s⁴·J has the trace √a·s², so that 2a s² - 2 √a s² is the score.
    codes = np.tile(np.arange(5.0)[:, None], 4)  # s² = 2.5
    found = wasserstein_correlation(codes)
    assert found.score == pytest.approx(2 * 4 * 2.5 - 2 * 2 * 2.5)
    assert found.normalised == pytest.approx(2 * (1 - 1 / 2))
    np.testing.assert_allclose(found.variances, 2.5)


def test_it_is_the_distance_of_both_gaussians():
    codes = example()
    covariance = np.cov(codes.T)
    alone = np.diag(np.diag(covariance))
    root = sqrtm(alone)
    cross = sqrtm(root @ covariance @ root)
    found = wasserstein_correlation(codes)
    assert found.score == pytest.approx(np.trace(covariance + alone - 2 * cross).real)
    assert found.normalised == pytest.approx(found.score / np.trace(covariance))


def test_order_sign_offset_and_dead_latents_do_not_matter():
    codes = example()
    expected = wasserstein_correlation(codes)
    for changed in (np.insert(-codes[:, [2, 0, 3, 1]], 2, 0.3, axis=1), codes + 1e8):
        found = wasserstein_correlation(changed)
        assert found.score == pytest.approx(expected.score, rel=1e-6)
        assert found.normalised == pytest.approx(expected.normalised, rel=1e-6)


def test_scale_is_squared_and_normalised_away():
    codes = example()
    expected = wasserstein_correlation(codes)
    for scale in (1e-3, 1e6, 1e-100):
        found = wasserstein_correlation(scale * codes)
        assert found.score == pytest.approx(scale**2 * expected.score, rel=1e-9)
        assert found.normalised == pytest.approx(expected.normalised)


def test_uncorrelated_latents_have_none():
    grid = np.stack(np.meshgrid(np.arange(4.0), np.arange(9.0)), -1).reshape(-1, 2)
    assert wasserstein_correlation(grid).score == pytest.approx(0, abs=1e-12)


def test_one_active_latent_or_none_has_none():
    codes = np.column_stack([np.arange(9.0), np.ones(9)])
    for chosen in (codes, codes[:, 1:]):
        found = wasserstein_correlation(chosen, rng=np.random.default_rng(0))
        assert found.score == found.normalised == pytest.approx(0, abs=1e-12)
        assert found.interval.high == pytest.approx(0, abs=1e-12)
    assert wasserstein_correlation(codes).variances.tolist() == [7.5, 0]


@pytest.mark.parametrize("n", [300, 900])
def test_the_interval_is_that_of_repeated_rows(n):
    codes = example(n)
    options = {"bootstrap": Bootstrap(method="percentile", resamples=300)}
    found = wasserstein_correlation(codes, rng=np.random.default_rng(0), **options)
    rng = np.random.default_rng(1)
    plain = [wasserstein_correlation(codes[rng.integers(n, size=n)]) for _ in range(300)]
    for interval, scores in (
        (found.interval, [one.score for one in plain]),
        (found.normalised_interval, [one.normalised for one in plain]),
    ):
        width = np.diff(np.quantile(scores, [0.025, 0.975]))[0]
        assert interval.high - interval.low == pytest.approx(width, rel=0.3)
        assert interval.low < np.median(scores) < interval.high


def test_locatello2019_draws_10000_rows():
    codes = example(10_500)
    found = wasserstein_correlation(codes, protocol="locatello2019", rng=np.random.default_rng(0))
    assert (found.samples, found.protocol, found.seed) == (10_000, "locatello2019", 0)


@pytest.mark.parametrize(
    ("codes", "options", "message"),
    [
        ([[0.0], [np.inf]], {}, "codes must be finite; got inf"),
        (np.eye(3), {"active": [True]}, "active must be a rule or a mask of 3 booleans"),
        (
            np.eye(3),
            {"protocol": "paper"},
            r"protocol must be one of .*; got 'paper'",
        ),
    ],
)
def test_bad_input_is_named(codes, options, message):
    with pytest.raises(ValueError, match=message):
        wasserstein_correlation(codes, **options)
