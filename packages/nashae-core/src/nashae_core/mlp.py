"""The multilayer perceptron, its passes written out."""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from nashae_core.arguments import check_tensors, check_type, seeded, whole_numbers
from nashae_core.kernels.activations import ACTIVATIONS, Activation, ActivationName
from nashae_core.kernels.differentiation import differentiable_once, transformed
from nashae_core.kernels.products import affine, product
from nashae_core.kernels.sparse import (
    SparseRows,
    by_input,
    finite,
    sparse_affine,
    sparse_gradient,
    sparse_rows,
)

# A first layer of as many weights is laid out by input, for rows that are mostly zero.
LARGE_LAYER = 1_000_000


class MLP(nn.Module):
    """Linear layers with an activation between them: (batch, sizes[0]) to (batch, sizes[-1]).

    Weights are `weights[i]` (outputs, inputs), drawn by kaiming-normal with gain 1 in the last
    layer and `hidden_gain` in those before; biases are `biases[i]` (outputs,), drawn uniformly
    within ±1/√fan_in; both from `generator`, on its device; an int seeds one on the CPU.
    On the CPU rows of which most elements are zero, such as dSprites' pixels, meet the first layer
    as a sum of columns of its weight, equal to the product within rounding.

    Raises `ValueError` where there are fewer than two sizes, one is below 1, the activation is none
    of selu, relu and tanh, or the gain is not a finite number above 0.
    """

    def __init__(
        self,
        sizes: Sequence[int],
        *,
        activation: ActivationName = "selu",
        hidden_gain: float = 1.0,
        generator: torch.Generator | int,
    ) -> None:
        super().__init__()
        sizes, generator = whole_numbers(sizes, "sizes"), seeded(generator)
        if len(sizes) < 2 or min(sizes) < 1:
            raise ValueError(f"sizes must be at least two positive integers; got {tuple(sizes)}")
        if activation not in ACTIVATIONS:
            raise ValueError(f"activation must be one of {[*ACTIVATIONS]}; got {activation!r}")
        if not 0 < hidden_gain < math.inf:
            raise ValueError(f"hidden_gain must be a finite number above 0; got {hidden_gain}")
        self.sizes, self.activation, self.hidden_gain = tuple(sizes), activation, hidden_gain
        weights, biases = list[Tensor](), list[Tensor]()
        for inputs, outputs in pairwise(sizes):
            weight = torch.empty(outputs, inputs, device=generator.device)
            bias = torch.empty(outputs, device=generator.device)
            bound = 1 / math.sqrt(inputs)
            gain = hidden_gain if len(weights) < len(sizes) - 2 else 1.0
            nn.init.normal_(weight, std=gain * bound, generator=generator)
            large = not weights and weight.numel() >= LARGE_LAYER
            weights.append(by_input(weight) if large else weight)
            biases.append(nn.init.uniform_(bias, -bound, bound, generator=generator))
        self.weights, self.biases = nn.ParameterList(weights), nn.ParameterList(biases)

    def forward(self, x: Float[Tensor, "batch inputs"]) -> Float[Tensor, "batch outputs"]:
        """The last layer's output.

        Differentiable once on the CPU; elsewhere, within a transform of `torch.func` and under
        autocast, as often as PyTorch's layers.
        """
        check_tensors(x=x)
        if x.dim() != 2 or x.shape[1] != self.sizes[0]:
            raise ValueError(f"x must be (batch, {self.sizes[0]}); got {tuple(x.shape)}")
        check_type(x, self.weights[0], "x")
        activation = ACTIVATIONS[self.activation]
        if x.is_cpu and not torch.is_autocast_enabled("cpu") and not transformed():
            output: Tensor = _Perceptron.apply(activation, x, *self.weights, *self.biases)
            return output
        last = len(self.weights) - 1
        for i, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            x = F.linear(x, weight, bias)
            x = x if i == last else activation.plain(x)
        return x

    def extra_repr(self) -> str:
        """What `repr` says of the network."""
        gain = "" if self.hidden_gain == 1 else f", hidden_gain={self.hidden_gain:.6g}"
        return f"{self.sizes}, activation={self.activation!r}{gain}"


class _Perceptron(torch.autograd.Function):
    """All layers as one node: a graph of thirty would take as long as the small products."""

    @staticmethod
    def forward(ctx: Any, activation: Activation, x: Tensor, *parameters: Tensor) -> Tensor:
        layers = len(parameters) // 2
        weights, biases = parameters[:layers], parameters[layers:]
        sparse = sparse_rows(x, len(biases[0]))
        if sparse is not None and not finite(weights[0]):
            sparse = None  # 0 · ∞ and 0 · NaN are NaN
        ctx.activation = activation
        seen, output = list[Tensor](), x
        for weight, bias in zip(weights, biases, strict=True):
            seen.append(activation.apply_(output) if seen else output)
            output = (
                affine(output, weight, bias)
                if sparse is None or len(seen) > 1
                else sparse_affine(sparse, weight, bias)
            )
        entries = () if sparse is None else sparse[:3]
        ctx.save_for_backward(*seen, *weights, *entries)
        return output

    @staticmethod
    @differentiable_once
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        layers = len(ctx.needs_input_grad) // 2 - 1
        saved = ctx.saved_tensors  # once: checkpoints do not give them twice
        seen, weights, entries = saved[:layers], saved[layers : 2 * layers], saved[2 * layers :]
        at, wanted = gradients[0], ctx.needs_input_grad
        at_weights, at_biases = list[Tensor | None](), list[Tensor | None]()
        for i in reversed(range(layers)):
            if not wanted[2 + i]:
                at_weights.append(None)
            elif entries and not i and not transformed() and finite(at):
                rows, columns, values = entries
                sparse = SparseRows(rows, columns, values, (len(seen[0]), seen[0].shape[1]))
                at_weights.append(sparse_gradient(at, sparse))
            else:
                at_weights.append(_at_weight(at, seen[i], weights[i]))
            at_biases.append(at.sum(0) if wanted[2 + layers + i] else None)
            if i:
                at = ctx.activation.backward_(product(at, weights[i]), seen[i])
        at_x = product(at, weights[0]) if wanted[1] else None
        return (None, at_x, *reversed(at_weights), *reversed(at_biases))


def _at_weight(at: Tensor, seen: Tensor, weight: Tensor) -> Tensor:
    """The gradient at.mT @ seen, laid out as the weight is: else autograd copies it to that."""
    if weight.is_contiguous():
        return product(at.mT, seen)
    return product(seen.mT, at).mT
