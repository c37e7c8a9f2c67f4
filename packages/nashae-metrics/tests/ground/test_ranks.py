import numpy as np
import pytest
from scipy.stats import rankdata

from nashae_metrics.ground.ranks import doubled_midranks, value_order


def test_ties_share_the_middle_of_their_places():
    codes = np.array([[3.0], [1.0], [1.0], [2.0], [1.0]])
    np.testing.assert_array_equal(doubled_midranks(codes), [[10, 4, 4, 8, 4]])  # 5, 2, 2, 4, 2


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("values", [1, 2, 5, 10**6])
def test_ranks_are_scipys(dtype, values):
    codes = np.random.default_rng(0).integers(values, size=(500, 4)).astype(dtype)
    np.testing.assert_array_equal(doubled_midranks(codes), 2 * rankdata(codes, axis=0).T)


def test_zero_has_no_sign():
    np.testing.assert_array_equal(doubled_midranks(np.array([[0.0], [-0.0]])), [[3, 3]])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_order_holds_at_the_ends_of_the_dtype(dtype):
    limits = np.finfo(dtype)
    values = [0.0, limits.smallest_subnormal, limits.tiny, 1.0, limits.max]
    ascending = np.array([-v for v in values[:0:-1]] + values, dtype=dtype)
    order = np.random.default_rng(0).permutation(len(ascending))
    ranks = doubled_midranks(ascending[order][:, None])[0]
    np.testing.assert_array_equal(ranks, 2 * (order + 1))


def test_float32_ranks_of_either_sign_are_scipys():
    codes = np.random.default_rng(0).normal(size=(5000, 3)).astype(np.float32).round(2)
    codes[:100] *= 0  # zeros of both signs
    np.testing.assert_array_equal(doubled_midranks(codes), 2 * rankdata(codes, axis=0).T)


def test_equal_values_keep_the_order_of_their_rows():
    order, starts = value_order(np.array([2, 1, 2, 1, -3], dtype=np.float32))
    np.testing.assert_array_equal(order, [4, 1, 3, 0, 2])
    np.testing.assert_array_equal(starts, [0, 1, 3])
