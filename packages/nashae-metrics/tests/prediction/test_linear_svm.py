"""The exact one-dimensional SVM against scikit-learn's LinearSVC and known answers."""

import numpy as np
import pytest
from sklearn.svm import LinearSVC

from nashae_metrics.prediction.linear_svm import fitted_lines, line_classes


def _case(seed):
    rng = np.random.default_rng(seed)
    n, size = int(rng.integers(20, 400)), int(rng.integers(2, 9))
    factor = np.concatenate([np.arange(size), rng.choice(size, n, p=rng.dirichlet(np.ones(size)))])
    latent = rng.normal() * 3 * factor + rng.normal(size=len(factor)) * rng.exponential(2)
    latent = np.round(latent, int(rng.integers(0, 4))) if seed % 3 == 0 else latent
    return latent * 10 ** rng.uniform(-1.5, 1.5) + rng.normal(), factor, size


@pytest.mark.parametrize("seed", range(60))
def test_weights_and_predictions_are_linear_svcs(seed):
    latent, factor, size = _case(seed)
    C = float(10 ** np.random.default_rng(seed).uniform(-3, 1))
    model = LinearSVC(C=C, class_weight="balanced", dual=False, tol=1e-12, max_iter=100_000)
    model.fit(latent[:, None], factor)
    (lines,) = fitted_lines(latent[:, None], factor[:, None], (size,), C=C)
    slopes, offsets = lines.slopes[0], lines.offsets[0]
    if size == 2:
        np.testing.assert_allclose(slopes, -slopes[::-1], rtol=1e-8, atol=1e-10)
        slopes, offsets = slopes[1:], offsets[1:]
    scale = np.abs(model.coef_).max() + np.abs(model.intercept_).max()
    np.testing.assert_allclose(slopes, model.coef_[:, 0], rtol=1e-5, atol=1e-6 * scale)
    np.testing.assert_allclose(offsets, model.intercept_, rtol=1e-5, atol=1e-6 * scale)
    predicted = line_classes(latent[:, None], lines)[:, 0]
    assert np.mean(predicted != model.predict(latent[:, None])) <= 0.01


@pytest.mark.parametrize("seed", range(20))
def test_the_gradient_of_the_objective_is_0(seed):
    latent, factor, size = _case(seed)
    (lines,) = fitted_lines(latent[:, None], factor[:, None], (size,))
    counts = np.bincount(factor, minlength=size)
    for c in range(size):
        sign = np.where(factor == c, 1.0, -1.0)
        own, rest = len(factor) / (size * counts[c]), 1.0
        if size == 2:
            rest = len(factor) / (size * counts[1 - c])
        cost = 0.01 * np.where(factor == c, own, rest)
        w, b = lines.slopes[0, c], lines.offsets[0, c]
        pull = 2 * cost * sign * np.maximum(0, 1 - sign * (w * latent + b))
        size_of_sums = np.abs(pull).sum() * (1 + np.abs(latent).max())
        assert abs(w - (pull * latent).sum()) < 1e-9 * size_of_sums
        assert abs(b - pull.sum()) < 1e-9 * size_of_sums


def test_two_points_by_hand():
    """z = ±1, C = 1: by symmetry b = 0, and ½w² + 2(1 - w)² is least at w = 4/5."""
    (lines,) = fitted_lines(np.array([[-1.0], [1.0]]), np.array([[0], [1]]), (2,), C=1.0)
    np.testing.assert_allclose(lines.slopes, [[-0.8, 0.8]], atol=1e-12)
    np.testing.assert_allclose(lines.offsets, [[0.0, 0.0]], atol=1e-12)


def test_many_latents_and_factors_at_once_are_those_one_by_one():
    rng = np.random.default_rng(0)
    codes, factors = rng.normal(size=(300, 3)), rng.integers(0, [4, 2, 5], (300, 3))
    together = fitted_lines(codes, factors, (4, 2, 5))
    for factor, size in enumerate((4, 2, 5)):
        for latent in range(3):
            (alone,) = fitted_lines(codes[:, [latent]], factors[:, [factor]], (size,))
            np.testing.assert_allclose(together[factor].slopes[[latent]], alone.slopes, atol=1e-9)
            np.testing.assert_allclose(together[factor].offsets[[latent]], alone.offsets, atol=1e-9)


def test_a_class_without_points_is_never_predicted():
    codes = np.random.default_rng(0).normal(size=(50, 1))
    factors = np.where(codes > 0, 3, 1)
    (lines,) = fitted_lines(codes, factors, (5,))
    assert set(line_classes(codes, lines).ravel()) <= {1, 3}


def test_a_lone_class_is_always_predicted():
    codes = np.random.default_rng(0).normal(size=(50, 2))
    (lines,) = fitted_lines(codes, np.full((50, 1), 2), (4,))
    assert (line_classes(codes, lines) == 2).all()


def test_a_constant_latent_predicts_the_commonest_of_many_classes():
    factors = np.repeat([0, 1, 2], [10, 30, 20])[:, None]
    codes = np.full((60, 1), 0.5)
    (lines,) = fitted_lines(codes, factors, (3,))
    assert (line_classes(codes, lines) == 1).all()


def test_a_huge_offset_leaves_finite_lines():
    rng = np.random.default_rng(0)
    (lines,) = fitted_lines(1e8 + rng.normal(size=(100, 1)), rng.integers(0, 3, (100, 1)), (3,))
    assert np.isfinite(lines.slopes).all()
    assert np.isfinite(lines.offsets).all()


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("C", [1e-4, 1e2, 1e5])
def test_outliers_far_beyond_the_rest_do_not_stop_it(seed, C):
    rng = np.random.default_rng(seed)
    factors = np.repeat([0, 1, 2], [20, 8, 4])[:, None]
    codes = rng.normal(size=(32, 1)) * np.exp(rng.normal(size=(32, 1)) * 10)
    (lines,) = fitted_lines(codes, factors, (3,), C=C)
    assert np.isfinite(lines.slopes).all()
    assert np.isfinite(lines.offsets).all()


@pytest.mark.parametrize("scale", [1e90, 1e200, 1e300])
def test_a_slope_turns_with_the_scale_where_its_penalty_is_nothing(scale):
    rng = np.random.default_rng(0)
    codes, factors = rng.normal(size=(100, 1)) * 1e50, rng.integers(0, 3, (100, 1))
    (expected,) = fitted_lines(codes, factors, (3,))
    (lines,) = fitted_lines(codes / 1e50 * scale, factors, (3,))
    np.testing.assert_allclose(lines.slopes * scale, expected.slopes * 1e50, rtol=1e-6)
    np.testing.assert_allclose(lines.offsets, expected.offsets, rtol=1e-6)


def test_a_latent_that_hardly_moves_predicts_the_commonest_class():
    factors = np.repeat([0, 1, 2], [10, 30, 20])[:, None]
    codes = 1e-250 * np.random.default_rng(0).normal(size=(60, 1))
    (lines,) = fitted_lines(codes, factors, (3,))
    assert (line_classes(codes, lines) == 1).all()
