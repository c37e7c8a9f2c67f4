"""The perceptron of the plain references."""

from itertools import pairwise

from torch import nn


def mlp(*sizes: int) -> nn.Sequential:
    """Linear layers of these sizes with SELU between them."""
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(sizes[:-1]):
        layers += [nn.Linear(inputs, outputs), nn.SELU()]
    return nn.Sequential(*layers, nn.Linear(sizes[-2], sizes[-1]))
