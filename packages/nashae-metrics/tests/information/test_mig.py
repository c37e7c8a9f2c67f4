"""MIG against known answers, invariances and its protocols."""

import numpy as np
import pytest

from nashae_metrics.information.mig import mig

GRID = np.stack(np.meshgrid(np.arange(3), np.arange(8), indexing="ij"), -1).reshape(-1, 2)


def noisy():
    rng = np.random.default_rng(1)
    factors = rng.integers(0, [3, 8], (600, 2))
    return factors + 0.3 * rng.normal(size=factors.shape), factors


def test_one_latent_a_factor_is_1():
    assert mig(GRID.astype(float), GRID).score == pytest.approx(1.0)


def test_two_latents_with_the_same_factor_have_no_gap():
    codes = GRID[:, [0, 0, 1]].astype(float)
    np.testing.assert_allclose(mig(codes, GRID).gaps, [0.0, 1.0], atol=1e-12)


def test_a_bin_count_below_the_values_costs_by_hand():
    """Eight values in four bins leave 2 of 3 bits."""
    found = mig(GRID[:, [1]].astype(float), GRID[:, [1]], bins=4)
    assert found.score == pytest.approx(2 / 3)
    assert found.entropies[0] == pytest.approx(np.log(8))
    assert found.bins == 4


def test_no_active_latent_scores_0_and_a_lone_one_its_share():
    assert mig(np.ones((24, 2)), GRID).score == 0
    assert mig(GRID.astype(float), GRID, active=np.zeros(2, dtype=bool)).score == 0
    assert mig(GRID[:, [0]].astype(float), GRID).score == pytest.approx(0.5)


def test_the_published_protocol_draws_10000_rows():
    codes, factors = (np.tile(array, (20, 1)) for array in noisy())
    found = mig(codes, factors, protocol="locatello2019", rng=np.random.default_rng(3))
    assert (found.samples, found.protocol, found.seed) == (10_000, "locatello2019", 3)
    with pytest.raises(ValueError, match="'locatello2019' takes 10000 samples; got 600"):
        mig(*noisy(), protocol="locatello2019", rng=np.random.default_rng(3))
    with pytest.raises(ValueError, match="give rng="):
        mig(codes, factors, protocol="locatello2019")
    with pytest.raises(ValueError, match=r"protocol must be one of .*; got 'chen'"):
        mig(codes, factors, protocol="chen")
