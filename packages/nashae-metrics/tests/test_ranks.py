import numpy as np
import pytest
from scipy.stats import rankdata

from nashae_metrics.ranks import doubled_midranks


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
