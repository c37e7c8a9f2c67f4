"""The linear classifiers of the β-VAE metric."""

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np
from jaxtyping import Float64, Int64

from nashae_metrics.ground.scikit_learn import logistic_regression

ADAGRAD_EPSILON = 1e-10


def adagrad_softmax(
    features: Float64[np.ndarray, "n m"],
    classes: Int64[np.ndarray, " n"],
    *,
    number: int,
    phases: Sequence[tuple[float, float]],
    passes: int = 1,
) -> Float64[np.ndarray, "number m+1"]:
    """Weights and, last, biases of a softmax trained by one step of Adagrad on each point in turn.

    phases: pairs of a learning rate and the share of the points, in order, that a fresh Adagrad is
    trained on at that rate. passes: how often each phase goes over its points. About 7 µs a step.
    """
    points = np.column_stack([features, np.ones(len(features))])
    targets = classes.tolist()
    # Differs from the paper: the authors' layer starts at random. The first steps of Adagrad are as
    # long as the learning rate, so a start at 0 changes little, and the points alone decide.
    weights = np.zeros((number, points.shape[1]))
    ends = np.rint(np.cumsum([share for _, share in phases]) * len(points)).astype(int)
    for (rate, _), start, end in zip(phases, [0, *ends[:-1]], ends, strict=True):
        squares = np.zeros_like(weights)
        for _ in range(passes):
            _adagrad_pass(weights, squares, points[start:end], targets[start:end], rate)
    return weights


def _adagrad_pass(
    weights: Float64[np.ndarray, "number width"],
    squares: Float64[np.ndarray, "number width"],
    points: Float64[np.ndarray, "n width"],
    targets: list[int],
    rate: float,
) -> None:
    """Step on each point, changing `weights` and `squares` in place."""
    # The arrays are so small that a call costs more than its arithmetic: results go into buffers,
    # and the softmax of a few numbers is fastest in plain Python.
    gradient, step = np.empty_like(weights), np.empty_like(weights)
    error = np.empty((len(weights), 1))
    flat = error[:, 0]
    dot, exp, multiply = np.dot, math.exp, np.multiply
    for point, target in zip(points, targets, strict=True):
        logits = dot(weights, point).tolist()
        top = max(logits)
        errors = [exp(logit - top) for logit in logits]
        total = sum(errors)
        errors = [share / total for share in errors]
        errors[target] -= 1.0
        flat[:] = errors
        multiply(error, point, gradient)
        multiply(gradient, gradient, step)
        np.add(squares, step, squares)
        np.sqrt(squares, step)
        np.add(step, ADAGRAD_EPSILON, step)
        np.divide(gradient, step, step)
        multiply(step, rate, step)
        np.subtract(weights, step, weights)


def softmax_classes(
    features: Float64[np.ndarray, "n m"], weights: Float64[np.ndarray, "number m+1"]
) -> Int64[np.ndarray, " n"]:
    """The class of the highest score of each point, the first among equals."""
    scores = features @ weights[:, :-1].T + weights[:, -1]
    classes: Int64[np.ndarray, " n"] = scores.argmax(1)
    return classes


def logistic_classes(
    features: Float64[np.ndarray, "n m"],
    classes: Int64[np.ndarray, " n"],
    test: Float64[np.ndarray, "n2 m"],
    *,
    kind: Literal["multinomial", "one-vs-rest"] = "multinomial",
) -> tuple[Int64[np.ndarray, " n"], Int64[np.ndarray, " n2"]]:
    """Train logistic regression; predict the training and the test points.

    A single training class is predicted for all.
    """
    if (classes == classes[0]).all():
        return np.full(len(features), classes[0]), np.full(len(test), classes[0])
    model = logistic_regression(features, classes, kind)
    return model.predict(features), model.predict(test)
