import math

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from nashae_metrics.intervention.linear_classifier import (
    adagrad_softmax,
    logistic_classes,
    softmax_classes,
)


def plain(features, classes, number, phases):
    """Softmax by Adagrad in plain numbers, as torch.optim.Adagrad has it."""
    width = len(features[0]) + 1
    weights = [[0.0] * width for _ in range(number)]
    start = 0
    for rate, share in phases:
        squares = [[0.0] * width for _ in range(number)]
        end = start + round(share * len(features))
        for point, target in zip(features[start:end], classes[start:end], strict=True):
            extended = [*point, 1.0]
            logits = [sum(w * x for w, x in zip(row, extended, strict=True)) for row in weights]
            total = sum(math.exp(logit - max(logits)) for logit in logits)
            for c in range(number):
                error = math.exp(logits[c] - max(logits)) / total - (c == target)
                for j, x in enumerate(extended):
                    squares[c][j] += (error * x) ** 2
                    weights[c][j] -= rate * error * x / (math.sqrt(squares[c][j]) + 1e-10)
        start = end
    return weights


def test_the_first_step_is_the_learning_rate_long():
    weights = adagrad_softmax(
        np.array([[3.0, 0.0, -0.5]]), np.array([1]), number=2, phases=((0.5, 1.0),)
    )
    # A gradient of any size moves a weight by the rate, and one of 0 by nothing.
    np.testing.assert_allclose(weights, [[-0.5, 0, 0.5, -0.5], [0.5, 0, -0.5, 0.5]])


@pytest.mark.parametrize("phases", [((1.0, 1.0),), ((1.0, 0.9), (0.05, 0.1))])
def test_the_arrays_step_as_plain_numbers_do(phases):
    rng = np.random.default_rng(0)
    features, classes = rng.random((60, 4)), rng.integers(3, size=60)
    np.testing.assert_allclose(
        adagrad_softmax(features, classes, number=3, phases=phases),
        plain(features.tolist(), classes.tolist(), 3, phases),
        rtol=1e-10,
    )


def test_separable_classes_are_separated():
    rng = np.random.default_rng(0)
    classes = rng.integers(3, size=2000)
    features = rng.random((2000, 3))
    features[np.arange(2000), classes] = 0
    weights = adagrad_softmax(features, classes, number=3, phases=((1.0, 1.0),))
    assert (softmax_classes(features, weights) == classes).mean() > 0.95


def test_two_passes_step_as_the_points_twice_do():
    rng = np.random.default_rng(0)
    features, classes = rng.random((40, 4)), rng.integers(3, size=40)
    phases = ((0.1, 1.0),)
    np.testing.assert_array_equal(
        adagrad_softmax(features, classes, number=3, phases=phases, passes=2),
        adagrad_softmax(np.tile(features, (2, 1)), np.tile(classes, 2), number=3, phases=phases),
    )


def test_huge_features_do_not_overflow():
    features = np.array([[1e6, 0.0], [0.0, 1e6]])
    weights = adagrad_softmax(features, np.array([0, 1]), number=2, phases=((1.0, 1.0),))
    np.testing.assert_array_equal(softmax_classes(features, weights), [0, 1])


def blobs(number, seed=0):
    rng = np.random.default_rng(seed)
    classes = rng.integers(number, size=600)
    return rng.normal(size=(600, 3)) + 1.5 * np.eye(4)[classes, :3], classes


def test_multinomial_is_scikit_learns_default():
    features, classes = blobs(4)
    predicted, others = logistic_classes(features[:400], classes[:400], features[400:])
    model = LogisticRegression().fit(features[:400], classes[:400])
    assert (predicted == model.predict(features[:400])).mean() > 0.99
    assert (others == model.predict(features[400:])).mean() > 0.99


@pytest.mark.parametrize("number", [2, 3, 4])
def test_one_versus_rest_takes_the_best_of_liblinears_binary_scores(number):
    features, classes = blobs(number)
    _, predicted = logistic_classes(
        features[:400], classes[:400], features[400:], kind="one-vs-rest"
    )
    scores = [
        LogisticRegression(solver="liblinear")
        .fit(features[:400], classes[:400] == c)
        .decision_function(features[400:])
        for c in range(number)
    ]
    np.testing.assert_array_equal(predicted, np.argmax(scores, axis=0))


@pytest.mark.parametrize("kind", ["multinomial", "one-vs-rest"])
def test_a_class_alone_is_predicted_for_all_and_a_missing_one_never(kind):
    features, _ = blobs(3)
    predicted, others = logistic_classes(features, np.full(600, 2), features[:5], kind=kind)
    assert (predicted == 2).all()
    assert (others == 2).all()
    predicted, _ = logistic_classes(features, np.arange(600) % 2 * 2, features, kind=kind)
    assert set(predicted) <= {0, 2}


@pytest.mark.parametrize("kind", ["multinomial", "one-vs-rest"])
def test_features_on_unlike_scales_warn_of_nothing(kind):
    features, classes = blobs(3)
    predicted, _ = logistic_classes(features * [1e-9, 1.0, 1e9], classes, features, kind=kind)
    assert predicted.shape == (600,)
