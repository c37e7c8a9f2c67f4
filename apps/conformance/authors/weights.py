"""The weights that a model starts from, ours beside theirs."""

import math
import re
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float64
from scipy.stats import ks_2samp, kurtosis  # type: ignore[import-untyped]
from torch import Tensor, nn

from apps.conformance.authors.code import AuthorsCode, authors_model, in_their_layout
from apps.recipes import AnyRecipe

DRAWS = 20
# Numbers of one tensor and draw: enough for a deviation to .3 %.
NUMBERS = 5000

Numbers = Float64[np.ndarray, " n"]


class Layer(NamedTuple):
    """The numbers that a layer's weights or biases start from, times √fan_in, over all draws.

    Of weights the deviation is their gain; of biases that are uniform within ±1/√fan_in it is
    1/√3 = .577. kurtosis: 0 of normal numbers, -1.2 of uniform ones. p: of Kolmogorov and Smirnov's
    test that both are of one distribution.
    """

    name: str
    theirs: Numbers
    ours: Numbers

    @property
    def p(self) -> float:
        """Of the test that both sides draw from one distribution."""
        return float(ks_2samp(self.ours, self.theirs).pvalue)


def moments(numbers: Numbers) -> tuple[float, float, float]:
    """Mean, deviation and excess kurtosis."""
    return float(numbers.mean()), float(numbers.std()), float(kurtosis(numbers))


def initial_layers(code: AuthorsCode, recipe: AnyRecipe, draws: int = DRAWS) -> list[Layer]:
    """Each layer's weights and biases over so many draws of both models."""
    theirs, ours = dict[str, list[Numbers]](), dict[str, list[Numbers]]()
    for seed in range(draws):
        torch.manual_seed(seed)
        model = authors_model(code, recipe)
        names = [name for name, _ in model.named_parameters()]
        _add(theirs, names, [p.detach() for p in model.parameters()])
        # Another seed: the first draws of both would be the same numbers.
        own: nn.Module = recipe.build(torch.Generator().manual_seed(seed + draws))
        _add(ours, names, in_their_layout(own))
    return [
        Layer(name, np.concatenate(numbers), np.concatenate(ours[name]))
        for name, numbers in theirs.items()
    ]


def _add(into: dict[str, list[Numbers]], names: list[str], tensors: list[Tensor]) -> None:
    scale = 1.0
    for name, tensor in zip(names, tensors, strict=True):
        if tensor.dim() > 1:  # the weight comes before its bias
            scale = math.sqrt(tensor[0].numel())  # of its fan-in
        net = re.match(r"preds\.preds\.(\d+)\.op\.0\.weight", name)
        if net:
            # What a predictor is to predict is 0 among its inputs there, and its weight 0 here.
            tensor = torch.cat([tensor[:, : int(net[1])], tensor[:, int(net[1]) + 1 :]], 1)
        numbers = tensor.flatten()
        numbers = numbers[:: max(1, len(numbers) // NUMBERS)] * scale
        one = re.sub(r"preds\.preds\.\d+", "preds", name)  # all predictors are one kind
        into.setdefault(one, []).append(numbers.double().numpy())
