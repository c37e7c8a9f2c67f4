"""DCIMIG against known answers and its invariances."""

import numpy as np
import pytest

from nashae_metrics.information.dcimig import dcimig

GRID = np.stack(np.meshgrid(np.arange(3), np.arange(8), indexing="ij"), -1).reshape(-1, 2)


def test_one_latent_a_factor_is_1():
    found = dcimig(GRID.astype(float), GRID)
    assert found.score == pytest.approx(1)
    np.testing.assert_allclose(found.best, [np.log(3), np.log(8)])


def test_copies_cost_nothing():
    assert dcimig(GRID[:, [0, 1, 0, 1]].astype(float), GRID).score == pytest.approx(1)


def test_a_factor_without_a_latent_costs_its_entropy():
    found = dcimig(GRID[:, [0]].astype(float), GRID)
    assert found.score == pytest.approx(np.log(3) / (np.log(3) + np.log(8)))
    np.testing.assert_allclose(found.best, [np.log(3), 0])


def test_what_a_latent_knows_of_a_second_factor_is_taken_off_by_hand():
    """Bits: all 3 of one factor, 1 of the 2 of another: a gap of 2 of 5 bits."""
    factors = np.indices((8, 4)).reshape(2, -1).T
    codes = (2.0 * factors[:, 0] + factors[:, 1] // 2)[:, None]
    found = dcimig(codes, factors)
    np.testing.assert_allclose(found.gaps, [[2 * np.log(2), 0]])
    assert found.score == pytest.approx(2 / 5)


def test_a_latent_counts_at_its_best_factor_alone_by_information_not_share():
    """1 of 1 bit here, 2 of 3 bits there: the best is where there are more bits."""
    factors = np.indices((2, 8)).reshape(2, -1).T
    codes = (4.0 * factors[:, 0] + factors[:, 1] // 2)[:, None]
    np.testing.assert_allclose(dcimig(codes, factors).gaps, [[0, np.log(2)]], atol=1e-12)


def test_two_factors_known_alike_have_no_gap():
    factors = np.indices((4, 4)).reshape(2, -1).T
    assert dcimig((factors @ [1.0, 4.0])[:, None], factors).score == 0


def test_a_lone_factor_has_no_second():
    assert dcimig(GRID[:, [1]].astype(float), GRID[:, [1]]).score == pytest.approx(1)


def test_no_active_latent_scores_0():
    found = dcimig(np.ones((24, 2)), GRID, rng=np.random.default_rng(0))
    assert (found.score, found.interval.low, found.interval.high) == (0, 0, 0)
    np.testing.assert_array_equal(found.best, [0, 0])
