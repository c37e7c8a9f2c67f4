"""JEMMIG against known answers and its invariances."""

import numpy as np
import pytest
from scipy.stats import entropy
from sklearn.metrics import mutual_info_score

from nashae_metrics.information.jemmig import jemmig
from nashae_metrics.information.table import equal_width_bins

GRID = np.stack(np.meshgrid(np.arange(3), np.arange(8), indexing="ij"), -1).reshape(-1, 2)


def test_one_latent_a_factor_without_spare_bins_is_0():
    assert jemmig(GRID[:, [1]].astype(float), GRID[:, [1]], bins=8).score == pytest.approx(0)
    found = jemmig(GRID.astype(float), GRID)
    assert found.score == pytest.approx(0, abs=1e-12)
    assert found.complement == pytest.approx(1)
    np.testing.assert_array_equal(found.best, [0, 1])


def test_a_latent_that_mixes_two_factors_by_hand():
    """z = v0 + 3·v1 knows both, log 24 in all: H(z, v) = log 24, and nothing is second best."""
    codes = (GRID @ [1.0, 3.0])[:, None]
    found = jemmig(codes, GRID, bins=24)
    np.testing.assert_allclose(found.values, [np.log(24) - np.log(3), np.log(24) - np.log(8)])
    expected = [np.log(8) / (np.log(3) + np.log(24)), np.log(3) / (np.log(8) + np.log(24))]
    np.testing.assert_allclose(found.normalised, expected)
    assert found.score == pytest.approx(np.mean(expected))
    assert found.score + found.complement == 1


def test_a_copy_costs_what_it_knows():
    """H(z*, v) = log 8, I1 = I2 = log 8."""
    found = jemmig(GRID[:, [1, 1]].astype(float), GRID[:, [1]], bins=10)
    assert found.values[0] == pytest.approx(np.log(8))
    assert found.score == pytest.approx(np.log(8) / (np.log(8) + np.log(10)))


def test_of_equally_good_latents_the_one_of_least_entropy_is_best_wherever_it_stands():
    codes = np.column_stack([GRID @ [1.0, 3.0], GRID[:, 0]])
    found, turned = (jemmig(order, GRID[:, [0]], bins=24) for order in (codes, codes[:, ::-1]))
    assert found.values[0] == pytest.approx(np.log(3))  # H(z*, v) = I1 = I2 = log 3
    assert turned.score == pytest.approx(found.score)
    assert (found.best[0], turned.best[0]) == (1, 0)


def noisy(rows=600):
    rng = np.random.default_rng(1)
    factors = rng.integers(0, [3, 8], (rows, 2))
    return factors @ [[1.0, 0.5], [0.0, 1.0]] + 0.3 * rng.normal(size=(rows, 2)), factors


def test_it_is_scikit_learns_information():
    codes, factors = noisy()
    binned = equal_width_bins(codes, 20)
    for column, value in zip(factors.T, jemmig(codes, factors).values, strict=True):
        known = np.array([mutual_info_score(column, z) for z in binned.T])
        best = known.argmax()
        joint = entropy(np.unique(9 * binned[:, best] + column, return_counts=True)[1])
        assert value == pytest.approx(joint - known[best] + known[1 - best])


def test_no_active_latent_scores_1_and_a_lone_one_its_noise():
    found = jemmig(np.ones((24, 2)), GRID, rng=np.random.default_rng(0))
    assert found.score == 1
    assert (found.interval.low, found.interval.high) == (1, 1)
    np.testing.assert_array_equal(found.best, [-1, -1])
    assert jemmig(GRID[:, [0]].astype(float), GRID[:, [0]]).score == pytest.approx(0, abs=1e-12)
