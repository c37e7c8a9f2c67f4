"""MIG against scikit-learn, known answers and invariances."""

import numpy as np
import pytest
from sklearn.metrics import mutual_info_score

from nashae_metrics import mig
from nashae_metrics.mutual_information import binned_information, equal_width_bins

GRID = np.stack(np.meshgrid(np.arange(3), np.arange(8), indexing="ij"), -1).reshape(-1, 2)


def test_the_information_is_scikit_learns():
    rng = np.random.default_rng(0)
    codes, factors = rng.normal(size=(500, 4)), rng.integers(0, [3, 7], (500, 2))
    binned = equal_width_bins(codes, 20)
    expected = [[mutual_info_score(z, v) for v in factors.T] for z in binned.T]
    np.testing.assert_allclose(binned_information(codes, factors, 20), expected, atol=1e-13)


def test_the_bins_are_numpys():
    codes = np.random.default_rng(0).normal(size=(300, 1))
    counts, _ = np.histogram(codes, bins=20)
    np.testing.assert_array_equal(np.bincount(equal_width_bins(codes, 20)[:, 0]), counts)


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


def test_neither_order_sign_scale_nor_dead_latents_change_it():
    rng = np.random.default_rng(1)
    codes = GRID + 0.3 * rng.normal(size=GRID.shape)
    score = mig(codes, GRID).score
    dead = np.full((len(codes), 1), 7.0)
    changed = np.hstack([dead, 4.0 * codes[:, [1]], dead, codes[:, [0]]])
    assert mig(changed, GRID).score == pytest.approx(score, abs=1e-12)
    # A sign turns the bins round: codes that lie within them, not on their edges, stay in them.
    whole = GRID.astype(float)
    assert mig(-whole, GRID).score == pytest.approx(mig(whole, GRID).score, abs=1e-12)


def test_no_active_latent_scores_0():
    assert mig(np.ones((24, 2)), GRID).score == 0
    assert mig(GRID.astype(float), GRID, active=np.zeros(2, dtype=bool)).score == 0


@pytest.mark.parametrize(
    ("codes", "factors", "bins", "text"),
    [
        (np.full((24, 1), np.nan), GRID, 20, "codes must be finite"),
        (np.ones((24, 1)), GRID * [1, 0], 20, "factors column 1 is constant"),
        (np.ones((24, 1)), GRID[:5], 20, "as many rows as codes"),
        (np.ones((24, 1)), GRID, 1, "bins must be at least 2, got 1"),
    ],
)
def test_bad_input_is_refused(codes, factors, bins, text):
    with pytest.raises(ValueError, match=text):
        mig(codes, factors, bins=bins)
