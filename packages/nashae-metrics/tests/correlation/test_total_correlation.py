"""Gaussian total correlation: known values, rounding, dependence."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from nashae_metrics.correlation.total_correlation import total_correlation
from nashae_metrics.ground.intervals import Bootstrap


def example(n=400, m=4, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, m)) @ rng.normal(size=(m, m))


def test_two_latents_by_hand():
    # Correlation ½: -½ log(1 - ¼).
    codes = np.array([[1.0, 1], [1, 1], [1, 1], [1, -1], [-1, 1], [-1, -1], [-1, -1], [-1, -1]])
    found = total_correlation(codes)
    assert found.score == pytest.approx(-0.5 * np.log(0.75))
    np.testing.assert_allclose(found.correlation, [[1, 0.5], [0.5, 1]])
    assert (found.protocol, found.rule, found.samples) == ("standard", "constant", 8)


def test_it_is_the_divergence_from_independent_latents():
    codes = example(200_000, 3)
    covariance = np.cov(codes.T)
    together = multivariate_normal(np.zeros(3), covariance)
    apart = multivariate_normal(np.zeros(3), np.diag(np.diag(covariance)))
    drawn = np.random.default_rng(1).multivariate_normal(np.zeros(3), covariance, 200_000)
    difference = together.logpdf(drawn) - apart.logpdf(drawn)
    assert total_correlation(codes).score == pytest.approx(difference.mean(), rel=0.02)


def test_it_is_the_log_determinant():
    codes = example()
    covariance = np.cov(codes.T)
    expected = (np.log(np.diag(covariance)).sum() - np.linalg.slogdet(covariance)[1]) / 2
    assert total_correlation(codes).score == pytest.approx(expected)


def test_order_sign_scale_offset_and_dead_latents_do_not_matter():
    codes = example()
    expected = total_correlation(codes).score
    changed = np.insert(codes[:, [2, 0, 3, 1]] * [-1, 1e9, 1e-9, 1e-200], 2, 0.3, axis=1)
    assert total_correlation(changed).score == pytest.approx(expected)
    assert total_correlation(codes + 1e8).score == pytest.approx(expected, rel=1e-6)
    assert total_correlation(np.ascontiguousarray(codes.T).T.astype(np.float32)).score == (
        pytest.approx(expected, rel=1e-5)
    )


@pytest.mark.parametrize("gap", [1e-3, 1e-6, 1e-9, 1e-12])
def test_nearly_equal_latents_lose_no_digits(gap):
    rng = np.random.default_rng(0)
    first, noise = np.linalg.qr(rng.normal(size=(1000, 3)) - 0.5)[0].T[1:]
    first, noise = first - first.mean(), noise - noise.mean()
    noise -= first * (first @ noise) / (first @ first)
    # Correlation 1/√(1 + g²) with g the ratio of deviations: -½ log(g²/(1 + g²)).
    ratio = gap * noise.std() / first.std()
    found = total_correlation(np.column_stack([first, first + gap * noise])).score
    assert found == pytest.approx(0.5 * np.log1p(ratio**-2), rel=1e-4)


@pytest.mark.parametrize("scale", [1.0, -3.0, 0.1])
def test_equal_latents_are_infinitely_dependent(scale):
    codes = example()
    equal = np.column_stack([codes, scale * codes[:, 1]])
    found = total_correlation(equal, rng=np.random.default_rng(0))
    assert (found.score, found.interval) == (np.inf, None)
    assert total_correlation(np.column_stack([codes, codes.sum(1)])).score == np.inf


def test_as_many_latents_as_rows_are_infinitely_dependent():
    codes = np.random.default_rng(0).normal(size=(5, 5))
    assert total_correlation(codes).score == np.inf
    assert total_correlation(codes[:, :4]).score < np.inf
    assert total_correlation(codes[:4]).score == np.inf


def test_one_active_latent_or_none_has_no_correlation():
    codes = np.column_stack([np.arange(9.0), np.ones(9)])
    for chosen in (codes, codes[:, 1:]):
        found = total_correlation(chosen, rng=np.random.default_rng(0))
        assert found.score == found.interval.low == found.interval.high == 0
    assert total_correlation(codes).correlation.tolist() == [[pytest.approx(1), 0], [0, 0]]


@pytest.mark.parametrize("n", [300, 900])
def test_the_interval_is_that_of_repeated_rows(n):
    codes = example(n)
    options = {"bootstrap": Bootstrap(method="percentile", resamples=300)}
    found, again = (total_correlation(codes, rng=np.random.default_rng(0), **options) for _ in "ab")
    assert found.interval == again.interval
    assert found.seed == 0
    rng = np.random.default_rng(1)
    plain = [total_correlation(codes[rng.integers(n, size=n)]).score for _ in range(300)]
    width = np.diff(np.quantile(plain, [0.025, 0.975]))[0]
    assert found.interval.high - found.interval.low == pytest.approx(width, rel=0.3)
    assert found.interval.low < np.median(plain) < found.interval.high


def test_resamples_of_too_few_rows_have_no_interval():
    found = total_correlation(example(6, 4), rng=np.random.default_rng(0))
    assert np.isfinite(found.score)
    assert found.interval is None


def test_locatello2019_draws_10000_rows():
    codes = example(10_500)
    drawn = [
        total_correlation(codes, protocol="locatello2019", rng=np.random.default_rng(seed))
        for seed in (0, 0, 1)
    ]
    assert drawn[0].samples == 10_000
    assert drawn[0].score == drawn[1].score != drawn[2].score
    with pytest.raises(ValueError, match="give rng="):
        total_correlation(codes, protocol="locatello2019")


@pytest.mark.parametrize(
    ("codes", "options", "message"),
    [
        ([[0.0], [np.nan]], {}, "codes must be finite; got nan"),
        (np.eye(3), {"active": "alive"}, "rule of active latents must be one of"),
        (
            np.eye(3),
            {"protocol": "paper"},
            r"protocol must be one of .*; got 'paper'",
        ),
        (np.eye(3), {"protocol": "locatello2019"}, "takes 10000 samples; got 3"),
    ],
)
def test_bad_input_is_named(codes, options, message):
    with pytest.raises(ValueError, match=message):
        total_correlation(codes, **options)
