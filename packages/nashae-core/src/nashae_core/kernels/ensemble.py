"""The passes of all predictors, written out: no graph, and one product a layer for all networks.

A step of NashAE fits the predictors five times, so they take most of its time.
"""

from collections.abc import Callable, Iterator
from threading import local
from typing import Any, NamedTuple, cast

import torch
from jaxtyping import Float
from torch import Tensor

from nashae_core.kernels.activations import selu, selu_, selu_backward_
from nashae_core.kernels.differentiation import differentiable_once, transformed
from nashae_core.kernels.precision import full_precision

# Of the three layers in turn: weight and bias, a slice for each network.
Weights = tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]
# Networks that are worked on at once: with 40 units and a batch of 100 their activations stay in
# the cache.
CHUNK = 32


class Room(NamedTuple):
    """Memory for the two hidden layers of some networks, and for two intermediate results."""

    first: Float[Tensor, "nets batch hidden"]
    second: Float[Tensor, "nets batch hidden"]
    between: Float[Tensor, "nets batch hidden"]
    before: Float[Tensor, "nets batch hidden"]

    @classmethod
    def like(cls, inputs: Tensor, hidden: int) -> "Room":
        """Of the type and device of `inputs` (nets, batch, m)."""
        return cls(*(inputs.new_empty((*inputs.shape[:2], hidden)) for _ in cls._fields))


class _Kept(local):
    """The memory that a thread uses again."""

    room: Room | None = None


_KEPT = _Kept()


def scratch(inputs: Tensor, hidden: int) -> Room:
    """Memory for `inputs` (nets, batch, m) that this thread's next call uses again.

    Fresh memory costs as much as the work that is done in it.
    """
    room, (nets, batch, _) = _KEPT.room, inputs.shape
    if (
        room is None
        or (len(room.first) < nets or room.first.shape[1:] != (batch, hidden))
        or (room.first.device, room.first.dtype) != (inputs.device, inputs.dtype)
    ):
        # Outside of inference mode, so that it can be used again in any.
        with torch.inference_mode(False):
            _KEPT.room = room = Room.like(inputs, hidden)
    return Room(*(tensor[:nets] for tensor in room))


def _expanded(codes: Float[Tensor, "runs batch m"]) -> Float[Tensor, "nets batch m"]:
    """The codes of a run, repeated for each of its networks."""
    runs, batch, m = codes.shape
    return codes[:, None].expand(runs, m, batch, m).reshape(runs * m, batch, m)


def _forward(
    inputs: Float[Tensor, "nets batch m"], weights: Weights, room: Room
) -> Float[Tensor, "nets batch 1"]:
    """The predictions of all networks; each has zero weights for its own latent."""
    w1, b1, w2, b2, w3, b3 = weights
    selu_(torch.baddbmm(b1, inputs, w1, out=room.first), room.between)
    selu_(torch.baddbmm(b2, room.first, w2, out=room.second), room.between)
    # A product with a single column: elementwise is three times faster than a matrix product.
    return torch.mul(room.second, w3.mT, out=room.between).sum(2, keepdim=True).add_(b3)


def _hidden_gradients(
    at_output: Float[Tensor, "nets batch 1"],
    weights: Weights,
    hidden: tuple[Float[Tensor, "nets batch hidden"], Float[Tensor, "nets batch hidden"]],
    into: tuple[Tensor | None, Tensor | None],
) -> tuple[Float[Tensor, "nets batch hidden"], Float[Tensor, "nets batch hidden"]]:
    """The gradients at the inputs of the two hidden activations, written into two tensors."""
    (first, second), (between, before) = hidden, into
    at2 = selu_backward_(torch.mul(at_output, weights[4].mT, out=between), second)
    at1 = selu_backward_(torch.bmm(at2, weights[2].mT, out=before), first)
    return at1, at2


def _gradients(
    inputs: Float[Tensor, "nets batch m"], m: int, weights: Weights, room: Room, into: Weights
) -> Float[Tensor, "runs"]:
    """The loss of each run on its codes; its gradient in the weights is written into `into`."""
    outputs = _forward(inputs, weights, room)
    # The target of network i is column i of its inputs.
    runs = len(inputs) // m
    target = inputs.view(runs, m, *inputs.shape[1:]).diagonal(dim1=1, dim2=3).mT
    error = outputs.view(target.shape) - target
    loss = error.square().flatten(1).mean(1).mul_(0.5)
    at_output = error.div_(error[0].numel()).view(outputs.shape)
    at1, at2 = _hidden_gradients(at_output, weights, room[:2], room[2:])
    w1, b1, w2, b2, w3, b3 = into
    torch.bmm(inputs.mT, at1, out=w1)
    # No gradient for a network's own latent, so that no optimiser moves its weights from zero.
    own_latents(w1, m).zero_()
    torch.sum(at1, 1, keepdim=True, out=b1)
    torch.bmm(room.first.mT, at2, out=w2)
    torch.sum(at2, 1, keepdim=True, out=b2)
    torch.sum(room.second.mul_(at_output), 1, out=w3.squeeze(2))
    torch.sum(at_output, 1, keepdim=True, out=b3)
    return loss


class _Predict(torch.autograd.Function):
    """Predictions of one run, differentiable in the codes alone."""

    @staticmethod
    def forward(ctx: Any, codes: Tensor, *weights: Tensor) -> Tensor:
        inputs, stacked = _expanded(codes[None]), cast(Weights, weights)
        room = Room.like(inputs, stacked[0].shape[2])
        outputs = _forward(inputs, stacked, room)
        ctx.save_for_backward(room.first, room.second, *weights)
        # Each backward pass overwrites these, which autograd would refuse for saved tensors.
        ctx.scratch = room.between, room.before
        return outputs.squeeze(2).mT

    @staticmethod
    @differentiable_once
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        first, second, *weights = ctx.saved_tensors
        # Gradients within a transform have another shape.
        into = (None, None) if transformed() else ctx.scratch
        at_output, stacked = gradients[0].mT[..., None], cast(Weights, tuple(weights))
        at1, _ = _hidden_gradients(at_output, stacked, (first, second), into)
        at_codes = torch.bmm(at1, weights[0].mT).sum(0)
        return (at_codes, *(None for _ in weights))


def _plain(codes: Float[Tensor, "batch m"], *weights: Tensor) -> Float[Tensor, "batch m"]:
    """The predictions of one run by PyTorch's own operators."""
    w1, b1, w2, b2, w3, b3 = weights
    hidden = selu(torch.baddbmm(b1, _expanded(codes[None]), w1))
    hidden = selu(torch.baddbmm(b2, hidden, w2))
    return (torch.bmm(hidden, w3) + b3).squeeze(2).mT


def predict(
    codes: Float[Tensor, "runs batch m"], weights: Weights
) -> Float[Tensor, "runs batch m"]:
    """Each run's predictions of its codes, differentiable in the codes."""
    m = codes.shape[2]
    function: Callable[..., Tensor] = _plain if transformed() else _Predict.apply
    with full_precision(codes.device):
        runs = [function(rows, *_slice(weights, i, 1, m)) for i, rows in enumerate(codes)]
    return torch.stack(runs)


def rounds(
    codes: Float[Tensor, "runs batch m"], weights: Weights, number: int
) -> Iterator[tuple[Float[Tensor, "runs"], Weights]]:
    """`number` times the loss of each run and its gradient in each weight, at the current weights.

    The next round overwrites the gradients.
    """
    runs, _, m = codes.shape
    gradients = cast(Weights, tuple(torch.empty_like(w) for w in weights))
    size = max(1, CHUNK // m)
    chunks = []
    for run in range(0, runs, size):
        inputs = _expanded(codes[run : run + size])
        own, into = (_slice(of, run, size, m) for of in (weights, gradients))
        chunks.append((inputs, m, own, scratch(inputs, own[0].shape[2]), into))
    for _ in range(number):
        with full_precision(codes.device):
            losses = [_gradients(*chunk) for chunk in chunks]
        yield torch.cat(losses), gradients


def own_latents(weight1: Float[Tensor, "nets m hidden"], m: int) -> Float[Tensor, "runs hidden m"]:
    """The weights through which each network would see its own latent, as a view."""
    return weight1.view(len(weight1) // m, m, *weight1.shape[1:]).diagonal(dim1=1, dim2=2)


def _slice(weights: Weights, run: int, size: int, m: int) -> Weights:
    """The weights of `size` runs from number `run` on."""
    return cast(Weights, tuple(w[run * m : (run + size) * m] for w in weights))
