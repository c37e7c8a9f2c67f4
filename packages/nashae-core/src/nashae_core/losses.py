"""The losses of NashAE as pure functions of tensors (https://arxiv.org/abs/2209.10677, section 3).

Codes z and predictions z′ are (batch, m), or (runs, batch, m) for models trained at once; a loss is
then one number per run.
"""

from typing import Any, Literal

import torch
from jaxtyping import Float
from torch import Tensor

from nashae_core.arguments import check_alike, check_choice
from nashae_core.kernels.differentiation import differentiable_once, transformed


class _HalfSquares(torch.autograd.Function):
    """½·Σ (x′ − x)² of each run, differentiable once in x′, in few passes over the data."""

    @staticmethod
    def forward(ctx: Any, reconstruction: Tensor, observations: Tensor, runs: int) -> Tensor:
        error = reconstruction - observations
        ctx.save_for_backward(error)
        # Not a dot product: autocast would round it, and it adds in sequence.
        return error.square().flatten(runs).sum(-1) / 2

    @staticmethod
    @differentiable_once
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        (error,) = ctx.saved_tensors
        at = gradients[0].view(*gradients[0].shape, *(1,) * (error.dim() - gradients[0].dim()))
        return at * error, None, None


def reconstruction_loss(
    reconstruction: Float[Tensor, "*shape"],
    observations: Float[Tensor, "*shape"],
    *,
    reduction: Literal["mean", "sum"] = "mean",
    runs: int = 0,
) -> Float[Tensor, "*runs"]:
    """L_R = ½·E|x′ − x|² (eq. 1).

    Differentiable in the reconstruction alone: once, or within a transform of `torch.func` as often
    as PyTorch's operators.

    Args:
        reconstruction: x′, of the shape of x.
        observations: x (batch, ...), or (runs, batch, ...).
        reduction: Over the elements of one observation: "mean", or "sum" as in the paper.
        runs: The number of leading axes that count runs; the next axis is the batch.

    Raises:
        ValueError: The shapes differ; another `reduction` or `runs`.

    Example:
        >>> import torch
        >>> from nashae_core import reconstruction_loss
        >>> reconstruction_loss(torch.ones(5, 4), torch.zeros(5, 4))
        tensor(0.5000)
    """
    check_alike(reconstruction=reconstruction, observations=observations)
    check_choice(reduction, "reduction", ("mean", "sum"))
    if not 0 <= runs < observations.dim():
        raise ValueError(
            f"runs must count leading axes of the observations, and leave one for the batch; "
            f"got {runs} for {tuple(observations.shape)}"
        )
    # Differs from the paper: eq. 1 sums over the elements of x; the authors' code takes their mean,
    # and the published λ hold for the mean (with the sum, λ = 0.2 gives the latents of λ = 0).
    size = observations.shape[runs + 1 :].numel()
    if transformed() or torch.promote_types(reconstruction.dtype, observations.dtype).itemsize < 4:
        # The sum over a batch can exceed float16, a mean does not.
        squares = (reconstruction - observations.detach()).square().flatten(runs)
        return squares.mean(-1) * (0.5 if reduction == "mean" else 0.5 * size)
    divisor = observations.shape[runs] * (size if reduction == "mean" else 1)
    loss: Tensor = _HalfSquares.apply(reconstruction, observations, runs)
    return loss / divisor


def predictor_loss(
    predictions: Float[Tensor, "*runs batch m"], codes: Float[Tensor, "*runs batch m"]
) -> Float[Tensor, "*runs"]:
    """½·mean (z′ − z)², the mean over i of L_ρi (eq. 2).

    Raises:
        ValueError: The shapes differ.
    """
    check_alike("... batch m", predictions=predictions, codes=codes)
    # Differs from the paper: eq. 2 is one loss for each predictor; the authors' code takes their
    # mean. Predictors share no weight, so this divides each gradient by m, which changes Adam's
    # steps only through its epsilon.
    return (predictions - codes).square().flatten(-2).mean(-1).mul(0.5)


def covariance_loss(
    predictions: Float[Tensor, "*runs batch m"], codes: Float[Tensor, "*runs batch m"]
) -> Float[Tensor, "*runs"]:
    """L_A = Σ_i Cov(z′_i, z_i) (eq. 4).

    Cov is the biased covariance over the batch, E[z′z] − E[z′]E[z]. The gradient reaches both
    arguments; the authors pass `codes.detach()`.

    Raises:
        ValueError: The shapes differ.
    """
    check_alike("... batch m", predictions=predictions, codes=codes)
    centred = codes - codes.mean(-2, keepdim=True)
    return (predictions * centred).mean(-2).sum(-1)


def weighted_loss(
    reconstruction: Float[Tensor, "*runs"], covariance: Float[Tensor, "*runs"], lam: float
) -> Float[Tensor, "*runs"]:
    """L_R,A(λ) = (1 − λ)·L_R + λ·L_A (eq. 5), λ in [0, 1).

    Raises:
        ValueError: The shapes differ.
    """
    check_alike(reconstruction=reconstruction, covariance=covariance)
    return (1 - lam) * reconstruction + lam * covariance
