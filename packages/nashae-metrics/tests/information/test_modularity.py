"""Modularity against known answers and its invariances."""

import numpy as np
import pytest

from nashae_metrics.information.modularity import modularity

GRID = np.stack(np.meshgrid(np.arange(3), np.arange(8), indexing="ij"), -1).reshape(-1, 2)


def test_one_factor_a_latent_is_1_copies_too():
    assert modularity(GRID.astype(float), GRID).score == pytest.approx(1)
    assert modularity(GRID[:, [0, 0, 1]].astype(float), GRID).score == pytest.approx(1)


def test_a_latent_that_knows_all_factors_alike_has_0():
    factors = np.indices((4, 4)).reshape(2, -1).T
    assert modularity((factors @ [1.0, 4.0])[:, None], factors).score == pytest.approx(0)


def test_the_squares_of_bits_by_hand():
    """3 bits of one factor, 1 of the next, 0 of the last: 1 - (1 + 0)/(9 · 2)."""
    factors = np.indices((8, 4, 2)).reshape(3, -1).T
    codes = (2.0 * factors[:, 0] + factors[:, 1] // 2)[:, None]
    found = modularity(codes, factors)
    np.testing.assert_allclose(found.information[0] / np.log(2), [3, 1, 0], atol=1e-12)
    assert found.score == pytest.approx(17 / 18)


def test_an_active_latent_that_knows_nothing_has_0_and_is_named():
    twice = np.tile(GRID, (2, 1))
    noise = np.repeat([0.0, 1.0], 24)[:, None]
    found = modularity(np.hstack([twice.astype(float), noise, 0 * noise]), twice)
    np.testing.assert_allclose(found.modularities, [1, 1, 0, 0])
    np.testing.assert_array_equal(found.informed, [True, True, False, False])
    np.testing.assert_array_equal(found.active, [True, True, True, False])
    assert found.score == pytest.approx(2 / 3)


def test_a_lone_factor_has_no_others():
    assert modularity(GRID[:, [1]].astype(float), GRID[:, [1]]).score == 1
    assert modularity(GRID[:, [0]].astype(float), GRID[:, [1]]).score == 0


def test_no_active_latent_scores_0():
    found = modularity(np.ones((24, 2)), GRID, rng=np.random.default_rng(0))
    assert (found.score, found.interval.low, found.interval.high) == (0, 0, 0)
    assert not found.informed.any()


def noisy(rows=600):
    rng = np.random.default_rng(1)
    factors = rng.integers(0, [3, 8], (rows, 2))
    return factors @ [[1.0, 0.5], [0.0, 1.0]] + 0.3 * rng.normal(size=(rows, 2)), factors
