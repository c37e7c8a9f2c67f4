import math

import numpy as np
import pytest

from nashae_metrics.linear_classifier import adagrad_softmax, softmax_classes


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


def test_separable_classes_are_learnt():
    rng = np.random.default_rng(0)
    classes = rng.integers(3, size=2000)
    features = rng.random((2000, 3))
    features[np.arange(2000), classes] = 0
    weights = adagrad_softmax(features, classes, number=3, phases=((1.0, 1.0),))
    assert (softmax_classes(features, weights) == classes).mean() > 0.95
