"""Standardised features: known answers and ugly scales."""

import numpy as np
import pytest

from nashae_metrics.ground.standardisation import standardised


def test_the_train_rows_have_mean_0_and_deviation_1():
    rng = np.random.default_rng(0)
    train, test = rng.normal(3, 5, (50, 4)), rng.normal(size=(7, 4))
    trained, tested = standardised(train, test)
    np.testing.assert_allclose(trained.mean(0), 0, atol=1e-14)
    np.testing.assert_allclose(trained.std(0), 1)
    np.testing.assert_allclose(tested, (test - train.mean(0)) / train.std(0))


def test_a_column_that_is_constant_in_the_train_rows_is_0():
    trained, tested = standardised(np.full((3, 1), 0.1), np.array([[0.1], [7.0]]))
    assert not trained.any()
    assert not tested.any()


@pytest.mark.parametrize("scale", [1e-250, 1e-30, 1e30, 1e250])
def test_scale_does_not_matter(scale):
    train = np.random.default_rng(0).normal(size=(50, 2))
    expected, _ = standardised(train, train)
    for trained in standardised(scale * train, scale * train):
        np.testing.assert_allclose(trained, expected, atol=1e-12)


def test_float32_is_computed_in_float64():
    train = (1000 + np.random.default_rng(0).normal(size=(50, 2))).astype(np.float32)
    trained, _ = standardised(train, train)
    expected, _ = standardised(train.astype(np.float64), train[:1].astype(np.float64))
    np.testing.assert_allclose(trained, expected, atol=1e-12)
