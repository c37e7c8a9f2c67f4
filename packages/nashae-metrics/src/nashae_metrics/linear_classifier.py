"""The linear classifiers that metrics train on features."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float64, Int64

ADAGRAD_EPSILON = 1e-10


def adagrad_softmax(
    features: Float64[np.ndarray, "n m"],
    classes: Int64[np.ndarray, " n"],
    *,
    number: int,
    phases: Sequence[tuple[float, float]],
) -> Float64[np.ndarray, "number m+1"]:
    """Weights and, last, biases of a softmax learnt by one step of Adagrad on each point in turn.

    phases: pairs of a learning rate and the share of the points, in order, that a fresh Adagrad
    learns at that rate.
    """
    points = np.column_stack([features, np.ones(len(features))])
    targets = np.eye(number)[classes]
    # Differs from the paper: the authors' layer starts at random. The first steps of Adagrad are as
    # long as the learning rate, 1, so a start at 0 changes little and makes the points alone
    # decide.
    weights = np.zeros((number, points.shape[1]))
    ends = np.rint(np.cumsum([share for _, share in phases]) * len(points)).astype(int)
    for (rate, _), start, end in zip(phases, [0, *ends[:-1]], ends, strict=True):
        squares = np.zeros_like(weights)
        for point, target in zip(points[start:end], targets[start:end], strict=True):
            logits = weights @ point
            error = np.exp(logits - logits.max())
            error /= error.sum()
            error -= target
            gradient = error[:, None] * point
            squares += gradient * gradient
            weights -= rate * gradient / (np.sqrt(squares) + ADAGRAD_EPSILON)
    return weights


def softmax_classes(
    features: Float64[np.ndarray, "n m"], weights: Float64[np.ndarray, "number m+1"]
) -> Int64[np.ndarray, " n"]:
    """Class of the highest score for each point, the first among equals."""
    scores = features @ weights[:, :-1].T + weights[:, -1]
    classes: Int64[np.ndarray, " n"] = scores.argmax(1)
    return classes


def logistic_classes(
    features: Float64[np.ndarray, "n m"],
    classes: Int64[np.ndarray, " n"],
    others: Float64[np.ndarray, "n2 m"],
) -> tuple[Int64[np.ndarray, " n"], Int64[np.ndarray, " n2"]]:
    """Classes of the points learnt and of others by logistic regression (L2, C = 1)."""
    from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]

    # More iterations than scikit-learn's 100, so that features on unlike scales converge too.
    model = LogisticRegression(max_iter=1000).fit(features, classes)
    return model.predict(features), model.predict(others)
