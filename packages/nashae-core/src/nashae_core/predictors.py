"""The m regression networks ρ, each predicting one latent from the others, as batched products.

A step of NashAE fits them five times, so their forward and backward passes are written out here: no
graph, and one product per layer for all networks.
"""

import math
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, cast

import torch
from jaxtyping import Float
from torch import Tensor, nn

from nashae_core.arguments import check_tensors, seeded, whole
from nashae_core.kernels.activations import selu, selu_, selu_backward_
from nashae_core.kernels.differentiation import differentiable_once, transformed
from nashae_core.kernels.precision import full_precision

Weights = tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]

# Networks that are worked on at once: with 40 units and a batch of 100 their activations stay in
# the cache.
CHUNK = 32


class _Hidden(NamedTuple):
    """Room for the hidden layers of some networks, and two of the same shape for what is between.

    Rounds use it again: fresh memory of this size costs as much as the work that is done in it.
    """

    first: Float[Tensor, "nets batch hidden"]
    second: Float[Tensor, "nets batch hidden"]
    between: Float[Tensor, "nets batch hidden"]
    before: Float[Tensor, "nets batch hidden"]


def _expanded(codes: Float[Tensor, "runs batch m"]) -> Float[Tensor, "nets batch m"]:
    """The codes of a run for each of its networks."""
    runs, batch, m = codes.shape
    return codes[:, None].expand(runs, m, batch, m).reshape(runs * m, batch, m)


def _room(inputs: Float[Tensor, "nets batch m"], weights: Weights) -> _Hidden:
    shape = (*inputs.shape[:2], weights[0].shape[2])
    return _Hidden(*(inputs.new_empty(shape) for _ in _Hidden._fields))


def _forward(
    inputs: Float[Tensor, "nets batch m"], weights: Weights, room: _Hidden
) -> Float[Tensor, "nets batch 1"]:
    """All networks on all codes. The weights of the latent that a network must not see are zero."""
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
    """The gradients before the activations of the two hidden layers, in two tensors of room."""
    (first, second), (between, before) = hidden, into
    at2 = selu_backward_(torch.mul(at_output, weights[4].mT, out=between), second)
    at1 = selu_backward_(torch.bmm(at2, weights[2].mT, out=before), first)
    return at1, at2


def _gradients(
    inputs: Float[Tensor, "nets batch m"], m: int, weights: Weights, room: _Hidden, into: Weights
) -> Float[Tensor, "runs"]:
    """The loss of each run on its codes; its gradient in the weights is written into `into`."""
    outputs = _forward(inputs, weights, room)
    # The truth of network i is column i of its own inputs.
    runs = len(inputs) // m
    truth = inputs.view(runs, m, *inputs.shape[1:]).diagonal(dim1=1, dim2=3).mT
    error = outputs.view(truth.shape) - truth
    loss = error.square().flatten(1).mean(1).mul_(0.5)
    at_output = error.div_(error[0].numel()).view(outputs.shape)
    at1, at2 = _hidden_gradients(at_output, weights, room[:2], room[2:])
    w1, b1, w2, b2, w3, b3 = into
    torch.bmm(inputs.mT, at1, out=w1)
    # A network's own latent stays unseen: no gradient, so that no optimiser moves it from zero.
    _blind(w1, m).zero_()
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
        room = _room(inputs, stacked)
        outputs = _forward(inputs, stacked, room)
        ctx.save_for_backward(room.first, room.second, *weights)
        # Written over by each backward pass, which autograd would refuse of what it saved.
        ctx.scratch = room.between, room.before
        return outputs.squeeze(2).mT

    @staticmethod
    @differentiable_once
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        first, second, *weights = ctx.saved_tensors
        # What a transform of this pass brings does not fit into the room.
        into = (None, None) if transformed() else ctx.scratch
        at_output, stacked = gradients[0].mT[..., None], cast(Weights, tuple(weights))
        at1, _ = _hidden_gradients(at_output, stacked, (first, second), into)
        at_codes = torch.bmm(at1, weights[0].mT).sum(0)
        return (at_codes, *(None for _ in weights))


def _plain(codes: Float[Tensor, "batch m"], *weights: Tensor) -> Float[Tensor, "batch m"]:
    """The same by PyTorch's own operators."""
    w1, b1, w2, b2, w3, b3 = weights
    hidden = selu(torch.baddbmm(b1, _expanded(codes[None]), w1))
    hidden = selu(torch.baddbmm(b2, hidden, w2))
    return (torch.bmm(hidden, w3) + b3).squeeze(2).mT


class Predictors(nn.Module):
    """The ensemble ρ: m networks m → hidden → hidden → 1 with SELU, the i-th blind to latent i.

    Parameters are stacked, one slice a network: `weight1` (nets, m, hidden), `bias1` (nets, 1,
    hidden), and so on, nets = runs·m. Weights are drawn by kaiming-normal with gain 1, biases
    uniformly within ±1/√fan_in, both from `generator`, which an int seeds. `runs` is the number of
    models whose ensembles are held side by side.

    Raises `ValueError` where there are fewer than two latents (nothing to predict one from) or no
    hidden unit.

    Source: Yeats et al. 2022, section 3. The masking of latent i by zero is a zero row in the first
    weight of network i, which is the same function.
    """

    weight1: nn.Parameter
    bias1: nn.Parameter
    weight2: nn.Parameter
    bias2: nn.Parameter
    weight3: nn.Parameter
    bias3: nn.Parameter

    def __init__(
        self, latents: int, hidden: int = 40, *, runs: int = 1, generator: torch.Generator | int
    ) -> None:
        super().__init__()
        generator = seeded(generator)
        sizes = {"latents": latents, "hidden": hidden, "runs": runs}
        latents, hidden, runs = (whole(size, name, None) for name, size in sizes.items())
        if latents < 2:
            raise ValueError(
                f"latents must be at least 2, one to predict from another; got {latents}"
            )
        if hidden < 1 or runs < 1:
            raise ValueError(f"hidden and runs must be at least 1; got {hidden} and {runs}")
        self.latents, self.hidden, self.runs = latents, hidden, runs
        nets, device = runs * latents, generator.device
        fans = [(latents, hidden), (hidden, hidden), (hidden, 1)]
        for layer, (fan_in, fan_out) in enumerate(fans, 1):
            weight = torch.randn(nets, fan_in, fan_out, generator=generator, device=device)
            bias = torch.rand(nets, 1, fan_out, generator=generator, device=device)
            bound = 1 / math.sqrt(fan_in)
            self.register_parameter(f"weight{layer}", nn.Parameter(weight * bound))
            self.register_parameter(f"bias{layer}", nn.Parameter((2 * bias - 1) * bound))
        with torch.no_grad():
            _blind(self.weight1, latents).zero_()
        self._kept_room: _Hidden | None = None

    def forward(self, codes: Float[Tensor, "*runs batch m"]) -> Float[Tensor, "*runs batch m"]:
        """Predictions z′ of `codes`, differentiable in the codes but not in the weights.

        Once; within a transform of `torch.func` as often as PyTorch's layers.
        """
        weights, stacked = self._weights(), self._stacked(codes)
        predict: Callable[..., Tensor] = _plain if transformed() else _Predict.apply
        with full_precision(codes.device):
            predictions = [
                predict(rows, *_slice(weights, run, 1, self.latents))
                for run, rows in enumerate(stacked)
            ]
        return torch.stack(predictions).view(codes.shape)

    def rounds(
        self, codes: Float[Tensor, "*runs batch m"], number: int
    ) -> Iterator[tuple[Float[Tensor, "*runs"], Weights]]:
        """`number` times: the loss of eq. 2 on fixed codes, and its gradient in each parameter.

        Move the parameters between two rounds, in place: each works with those that it finds. The
        loss is `predictor_loss`; the gradients, in the order of the parameters, are buffers that
        the next round overwrites.
        """
        stacked, weights = self._stacked(codes).detach(), self._weights()
        gradients = cast(Weights, tuple(torch.empty_like(w) for w in weights))
        size = max(1, CHUNK // self.latents)
        chunks = []
        for run in range(0, self.runs, size):
            inputs = _expanded(stacked[run : run + size])
            own = _slice(weights, run, size, self.latents)
            into = _slice(gradients, run, size, self.latents)
            chunks.append((inputs, self.latents, own, self._room(inputs, own), into))
        for _ in range(number):
            with full_precision(codes.device):
                losses = [_gradients(*chunk) for chunk in chunks]
            yield torch.cat(losses).view(codes.shape[:-2]), gradients

    def _room(self, inputs: Tensor, weights: Weights) -> _Hidden:
        room, (nets, batch, _) = self._kept_room, inputs.shape
        if (
            room is None
            or (len(room.first) < nets or room.first.shape[1] != batch)
            or (room.first.device, room.first.dtype) != (inputs.device, inputs.dtype)
        ):
            # Outside of inference mode, so that it can be used again in any.
            with torch.inference_mode(False):
                self._kept_room = room = _room(inputs, weights)
        return _Hidden(*(tensor[:nets] for tensor in room))

    def _stacked(self, codes: Tensor) -> Float[Tensor, "runs batch m"]:
        check_tensors(codes=codes)
        runs, latents = self.runs, self.latents
        leading = [(), (1,)] if runs == 1 else [(runs,)]
        if codes.dim() < 2 or codes.shape[:-2] not in leading or codes.shape[-1] != latents:
            wanted = f"(batch, {latents})" if runs == 1 else f"({runs}, batch, {latents})"
            raise ValueError(f"codes must be {wanted}; got {tuple(codes.shape)}")
        return codes.to(self.weight1.dtype).reshape(runs, -1, latents)

    def _weights(self) -> Weights:
        parameters = (self.weight1, self.bias1, self.weight2, self.bias2, self.weight3, self.bias3)
        return cast(Weights, tuple(p.detach() for p in parameters))


def _slice(weights: Weights, run: int, size: int, latents: int) -> Weights:
    return cast(Weights, tuple(w[run * latents : (run + size) * latents] for w in weights))


def _blind(weight1: Float[Tensor, "nets m hidden"], m: int) -> Float[Tensor, "runs hidden m"]:
    """The weights through which each network would see its own latent, as a view."""
    return weight1.view(len(weight1) // m, m, *weight1.shape[1:]).diagonal(dim1=1, dim2=2)
