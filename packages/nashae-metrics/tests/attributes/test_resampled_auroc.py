"""Resamples against the AUROC of the rows that a draw repeats."""

import numpy as np
import pytest

from nashae_metrics.attributes.auroc import rank_auroc
from nashae_metrics.attributes.grid_auroc import THRESHOLDS, resampled_grid_auroc
from nashae_metrics.attributes.resampled_auroc import EXACT_ROWS, resampled_auroc
from nashae_metrics.ground.intervals import Bootstrap, drawn_resamples


def example(n=300, dtype=np.float64):
    rng = np.random.default_rng(0)
    attributes = rng.random((n, 3)) < [0.1, 0.4, 0.8]
    codes = rng.normal(size=(n, 4)) + [2, 0.5, 0, 0] * attributes[:, [0, 1, 2, 2]]
    codes[:, 3] = np.round(codes[:, 3])  # ties
    return codes.astype(dtype), attributes


def draws(n, blocks, resamples=20):
    bootstrap = Bootstrap(resamples=resamples, method="percentile", blocks=blocks)
    return drawn_resamples(n, bootstrap, np.random.default_rng(1))[:2]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("blocks", [50, 1000])
def test_a_weight_counts_a_row_as_often(blocks, dtype):
    codes, attributes = example(dtype=dtype)
    numbers, weights = draws(len(codes), blocks)
    found = resampled_auroc(codes, attributes, numbers, weights)
    for area, weight in zip(found, weights, strict=True):
        rows = np.repeat(np.arange(len(codes)), weight[numbers].astype(int))
        expected = rank_auroc(codes[rows], attributes[rows])
        np.testing.assert_allclose(area, expected, rtol=0, atol=1e-12)


def test_equal_weights_give_the_auroc_in_both_forms():
    for n in (300, EXACT_ROWS + 1):
        codes, attributes = example(n)
        numbers, weights = np.arange(n) % 7, np.ones((1, 7))
        found = resampled_auroc(codes, attributes, numbers, weights)[0]
        np.testing.assert_allclose(found, rank_auroc(codes, attributes), rtol=0, atol=1e-12)


def test_the_first_order_has_the_spread_of_the_exact_resamples(monkeypatch):
    codes, attributes = example(EXACT_ROWS)
    numbers, weights = draws(len(codes), 200, resamples=100)
    exact = resampled_auroc(codes, attributes, numbers, weights)
    monkeypatch.setattr("nashae_metrics.attributes.resampled_auroc.EXACT_ROWS", 0)
    first = resampled_auroc(codes, attributes, numbers, weights)
    difference = np.abs(first - exact).max(0)
    assert (difference < 0.3 * exact.std(0)).all()


@pytest.mark.parametrize("resampled", [resampled_auroc, resampled_grid_auroc])
def test_a_draw_without_a_value_is_at_chance(resampled):
    codes, attributes = np.arange(4.0)[:, None], np.array([[0], [0], [1], [1]], dtype=bool)
    weights = np.array([[4.0, 0, 0, 0], [0, 0, 1, 3], [1, 1, 1, 1]])
    found = resampled(codes, attributes, np.arange(4), weights)[:, 0, 0]
    assert found[0] == found[1] == 0.5
    assert found[2] == 1.0


def test_a_weight_counts_a_row_of_the_grid_as_often():
    codes, attributes = example()
    numbers, weights = draws(len(codes), 1000)
    found = resampled_grid_auroc(codes, attributes, numbers, weights)
    latent = codes[:, 0]
    grid = np.linspace(latent.min(), latent.max(), THRESHOLDS)
    for area, weight in zip(found, weights, strict=True):
        rows = np.repeat(np.arange(len(codes)), weight[numbers].astype(int))
        called = latent[rows] >= grid[::-1, None]
        label = attributes[rows, 0]
        true, false = called[:, label].mean(1), called[:, ~label].mean(1)
        assert area[0, 0] == pytest.approx((true[1:] * np.diff(false)).sum())
