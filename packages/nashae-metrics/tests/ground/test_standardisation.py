"""Standardised features: known answers and ugly scales."""

import numpy as np
import pytest

from nashae_metrics.ground.standardisation import standardised


def test_the_rows_learnt_from_have_mean_0_and_deviation_1():
    rng = np.random.default_rng(0)
    learnt, others = rng.normal(3, 5, (50, 4)), rng.normal(size=(7, 4))
    found, told = standardised(learnt, others)
    np.testing.assert_allclose(found.mean(0), 0, atol=1e-14)
    np.testing.assert_allclose(found.std(0), 1)
    np.testing.assert_allclose(told, (others - learnt.mean(0)) / learnt.std(0))


def test_a_column_that_is_constant_where_it_is_learnt_is_0():
    found, told = standardised(np.full((3, 1), 0.1), np.array([[0.1], [7.0]]))
    assert not found.any()
    assert not told.any()


@pytest.mark.parametrize("scale", [1e-250, 1e-30, 1e30, 1e250])
def test_scale_does_not_matter(scale):
    learnt = np.random.default_rng(0).normal(size=(50, 2))
    expected, _ = standardised(learnt, learnt)
    for found in standardised(scale * learnt, scale * learnt):
        np.testing.assert_allclose(found, expected, atol=1e-12)


def test_float32_is_computed_in_float64():
    learnt = (1000 + np.random.default_rng(0).normal(size=(50, 2))).astype(np.float32)
    found, _ = standardised(learnt, learnt)
    expected, _ = standardised(learnt.astype(np.float64), learnt[:1].astype(np.float64))
    np.testing.assert_allclose(found, expected, atol=1e-12)
