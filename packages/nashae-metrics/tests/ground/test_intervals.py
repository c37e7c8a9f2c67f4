"""Intervals against scipy's bootstrap, Student's t and their coverage of a known truth."""

import inspect

import numpy as np
import pytest
from scipy.stats import bootstrap as scipys
from scipy.stats import t

from nashae_metrics.ground.intervals import (
    Bootstrap,
    block_numbers,
    draw_weights,
    interval_of,
    seeds_interval,
)


def mean_interval(data, bootstrap, rng):
    """The interval of the mean of data (n,) by blocks and weights."""
    numbers = block_numbers(len(data), bootstrap, rng)
    blocks = int(numbers.max()) + 1
    weights = draw_weights(blocks, bootstrap, rng)
    sums = weights @ np.bincount(numbers, weights=data, minlength=blocks)
    draws = sums / (weights @ np.bincount(numbers, minlength=blocks))
    return interval_of(float(data.mean()), draws, bootstrap, lowest=-np.inf, highest=np.inf)


@pytest.mark.parametrize("method", ["percentile", "bca"])
@pytest.mark.parametrize("rows", [60, 3000])  # each row a block, and blocks of rows
def test_the_interval_of_a_mean_is_scipys(method, rows):
    data = np.random.default_rng(0).exponential(size=rows)
    ours = mean_interval(
        data, Bootstrap(resamples=10_000, method=method, blocks=600), np.random.default_rng(1)
    )
    generator = "rng" if "rng" in inspect.signature(scipys).parameters else "random_state"
    options = {"n_resamples": 10_000, "batch": 1000, "method": method, generator: 2}
    theirs = scipys((data,), np.mean, **options).confidence_interval
    width = theirs.high - theirs.low
    # Blocks leave 1/sqrt(2 · 600) = 3 % of chance in the spread.
    assert ours.low == pytest.approx(theirs.low, abs=0.06 * width)
    assert ours.high == pytest.approx(theirs.high, abs=0.06 * width)
    assert (ours.method, ours.level, ours.draws) == (method, 0.95, 10_000)


def test_bca_leans_towards_the_long_tail():
    data = np.random.default_rng(0).exponential(size=40)
    percentile, bca = (
        mean_interval(data, Bootstrap(5000, method=method), np.random.default_rng(1))
        for method in ("percentile", "bca")
    )
    assert bca.low > percentile.low
    assert bca.high > percentile.high


@pytest.mark.parametrize("method", ["centred", "percentile", "bca"])
@pytest.mark.parametrize("rows", [200, 1000])
def test_it_covers_the_truth_about_as_often_as_its_level(method, rows):
    rng = np.random.default_rng(0)
    bootstrap = Bootstrap(level=0.9, method=method, blocks=300)
    covered = 0
    for _ in range(200):
        found = mean_interval(rng.normal(size=rows), bootstrap, rng)
        covered += found.low <= 0 <= found.high
    assert 0.83 < covered / 200 < 0.96  # 90 %, 3 standard deviations of 200 trials


def test_a_score_outside_its_resamples_is_centred():
    """Resamples 10 … 20, the score 3: they are moved until their mean is the score."""
    draws = np.concatenate([np.linspace(10, 20, 101), np.zeros(50)])
    for method, drawn in (("centred", draws[:101]), ("bca", draws)):
        bootstrap = Bootstrap(resamples=101, level=0.8, method=method)
        found = interval_of(3.0, drawn, bootstrap, lowest=-9.0, highest=9.0)
        assert found.method == "centred"
        assert (found.low, found.high) == pytest.approx((-1.0, 7.0))


def test_an_interval_ends_where_scores_do():
    draws = np.linspace(0, 1, 101)
    found = interval_of(0.9, draws, Bootstrap(resamples=101, level=0.8))
    assert (found.low, found.high) == pytest.approx((0.5, 1.0))


def test_percentile_cuts_the_quantiles_as_they_are():
    draws = np.linspace(10, 20, 101)
    percentile = Bootstrap(resamples=101, level=0.8, method="percentile")
    found = interval_of(3.0, draws, percentile, highest=20.0)
    assert (found.low, found.high) == pytest.approx((11.0, 19.0))


def test_bca_without_bias_or_skewness_is_percentile():
    draws = np.linspace(0, 10, 1001)
    jackknife = np.tile([4.0, 6.0], 25)
    bca = Bootstrap(resamples=1001, method="bca")
    found = interval_of(5.0, np.concatenate([draws, jackknife]), bca, highest=10.0)
    assert (found.low, found.high) == pytest.approx((0.25, 9.75), abs=1e-6)
    assert found.method == "bca"


def test_a_score_that_never_moves_is_its_own_interval():
    for method in ("centred", "bca", "percentile"):
        found = interval_of(0.5, np.full(250, 0.5), Bootstrap(method=method))
        assert (found.low, found.high, found.method) == (0.5, 0.5, method)


def test_bca_stays_within_its_resamples_however_skewed():
    """Bias and acceleration so large that the formula's denominator passes through 0."""
    draws = np.concatenate([np.linspace(0, 0.999, 5000), np.linspace(1, 2, 9)])
    jackknife = np.concatenate([np.zeros(1), np.ones(49)])
    bca = Bootstrap(resamples=5009, level=0.9999, method="bca")
    found = interval_of(1.0, np.concatenate([draws, jackknife]), bca, highest=9.0)
    assert 0 <= found.low <= found.high <= 2


def test_blocks_are_of_equal_size_but_for_one():
    numbers = block_numbers(1003, Bootstrap(blocks=100), np.random.default_rng(0))
    assert sorted(set(np.bincount(numbers))) == [10, 11]
    np.testing.assert_array_equal(
        numbers, block_numbers(1003, Bootstrap(blocks=100), np.random.default_rng(0))
    )
    assert not np.array_equal(numbers, np.arange(1003) % 100)  # neighbours are apart
    few = block_numbers(100, Bootstrap(blocks=100), np.random.default_rng(0))
    np.testing.assert_array_equal(few, np.arange(100))


def test_weights_draw_as_many_blocks_as_there_are_and_the_jackknife_leaves_each_out_once():
    bca = Bootstrap(resamples=30, method="bca")
    weights = draw_weights(120, bca, np.random.default_rng(0))
    assert weights.shape == (80, 120)
    np.testing.assert_array_equal(weights[:30].sum(1), 120)
    np.testing.assert_array_equal((1 - weights[30:]).sum(0), 1)
    only = draw_weights(120, Bootstrap(resamples=30), np.random.default_rng(0))
    np.testing.assert_array_equal(only, weights[:30])
    assert draw_weights(3, bca, np.random.default_rng(0)).shape == (33, 3)


def test_over_seeds_it_is_students():
    scores = np.random.default_rng(0).normal(size=7)
    found = seeds_interval(scores, level=0.9)
    error = scores.std(ddof=1) / np.sqrt(7)
    assert (found.low, found.high) == pytest.approx(t.interval(0.9, 6, scores.mean(), error))
    assert (found.level, found.method, found.draws) == (0.9, "seeds", 7)


def test_one_seed_has_no_interval_and_equal_ones_no_width():
    assert seeds_interval(np.array([0.5])) is None
    found = seeds_interval(np.full(3, 0.5))
    assert (found.low, found.high) == (0.5, 0.5)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"resamples": 1}, "resamples must be 2 or more; got 1"),
        ({"level": 1.0}, r"level must be in \(0, 1\); got 1.0"),
        ({"level": 0.0}, r"level must be in \(0, 1\); got 0.0"),
        ({"blocks": 1}, "blocks must be 2 or more; got 1"),
    ],
)
def test_numbers_out_of_range_are_refused(options, text):
    with pytest.raises(ValueError, match=text):
        Bootstrap(**options)


def test_another_method_is_refused():
    """Set from below: the shapes' hook of the tests would refuse it first by its type."""
    bootstrap = Bootstrap()
    object.__setattr__(bootstrap, "method", "basic")
    with pytest.raises(ValueError, match=r"method must be one of .*; got 'basic'"):
        bootstrap.__post_init__()
