"""The m regression networks ρ, each predicting one latent from the others, as batched products.

A step of NashAE fits them five times, so their forward and backward passes are written out here: no
graph, and one product per layer for all networks.
"""

import math
from typing import Any, NamedTuple, cast

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from nashae_core.activations import selu_, selu_backward

Weights = tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]

# Networks that are worked on at once: with 40 units and a batch of 100 their activations stay in
# the cache.
CHUNK = 32


class _Activations(NamedTuple):
    inputs: Float[Tensor, "nets batch m"]
    hidden1: Float[Tensor, "nets batch hidden"]
    hidden2: Float[Tensor, "nets batch hidden"]


def _forward(
    codes: Float[Tensor, "runs batch m"], weights: Weights
) -> tuple[Float[Tensor, "nets batch 1"], _Activations]:
    """All networks on all codes. The weights of the latent that a network must not see are zero."""
    w1, b1, w2, b2, w3, b3 = weights
    runs, batch, m = codes.shape
    inputs = codes[:, None].expand(runs, m, batch, m).reshape(runs * m, batch, m)
    hidden1 = selu_(torch.baddbmm(b1, inputs, w1))
    hidden2 = selu_(torch.baddbmm(b2, hidden1, w2))
    # A product with a single column: elementwise is three times faster than a matrix product.
    outputs = (hidden2 * w3.mT).sum(2, keepdim=True) + b3
    return outputs, _Activations(inputs, hidden1, hidden2)


def _hidden_gradients(
    at_output: Float[Tensor, "nets batch 1"], seen: _Activations, weights: Weights
) -> tuple[Float[Tensor, "nets batch hidden"], Float[Tensor, "nets batch hidden"]]:
    """The gradients before the activations of the two hidden layers."""
    at2 = selu_backward(at_output * weights[4].mT, seen.hidden2)
    at1 = selu_backward(torch.bmm(at2, weights[2].mT), seen.hidden1)
    return at1, at2


def _weight_gradients(
    at_output: Float[Tensor, "nets batch 1"], seen: _Activations, weights: Weights, into: Weights
) -> None:
    w1, b1, w2, b2, w3, b3 = into
    at1, at2 = _hidden_gradients(at_output, seen, weights)
    torch.bmm(seen.inputs.mT, at1, out=w1)
    # A network's own latent stays unseen: its row has no gradient, so that no optimiser moves it
    # from zero.
    _blind(w1, seen.inputs.shape[-1]).zero_()
    torch.sum(at1, 1, keepdim=True, out=b1)
    torch.bmm(seen.hidden1.mT, at2, out=w2)
    torch.sum(at2, 1, keepdim=True, out=b2)
    torch.sum(seen.hidden2 * at_output, 1, out=w3.squeeze(2))
    torch.sum(at_output, 1, keepdim=True, out=b3)


def _chunk_gradients(
    codes: Float[Tensor, "runs batch m"], weights: Weights, into: Weights
) -> Float[Tensor, "runs"]:
    runs, batch, m = codes.shape
    outputs, seen = _forward(codes, weights)
    error = outputs - codes.mT.reshape(runs * m, batch, 1)
    _weight_gradients(error / (batch * m), seen, weights, into)
    return error.view(runs, -1).square().mean(1).mul(0.5)


class _Predict(torch.autograd.Function):
    """Predictions, differentiable in the codes alone."""

    @staticmethod
    def forward(ctx: Any, codes: Tensor, *weights: Tensor) -> Tensor:
        outputs, seen = _forward(codes, weights)  # type: ignore[arg-type]
        ctx.save_for_backward(*seen, *weights)
        runs, batch, m = codes.shape
        return outputs.view(runs, m, batch).mT

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        seen, weights = _Activations(*ctx.saved_tensors[:3]), ctx.saved_tensors[3:]
        runs, batch, m = gradients[0].shape
        at_output = gradients[0].mT.reshape(runs * m, batch, 1)
        at1, _ = _hidden_gradients(at_output, seen, weights)
        at_codes = torch.bmm(at1, weights[0].mT).view(runs, m, batch, m).sum(1)
        return (at_codes, *(None for _ in weights))


class Predictors(nn.Module):
    """The ensemble ρ: m networks m → hidden → hidden → 1 with SELU, the i-th blind to latent i.

    Parameters are stacked, one slice a network: `weight1` (nets, m, hidden), `bias1` (nets, 1,
    hidden), and so on, nets = runs·m. Weights are drawn by kaiming-normal with gain 1, biases
    uniformly within ±1/√fan_in, both from `generator`. `runs` is the number of models whose
    ensembles are held side by side.

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
        self, latents: int, hidden: int = 40, *, runs: int = 1, generator: torch.Generator
    ) -> None:
        super().__init__()
        if latents < 2:
            raise ValueError(
                f"latents must be at least 2, one to predict from another; got {latents}"
            )
        if hidden < 1 or runs < 1:
            raise ValueError(f"hidden and runs must be at least 1; got {hidden} and {runs}")
        self.latents, self.runs = latents, runs
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
        self._gradients: Weights | None = None

    def forward(self, codes: Float[Tensor, "*runs batch m"]) -> Float[Tensor, "*runs batch m"]:
        """Predictions z′ of `codes`, differentiable in the codes but not in the weights."""
        with torch.autocast(codes.device.type, enabled=False):
            predictions: Tensor = _Predict.apply(self._stacked(codes), *self._weights())
        return predictions.view(codes.shape)

    @torch.no_grad()
    def gradients(
        self, codes: Float[Tensor, "*runs batch m"]
    ) -> tuple[Float[Tensor, "*runs"], Weights]:
        """The loss of eq. 2 on fixed codes, and its gradient in each parameter, in order.

        The loss is `predictor_loss`; the gradients are buffers that the next call overwrites.
        """
        weights = self._weights()
        w1, kept = weights[0], self._gradients
        if kept is None or (kept[0].device, kept[0].dtype) != (w1.device, w1.dtype):
            self._gradients = kept = cast(Weights, tuple(torch.empty_like(w) for w in weights))
        with torch.autocast(codes.device.type, enabled=False):
            stacked = self._stacked(codes)
            size = max(1, CHUNK // self.latents)
            losses = [
                _chunk_gradients(
                    stacked[run : run + size],
                    _slice(weights, run, size, self.latents),
                    _slice(kept, run, size, self.latents),
                )
                for run in range(0, self.runs, size)
            ]
        return torch.cat(losses).view(codes.shape[:-2]), kept

    def _stacked(self, codes: Tensor) -> Float[Tensor, "runs batch m"]:
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
    return weight1.view(-1, m, m, weight1.shape[-1]).diagonal(dim1=1, dim2=2)
