"""The passes of a multilayer perceptron, written out as one node of the graph."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from nashae_core.kernels.activations import Activation
from nashae_core.kernels.differentiation import differentiable_once, transformed
from nashae_core.kernels.products import affine, product
from nashae_core.kernels.sparse import (
    SparseRows,
    finite,
    sparse_affine,
    sparse_gradient,
    sparse_rows,
)


def perceptron(
    activation: Activation, x: Tensor, weights: Sequence[Tensor], biases: Sequence[Tensor]
) -> Tensor:
    """Linear layers with an activation between them, on the CPU, differentiable once."""
    output: Tensor = _Perceptron.apply(activation, x, *weights, *biases)
    return output


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
