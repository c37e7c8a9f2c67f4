"""RMIG against known answers, MIG and its invariances."""

import numpy as np
import pytest

from nashae_metrics.information.mig import mig
from nashae_metrics.information.rmig import rmig

GRID = np.stack(np.meshgrid(np.arange(3), np.arange(8), indexing="ij"), -1).reshape(-1, 2)


def test_one_latent_a_factor_has_the_entropies_mean():
    found = rmig(GRID.astype(float), GRID)
    np.testing.assert_allclose(found.gaps, [np.log(3), np.log(8)])
    assert found.score == pytest.approx((np.log(3) + np.log(8)) / 2)
    assert found.normalised == pytest.approx(1)


def test_two_latents_with_the_same_factor_have_no_gap():
    found = rmig(GRID[:, [0, 0, 1]].astype(float), GRID)
    np.testing.assert_allclose(found.gaps, [0, np.log(8)], atol=1e-12)
    np.testing.assert_allclose(found.normalised_gaps, [0, 1], atol=1e-12)
    np.testing.assert_allclose(found.information[:, 0], [np.log(3), np.log(3), 0], atol=1e-12)


def noisy(rows=600):
    rng = np.random.default_rng(1)
    factors = rng.integers(0, [3, 8], (rows, 2))
    return factors @ [[1.0, 0.5], [0.0, 1.0]] + 0.3 * rng.normal(size=(rows, 2)), factors


def test_divided_by_the_entropies_it_is_mig():
    codes, factors = noisy()
    found, known = rmig(codes, factors, bins=7), mig(codes, factors, bins=7)
    assert found.normalised == pytest.approx(known.score)
    np.testing.assert_allclose(found.gaps, known.gaps * found.entropies)


def test_no_active_latent_scores_0_and_a_lone_one_all_that_it_knows():
    assert rmig(np.ones((24, 2)), GRID).score == 0
    assert rmig(GRID[:, [1]].astype(float), GRID).score == pytest.approx(np.log(8) / 2)
