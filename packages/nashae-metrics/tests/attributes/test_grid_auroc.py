"""The grid is biased; the cases here are worked by hand from its definition.

With z in {0, 1} the grid's points are (1, 1) at the threshold 0 and (FPR, TPR) at the hundred
others, so the right sum is (1 - FPR)·1, while the exact area is ½ + (TPR - FPR)/2. Of the other
direction they are (0, 0) and (1 - FPR, 1 - TPR), with the sum (1 - FPR)·(1 - TPR), never more.
"""

import numpy as np
import pytest

from nashae_metrics import auroc
from nashae_metrics.attributes.grid_auroc import grid_auroc


def plain_loop(latent, label):
    """The notebook's way, one pair at a time: two right sums, not one and what it leaves of 1."""
    shares = np.linspace(0, 1, 101, dtype=np.float32).astype(latent.dtype)
    sums = []
    for call in (np.greater_equal, np.less):
        true, false = [], []
        for threshold in shares * (latent.max() - latent.min()) + latent.min():
            called = call(latent, threshold)
            true.append(called[label].mean())
            false.append(called[~label].mean())
        true, false = np.sort(true), np.sort(false)
        sums.append(sum(true[i + 1] * (false[i + 1] - false[i]) for i in range(100)))
    return max(sums)


def trapezoid(latent, label):
    """The same grid with the mean of both ends of each step, and the corner (0, 0)."""
    grid = np.linspace(latent.min(), latent.max(), 101)[::-1]
    called = latent >= grid[:, None]
    true = np.array([0.0, *called[:, label].mean(1)])
    false = np.array([0.0, *called[:, ~label].mean(1)])
    area = ((true[1:] + true[:-1]) / 2 * np.diff(false)).sum()
    return max(area, 1 - area)


def binary(positives, true, negatives, false):
    """A binary latent that is 1 in so many of the positives and of the negatives."""
    latent = np.repeat([1.0, 0.0, 1.0, 0.0], [true, positives - true, false, negatives - false])
    return latent[:, None], np.repeat([True, False], [positives, negatives])[:, None]


def test_a_binary_latent_scores_846_for_783():
    codes, attributes = binary(100, 72, 500, 77)  # TPR .72, FPR .154
    np.testing.assert_allclose(auroc(codes, attributes), 0.5 + (0.72 - 0.154) / 2)
    np.testing.assert_allclose(auroc(codes, attributes), 0.783)
    np.testing.assert_allclose(grid_auroc(codes, attributes), 0.846)


def test_an_uninformative_latent_at_its_minimum_scores_911_for_515():
    codes, attributes = binary(1000, 119, 1000, 89)  # 208 of 2000 samples above the minimum
    np.testing.assert_allclose(auroc(codes, attributes), 0.515)
    np.testing.assert_allclose(grid_auroc(codes, attributes), 0.911)


def test_a_latent_saturated_at_its_maximum_scores_09_for_51():
    codes, attributes = binary(100, 93, 100, 91)
    # FPR .91: the sum is .09, and that of the other direction .09·.07.
    np.testing.assert_allclose(auroc(codes, attributes), 0.51)
    np.testing.assert_allclose(grid_auroc(codes, attributes), 0.09)


def test_a_perfect_detector_that_is_low_for_the_attribute_scores_0():
    codes, attributes = binary(100, 0, 100, 100)
    np.testing.assert_array_equal(auroc(codes, attributes), 1)
    np.testing.assert_array_equal(grid_auroc(codes, attributes), 0)
    np.testing.assert_array_equal(grid_auroc(-codes, attributes), 1)


def test_thresholds_between_other_extremes_miss_what_lies_outside():
    # (FPR, TPR) is (.25, .75) at the thresholds above .4 and (.75, 1) at the others: the code .2 is
    # below them all.
    codes = np.array([[0.2], [0.4], [0.4], [0.9], [0.4], [0.9], [0.9], [0.9]])
    attributes = np.repeat([[False], [True]], 4, axis=0)
    extremes = np.array([[0.3], [0.8]])
    # Rising: 1·(.75 - .25). Falling, of (.25, 0) and (.75, .25): .25·.5.
    np.testing.assert_allclose(grid_auroc(codes, attributes, extremes), 0.5)
    assert grid_auroc(codes, attributes)[0, 0] > 0.7


def outlier_case(outlier):
    negatives = [*np.arange(8) / 10, 1.5, 2.5]
    positives = [*np.arange(11, 20) / 10, outlier]
    codes = np.array([*negatives, *positives])[:, None]
    return codes, np.repeat([False, True], 10)[:, None]


def test_one_outlier_scores_910_for_865():
    # Of 100 pairs: nine positives beat the eight low negatives, 72; the negative at 1.5 is beaten
    # by four and tied with one, 4.5; the one at 2.5 by none; the outlier beats all, 10.
    codes, attributes = outlier_case(100.0)
    np.testing.assert_allclose(auroc(codes, attributes), (72 + 4.5 + 10) / 100)
    # The outlier makes the thresholds 0, 1, 2, ... so that all nine stand level with 1.5, and the
    # upper end of a step gives a level pair to the positive: 72 + 9 + 10.
    np.testing.assert_allclose(grid_auroc(codes, attributes), 0.91)


def test_without_the_outlier_the_grid_is_fine_enough():
    codes, attributes = outlier_case(2.6)
    np.testing.assert_allclose(auroc(codes, attributes), 0.865)
    np.testing.assert_allclose(grid_auroc(codes, attributes), (72 + 5 + 10) / 100)


def test_the_bias_is_the_sums_not_the_grids():
    rng = np.random.default_rng(0)
    label = rng.random(1000) < 0.3
    for shift in (0.0, 0.5, 1.5):
        latent = rng.normal(size=1000) + shift * label
        exact = auroc(latent[:, None], label[:, None])[0, 0]
        assert abs(trapezoid(latent, label) - exact) <= 0.002
        assert grid_auroc(latent[:, None], label[:, None])[0, 0] > exact


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_all_pairs_at_once_equal_the_plain_loop(dtype):
    rng = np.random.default_rng(1)
    codes = np.column_stack(
        [
            rng.random(300),
            rng.normal(size=300) ** 3,
            rng.integers(3, size=300),
            np.maximum(rng.normal(size=300), 1.0),
            np.minimum(rng.normal(size=300), -1.0),
        ]
    ).astype(dtype)
    attributes = rng.random((300, 4)) < [0.02, 0.3, 0.5, 0.9]
    attributes[0], attributes[1] = True, False
    expected = [[plain_loop(z, label) for label in attributes.T] for z in codes.T]
    np.testing.assert_allclose(grid_auroc(codes, attributes), expected, rtol=0, atol=1e-12)


def test_a_constant_latent_has_chance():
    np.testing.assert_array_equal(grid_auroc(np.ones((2, 1)), np.array([[False], [True]])), [[0.5]])
