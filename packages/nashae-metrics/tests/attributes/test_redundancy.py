"""Information of binary attributes against scikit-learn and tables worked by hand."""

import numpy as np
from sklearn.metrics import mutual_info_score

from nashae_metrics.attributes.redundancy import binary_mutual_information, redundancy

FOUR = np.array([[0, 0, 0], [0, 1, 1], [1, 0, 1], [1, 1, 0]], dtype=bool)


def test_independent_coins_share_nothing_and_each_has_log_2():
    np.testing.assert_allclose(
        binary_mutual_information(FOUR), np.log(2) * np.eye(3), rtol=0, atol=1e-15
    )


def test_scikit_learn_agrees_on_every_pair():
    rng = np.random.default_rng(0)
    attributes = rng.random((500, 6)) < [0.01, 0.1, 0.3, 0.5, 0.9, 0.99]
    attributes[0], attributes[1] = True, False
    attributes = np.column_stack([attributes, ~attributes[:, 2], attributes[:, 3]])
    expected = [[mutual_info_score(a, b) for b in attributes.T] for a in attributes.T]
    np.testing.assert_allclose(binary_mutual_information(attributes), expected, rtol=0, atol=1e-14)


def test_redundancy_by_hand():
    # A copy removes all of an attribute's entropy, independent coins none.
    copied = np.column_stack([FOUR[:, 0], FOUR[:, 1], ~FOUR[:, 0]])
    np.testing.assert_allclose(redundancy(copied), [1, 0, 1], rtol=0, atol=1e-15)
    assert redundancy(copied).max() <= 1


def test_redundancy_is_a_share_of_the_own_entropy():
    # a: 1 of 4, b: 2 of 4, a within b. I(a, b) = H(a) + H(b) - H(a, b).
    attributes = np.array([[1, 1], [0, 1], [0, 0], [0, 0]], dtype=bool)
    a = -(0.25 * np.log(0.25) + 0.75 * np.log(0.75))
    b = np.log(2)
    both = -(0.5 * np.log(0.25) + 0.5 * np.log(0.5))
    shared = a + b - both
    np.testing.assert_allclose(redundancy(attributes), [shared / a, shared / b])


def test_a_lone_attribute_is_not_redundant():
    np.testing.assert_array_equal(redundancy(FOUR[:, :1]), [0])
