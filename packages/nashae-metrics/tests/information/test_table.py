"""Entropy and mutual information against scikit-learn and scipy."""

import numpy as np
import pytest
from scipy.stats import entropy
from sklearn.metrics import mutual_info_score

from nashae_metrics.ground.intervals import BOOTSTRAP, Resamples
from nashae_metrics.ground.reductions import shares, two_best
from nashae_metrics.information import table
from nashae_metrics.information.table import BinnedCodes, equal_width_bins


def test_the_information_is_scikit_learns():
    rng = np.random.default_rng(0)
    codes, factors = rng.normal(size=(500, 4)), rng.integers(0, [3, 7], (500, 2))
    found = BinnedCodes(codes, 20).information(factors, [3, 7])
    binned = equal_width_bins(codes, 20)
    expected = [[mutual_info_score(z, v) for v in factors.T] for z in binned.T]
    np.testing.assert_allclose(found.mutual, expected, rtol=0, atol=1e-13)
    np.testing.assert_allclose(found.codes, [entropy(np.bincount(z)) for z in binned.T])
    np.testing.assert_allclose(found.factors, [entropy(np.bincount(v)) for v in factors.T])


def test_the_information_between_latents_is_scikit_learns():
    codes = np.random.default_rng(0).normal(size=(300, 4)) @ np.triu(np.ones((4, 4)))
    between = BinnedCodes(codes, 10).between()
    binned = equal_width_bins(codes, 10)
    expected = [[mutual_info_score(x, y) for y in binned.T] for x in binned.T]
    np.testing.assert_allclose(between, expected, rtol=0, atol=1e-13)
    np.testing.assert_array_equal(between, between.T)


def test_a_draw_is_the_table_with_its_blocks_repeated():
    rng = np.random.default_rng(1)
    codes, factors = rng.normal(size=(60, 3)), rng.integers(0, [2, 5], (60, 2))
    blocks = rng.integers(0, 8, 60)
    blocks[:8] = np.arange(8)
    weights = rng.integers(0, 3, (4, 8)).astype(float)
    binned = BinnedCodes(codes, 6)
    resamples = Resamples(blocks, weights, BOOTSTRAP)
    drawn = binned.information(factors, [2, 5], resamples)
    between = binned.between(resamples)
    for draw, weight in enumerate(weights):
        rows = np.repeat(np.arange(60), weight[blocks].astype(int))
        again = BinnedCodes(codes, 6)
        again.numbers = binned.numbers[rows]
        expected = again.information(factors[rows], [2, 5])
        for part, whole in zip(drawn[:3], expected[:3], strict=True):
            np.testing.assert_allclose(part[draw], whole, rtol=0, atol=1e-12)
        np.testing.assert_allclose(between[draw], again.between(), rtol=0, atol=1e-12)


@pytest.mark.parametrize("drawn", [False, True])
def test_tables_too_large_for_memory_are_counted_in_parts(drawn, monkeypatch):
    rng = np.random.default_rng(2)
    codes, factor = rng.normal(size=(200, 2)), rng.permutation(200)[:, None]
    weights = rng.integers(1, 3, (5, 7)).astype(float)
    resamples = Resamples(np.arange(200) % 7, weights, BOOTSTRAP) if drawn else None
    binned = BinnedCodes(codes, 20)
    whole = binned.information(factor, [200], resamples)
    monkeypatch.setattr(table, "LARGEST_TABLE", 50)
    for part, expected in zip(binned.information(factor, [200], resamples), whole, strict=True):
        np.testing.assert_allclose(part, expected, rtol=0, atol=1e-12)


def test_what_is_independent_has_exactly_no_information():
    """Rounding would leave 1e-16, of which ratios could be taken."""
    grid = np.indices((3, 7, 11)).reshape(3, -1).T
    found = BinnedCodes(grid[:, [0, 1]].astype(float), 20).information(grid[:, [2]], [11])
    np.testing.assert_array_equal(found.mutual, 0)
    constant = BinnedCodes(np.ones((77, 1)), 20).information(np.zeros((77, 1), dtype=int), [1])
    assert constant.codes[0] == constant.factors[0] == constant.mutual[0, 0] == 0


def test_no_latents_leave_the_entropies_of_the_factors():
    found = BinnedCodes(np.empty((4, 0)), 20).information(np.array([[0], [0], [1], [1]]), [2])
    assert found.mutual.shape == (0, 1)
    assert found.factors[0] == pytest.approx(np.log(2))
    assert BinnedCodes(np.empty((4, 0)), 20).between().shape == (0, 0)


def test_fewer_than_two_bins_are_refused():
    with pytest.raises(ValueError, match="bins must be 2 or more; got 1"):
        BinnedCodes(np.ones((4, 1)), 1)


def test_the_bins_are_numpys():
    codes = np.random.default_rng(0).normal(size=(300, 1))
    counts, _ = np.histogram(codes, bins=20)
    np.testing.assert_array_equal(np.bincount(equal_width_bins(codes, 20)[:, 0]), counts)


def test_bins_of_a_lattice_by_hand():
    """Each edge belongs to the upper bin, except the last."""
    codes = np.arange(9.0)[:, None]
    np.testing.assert_array_equal(equal_width_bins(codes, 4)[:, 0], [0, 0, 1, 1, 2, 2, 3, 3, 3])
    np.testing.assert_array_equal(equal_width_bins(np.full((3, 1), 7.0), 4), 0)


@pytest.mark.parametrize("scale", [0.1, 1 / 3, 7.3, 1e-300, 1e300])
@pytest.mark.parametrize("offset", [0.0, 0.7, -1e6])
def test_neither_scale_nor_offset_moves_a_code_from_the_edge_of_its_bin(scale, offset):
    codes = np.arange(21.0)[:, None]
    moved = (codes + offset) * scale
    np.testing.assert_array_equal(equal_width_bins(moved, 20), equal_width_bins(codes, 20))


def test_an_offset_that_swallows_most_digits_leaves_the_bins():
    codes = np.random.default_rng(0).normal(size=(2000, 1))
    shifted = (codes + 1e8) - 1e8  # the digits that are left
    np.testing.assert_array_equal(
        equal_width_bins(shifted + 1e8, 20), equal_width_bins(shifted, 20)
    )


def test_float32_codes_have_the_bins_of_the_same_numbers_in_float64():
    codes = np.random.default_rng(0).normal(size=(2000, 3)).astype(np.float32)
    np.testing.assert_array_equal(
        equal_width_bins(codes, 20), equal_width_bins(codes.astype(np.float64), 20)
    )


def test_the_two_best_are_by_column_and_missing_ones_are_0():
    best, second = two_best(np.array([[1.0, 0.5], [3.0, 0.5], [2.0, 0.1]]))
    np.testing.assert_array_equal(best, [3, 0.5])
    np.testing.assert_array_equal(second, [2, 0.5])
    best, second = two_best(np.array([[[0.4]], [[0.2]]]))  # two draws of one latent
    np.testing.assert_array_equal(best, [[0.4], [0.2]])
    np.testing.assert_array_equal(second, [[0], [0]])
    best, second = two_best(np.empty((0, 2)))
    np.testing.assert_array_equal([best, second], np.zeros((2, 2)))


def test_the_share_of_no_entropy_is_0():
    np.testing.assert_array_equal(shares(np.array([1.0, 0.0]), np.array([2.0, 0.0])), [0.5, 0])
