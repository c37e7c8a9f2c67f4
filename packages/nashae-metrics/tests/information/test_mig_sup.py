"""MIG-sup against known answers, MIG and its invariances."""

import numpy as np
import pytest

from nashae_metrics.information.mig import mig
from nashae_metrics.information.mig_sup import mig_sup

GRID = np.stack(np.meshgrid(np.arange(3), np.arange(8), indexing="ij"), -1).reshape(-1, 2)


def test_one_factor_a_latent_is_1():
    assert mig_sup(GRID.astype(float), GRID).score == pytest.approx(1)


def test_copies_cost_nothing_and_noise_costs_its_share():
    codes = GRID[:, [0, 0, 1]].astype(float)
    assert mig_sup(codes, GRID).score == pytest.approx(1)
    twice = np.tile(GRID, (2, 1))
    noise = np.repeat([0.0, 1.0], 24)[:, None]
    found = mig_sup(np.hstack([twice.astype(float), noise]), twice)
    np.testing.assert_allclose(found.gaps, [1, 1, 0], atol=1e-12)
    assert found.score == pytest.approx(2 / 3)


def test_a_latent_that_mixes_two_factors_has_no_gap():
    found = mig_sup((GRID @ [1.0, 3.0])[:, None], GRID, bins=24)
    np.testing.assert_allclose(found.information, [[1, 1]])
    assert found.score == pytest.approx(0, abs=1e-12)


def test_shares_are_of_each_factors_own_entropy():
    """A latent of 4 values: all of one factor's 2, and 1 of the other's 3 bits."""
    factors = np.indices((2, 8)).reshape(2, -1).T
    codes = (2.0 * factors[:, 0] + factors[:, 1] // 4)[:, None]
    found = mig_sup(codes, factors)
    np.testing.assert_allclose(found.information, [[1, 1 / 3]])
    assert found.score == pytest.approx(2 / 3)


def test_it_is_mig_with_latents_and_factors_exchanged():
    """Where latents are classes as well, four of equal frequency: all entropies are log 4."""
    rng = np.random.default_rng(0)
    latents = np.column_stack([rng.permutation(np.arange(400) % 4) for _ in range(3)])
    factors = np.column_stack([rng.permutation(np.arange(400) % 4) for _ in range(3)])
    score = mig_sup(latents.astype(float), factors).score
    assert score == pytest.approx(mig(factors.astype(float), latents).score)
    assert score > 0


def test_a_lone_factor_has_no_second():
    assert mig_sup(GRID[:, [1]].astype(float), GRID[:, [1]]).score == pytest.approx(1)


def test_no_active_latent_scores_0():
    found = mig_sup(np.ones((24, 2)), GRID, rng=np.random.default_rng(0))
    assert (found.score, found.interval.low, found.interval.high) == (0, 0, 0)
    np.testing.assert_array_equal(found.gaps, [0, 0])
