"""MCC against scipy, known answers and invariances."""

import itertools

import numpy as np
import pytest
from scipy.stats import pearsonr, spearmanr

from nashae_metrics.correlation.mcc import mcc
from nashae_metrics.ground.intervals import Bootstrap, block_numbers, draw_weights
from nashae_metrics.ground.splits import SplitSizes, split_rows


def _rng():
    return np.random.default_rng(0)


def _data(n=400):
    rng = np.random.default_rng(1)
    factors = rng.normal(size=(n, 3))
    codes = factors @ rng.normal(size=(3, 4)) + 0.5 * rng.normal(size=(n, 4))
    return codes, factors


@pytest.mark.parametrize(("name", "function"), [("pearson", pearsonr), ("spearman", spearmanr)])
def test_the_matrix_and_the_best_of_all_matchings_are_scipys(name, function):
    codes, factors = _data()
    found = mcc(codes, factors, rng=_rng(), correlation=name)
    train, test = split_rows(400, SplitSizes(200, 200), _rng(), protocol="standard")
    fitted, scored = (
        np.abs([[function(z, v).statistic for v in factors[rows].T] for z in codes[rows].T])
        for rows in (train, test)
    )
    np.testing.assert_allclose(found.matrix, scored, atol=1e-12)
    best = max(itertools.permutations(range(4), 3), key=lambda p: fitted[list(p), [0, 1, 2]].sum())
    np.testing.assert_array_equal(found.matching, best)
    assert found.score == pytest.approx(scored[list(best), [0, 1, 2]].mean())


def test_linear_codes_score_1_and_monotone_ones_by_ranks():
    factors = _data()[1]
    assert mcc(3 - 2 * factors[:, ::-1], factors, rng=_rng()).score == pytest.approx(1.0)
    bent = np.exp(3 * factors)
    assert mcc(bent, factors, rng=_rng(), correlation="spearman").score == pytest.approx(1.0)
    assert mcc(bent, factors, rng=_rng()).score < 0.9


def test_a_factor_without_a_latent_counts_0():
    factors = _data()[1]
    found = mcc(factors[:, [1]], factors, rng=_rng())
    assert found.score == pytest.approx(1 / 3)
    np.testing.assert_array_equal(found.matching, [-1, 0, -1])


def test_no_active_latent_scores_0():
    factors = _data()[1]
    found = mcc(np.ones((400, 2)), factors, rng=_rng())
    assert found.score == 0
    assert (found.interval.low, found.interval.high) == (0, 0)
    np.testing.assert_array_equal(found.matching, [-1, -1, -1])


@pytest.mark.parametrize("name", ["pearson", "spearman"])
def test_neither_order_sign_scale_nor_dead_latents_change_it(name):
    codes, factors = _data()
    expected = mcc(codes, factors, rng=_rng(), correlation=name).score
    dead = np.full((400, 1), 0.1)
    changed = np.hstack(
        [dead, 1e-200 * codes[:, [3, 1]], dead, -codes[:, [2]], 1e9 * codes[:, [0]]]
    )
    found = mcc(changed, factors, rng=_rng(), correlation=name)
    assert found.score == pytest.approx(expected, abs=1e-12)
    assert not np.isin(found.matching, [0, 3]).any()
    far = mcc(1e8 + codes, factors, rng=_rng(), correlation=name).score
    assert far == pytest.approx(expected, abs=1e-6)


def test_a_column_that_is_constant_in_a_half_counts_0():
    codes, factors = np.zeros((40, 1)), np.zeros((40, 1))
    codes[0], factors[0] = 0.3, 0.7
    for seed in range(5):
        found = mcc(codes, factors, rng=np.random.default_rng(seed))
        assert found.score in (0, pytest.approx(1))
        assert np.isfinite([found.interval.low, found.interval.high]).all()


def test_the_interval_is_that_of_rows_drawn_again():
    codes, factors = _data()
    bootstrap = Bootstrap(resamples=100, method="percentile")
    found = mcc(codes, factors, rng=_rng(), bootstrap=bootstrap)
    rng = _rng()
    _, test = split_rows(400, SplitSizes(200, 200), rng, protocol="standard")
    numbers = block_numbers(200, bootstrap, rng)
    np.testing.assert_array_equal(numbers, np.arange(200))
    scores = []
    for weights in draw_weights(200, bootstrap, rng):
        rows = np.repeat(test, weights.astype(int))
        pairs = zip(codes[rows][:, found.matching].T, factors[rows].T, strict=True)
        scores.append(np.mean([abs(pearsonr(z, v).statistic) for z, v in pairs]))
    expected = np.quantile(scores, [0.025, 0.975])
    np.testing.assert_allclose([found.interval.low, found.interval.high], expected, atol=1e-10)
    assert found.interval.low < found.score < found.interval.high


def test_blocks_leave_the_interval_about_as_it_is():
    codes, factors = _data(4000)
    found, blocks = (
        mcc(codes, factors, rng=_rng(), bootstrap=Bootstrap(blocks=blocks)).interval
        for blocks in (2000, 100)
    )
    assert blocks.high - blocks.low == pytest.approx(found.high - found.low, rel=0.4)


def test_ranks_and_no_bootstrap_have_no_interval():
    codes, factors = _data()
    assert mcc(codes, factors, rng=_rng(), correlation="spearman").interval is None
    assert mcc(codes, factors, rng=_rng(), bootstrap=None).interval is None


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"protocol": "khemakhem"}, r"protocol of mcc must be one of .*; got 'khemakhem'"),
        ({"correlation": "kendall"}, r"correlation must be one of .*; got 'kendall'"),
        ({"active": "few"}, r"rule of active latents must be one of .*; got 'few'"),
        ({"factors": np.ones((400, 2))}, "factors column 0, 1 is constant"),
        ({"factors": np.ones((3, 2))}, "as many rows as codes"),
        ({"codes": np.ones((2, 2)), "factors": np.array([[0], [1]])}, "samples must be 3 or more"),
    ],
)
def test_bad_input_is_refused(changes, text):
    codes, factors = _data()
    with pytest.raises(ValueError, match=text):
        mcc(**{"codes": codes, "factors": factors, "rng": _rng()} | changes)
