"""The losses of NashAE (Yeats et al. 2022, section 3) as pure functions of tensors.

`codes` z and `predictions` z′ have shape (batch, m), or (runs, batch, m) for models that are
trained side by side; a loss is then one number a run.
"""

from typing import Literal

from jaxtyping import Float
from torch import Tensor


def reconstruction_loss(
    reconstruction: Float[Tensor, "*shape"],
    observations: Float[Tensor, "*shape"],
    *,
    reduction: Literal["mean", "sum"] = "mean",
    runs: int = 0,
) -> Float[Tensor, "*runs"]:
    """L_R = ½·E|x′ − x|² (eq. 1).

    `reduction` says what is done with the elements of one observation: "mean", or "sum" as the
    paper writes it. `runs` is the number of leading dimensions that count separate runs; the next
    one is the batch.
    """
    # Differs from the paper: eq. 1 sums over the elements of x; the authors' code takes their mean,
    # and the published λ hold for the mean (with the sum, λ = 0.2 gives the latents of λ = 0).
    error = (reconstruction - observations).square().flatten(runs).mean(-1).mul(0.5)
    return error if reduction == "mean" else error * observations[(0,) * (runs + 1)].numel()


def predictor_loss(
    predictions: Float[Tensor, "*runs batch m"], codes: Float[Tensor, "*runs batch m"]
) -> Float[Tensor, "*runs"]:
    """½·mean (z′ − z)²: the mean over i of L_ρi (eq. 2)."""
    return (predictions - codes).square().flatten(-2).mean(-1).mul(0.5)


def covariance_loss(
    predictions: Float[Tensor, "*runs batch m"], codes: Float[Tensor, "*runs batch m"]
) -> Float[Tensor, "*runs"]:
    """L_A = Σ_i Cov(z′_i, z_i) (eq. 4).

    Cov is the biased covariance of the batch, E[z′z] − E[z′]E[z]. The gradient goes into both
    arguments. The authors hand in `codes.detach()`.
    """
    centred = codes - codes.mean(-2, keepdim=True)
    return (predictions * centred).mean(-2).sum(-1)


def weighted_loss(
    reconstruction: Float[Tensor, "*runs"], covariance: Float[Tensor, "*runs"], lam: float
) -> Float[Tensor, "*runs"]:
    """L_R,A(λ) = (1 − λ)·L_R + λ·L_A (eq. 5), λ in [0, 1)."""
    return (1 - lam) * reconstruction + lam * covariance
