"""The m regression networks ρ, each predicting one latent from the others."""

import math
from collections.abc import Iterator
from typing import cast

import torch
from jaxtyping import Float
from torch import Tensor, nn

from nashae_core.arguments import check_tensors, seeded, whole
from nashae_core.kernels import ensemble
from nashae_core.kernels.ensemble import Weights


class Predictors(nn.Module):
    """The ensemble ρ: m networks m → hidden → hidden → 1 with SELU, the i-th blind to latent i.

    Parameters are stacked, one slice per network: `weight1` (nets, m, hidden), `bias1` (nets, 1,
    hidden), and so on, nets = runs·m. Network i cannot see latent i because that row of its first
    weight is zero.

    Args:
        latents: m; with 1 there is nothing to predict it from.
        hidden: Units in each of the two hidden layers.
        runs: The number of models whose ensembles are held at once.
        generator: Draws weights (kaiming-normal, gain 1) and biases (uniform within ±1/√fan_in); an
            int seeds one.

    Raises:
        ValueError: A number is too small.

    Source:
        Yeats et al. 2022, section 3, https://arxiv.org/abs/2209.10677

    Example:
        >>> import torch
        >>> from nashae_core import Predictors
        >>> Predictors(4, generator=0)(torch.rand(10, 4)).shape
        torch.Size([10, 4])
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
        if latents < 1:
            raise ValueError(f"latents must be at least 1; got {latents}: give 2 or more")
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
            ensemble.own_latents(self.weight1, latents).zero_()

    def forward(self, codes: Float[Tensor, "*runs batch m"]) -> Float[Tensor, "*runs batch m"]:
        """Predictions z′ of `codes`, differentiable in the codes but not in the weights.

        Differentiable once; within a transform of `torch.func` as often as PyTorch's layers.
        """
        return ensemble.predict(self._stacked(codes), self._weights()).view(codes.shape)

    def rounds(
        self, codes: Float[Tensor, "*runs batch m"], number: int
    ) -> Iterator[tuple[Float[Tensor, "*runs"], Weights]]:
        """`number` times: the loss of eq. 2 on fixed codes, and its gradient in each parameter.

        Move the parameters in place between two rounds: each works with their current values. The
        loss is `predictor_loss`; the gradients, in the order of the parameters, are buffers that
        the next round overwrites.
        """
        stacked = self._stacked(codes).detach()
        for losses, gradients in ensemble.rounds(stacked, self._weights(), number):
            yield losses.view(codes.shape[:-2]), gradients

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
