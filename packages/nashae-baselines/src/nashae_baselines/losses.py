"""The losses of variational autoencoders as pure functions of tensors.

A posterior q(z|x) is a diagonal Gaussian with `mean` and `log_variance`, both (batch, m); the prior
p(z) is standard normal. All are in nats.
"""

import math

from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

LOG_2PI = math.log(2 * math.pi)


def gaussian_nll(
    reconstruction: Float[Tensor, "batch *shape"], observations: Float[Tensor, "batch *shape"]
) -> Float[Tensor, ""]:
    """−log p(x|z) of a Gaussian of unit variance, summed over elements, mean over the batch."""
    error = (observations - reconstruction).square() + LOG_2PI
    return 0.5 * error.sum() / len(error)


def bernoulli_nll(
    logits: Float[Tensor, "batch *shape"], observations: Float[Tensor, "batch *shape"]
) -> Float[Tensor, ""]:
    """−log p(x|z) of Bernoulli pixels with these logits, x in [0, 1]; summed, batch mean."""
    loss = F.binary_cross_entropy_with_logits(logits, observations, reduction="none")
    return loss.sum() / len(loss)


def gaussian_kl(
    mean: Float[Tensor, "batch m"], log_variance: Float[Tensor, "batch m"]
) -> Float[Tensor, "batch m"]:
    """KL(q(z|x) ‖ p(z)) of each latent in closed form (Kingma & Welling 2014, appendix B)."""
    return 0.5 * (mean.square() + log_variance.exp() - log_variance - 1)


def sampled_kl(
    sample: Float[Tensor, "batch m"],
    mean: Float[Tensor, "batch m"],
    log_variance: Float[Tensor, "batch m"],
) -> Float[Tensor, "batch m"]:
    """An unbiased estimate of each latent's KL: log q(z|x) − log p(z) at a sample of q."""
    log_q = -0.5 * (log_variance + (sample - mean).square() / log_variance.exp() + LOG_2PI)
    log_p = -0.5 * (sample.square() + LOG_2PI)
    return log_q - log_p


def beta_vae_loss(
    nll: Float[Tensor, ""], kl: Float[Tensor, "batch m"], beta: float
) -> Float[Tensor, ""]:
    """The loss nll + β·KL; KL summed over latents, batch mean (Higgins et al. 2017, eq. 4)."""
    return nll + beta * kl.sum(1).mean()
