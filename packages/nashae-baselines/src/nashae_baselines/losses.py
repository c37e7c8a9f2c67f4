"""The losses of variational autoencoders as pure functions of tensors.

A posterior q(z|x) is a diagonal Gaussian with `mean` and `log_variance`, both (batch, m); the prior
p(z) is standard normal. All are in nats.
"""

import math
from typing import Literal, NamedTuple

import torch
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


Sampling = Literal["weighted", "stratified"]


class KLTerms(NamedTuple):
    """The parts of the KL divergence, whose sum estimates it (Chen et al. 2018, eq. 2)."""

    mutual_information: Float[Tensor, ""]
    total_correlation: Float[Tensor, ""]
    dimension_wise_kl: Float[Tensor, ""]


def kl_terms(
    sample: Float[Tensor, "batch m"],
    mean: Float[Tensor, "batch m"],
    log_variance: Float[Tensor, "batch m"],
    observations: int,
    *,
    sampling: Sampling = "weighted",
) -> KLTerms:
    """Mutual information, total correlation and dimension-wise KL of a batch of samples of q(z|x).

    `observations` is N, the size of the data set. q(z) is estimated from the batch of M: by
    minibatch-weighted sampling, whose estimates are biased by log N M in place of log N, or by
    minibatch-stratified sampling, which is unbiased within the batch.

    Raises `ValueError` for a batch of fewer than two, or larger than the data set where sampling is
    stratified.

    Source: Chen et al. 2018, eq. 2 and appendix C.
    """
    # In float64: early in training a posterior can be so narrow that its density at another's
    # sample leaves float32, and the gradient is then not a number.
    given = sample.dtype
    sample, mean, log_variance = sample.double(), mean.double(), log_variance.double()
    log_weights = _log_weights(len(sample), observations, sampling, sample)
    spread = (sample[:, None] - mean).square() / log_variance.exp()
    # log q(z_i,d | x_j), (i, j, d)
    log_q = -0.5 * (log_variance + spread + LOG_2PI)
    joint = torch.logsumexp(log_q.sum(2) + log_weights, dim=1)
    marginals = torch.logsumexp(log_q + log_weights[..., None], dim=1).sum(1)
    log_q_given_x = log_q.sum(2).diagonal()
    log_p = -0.5 * (sample.square() + LOG_2PI).sum(1)
    terms = (log_q_given_x - joint, joint - marginals, marginals - log_p)
    return KLTerms(*(term.mean().to(given) for term in terms))


def _log_weights(
    batch: int, observations: int, sampling: Sampling, like: Tensor
) -> Float[Tensor, "batch batch"]:
    """The logarithm of the weight of x_j in the estimate of q(z_i)."""
    if sampling not in ("weighted", "stratified"):
        raise ValueError(f"sampling must be weighted or stratified; got {sampling!r}")
    if batch < 2 or (sampling == "stratified" and batch > observations):
        raise ValueError(
            f"a batch of {batch} of {observations} observations: it must have at least 2, and for "
            "stratified sampling at most all of them"
        )
    if sampling == "weighted":
        return like.new_full((batch, batch), -math.log(observations * batch))
    # Each z_i has come from its own x_i, which is one of N; the others stand for the N − 1 others.
    # Differs from the paper: one of the others has a smaller weight there; here all are equal,
    # which is unbiased as well and varies less.
    others = (observations - 1) / (observations * (batch - 1))
    weights = like.new_full((batch, batch), others)
    return weights.fill_diagonal_(1 / observations).log()


def permuted(
    codes: Float[Tensor, "batch m"], generator: torch.Generator
) -> Float[Tensor, "batch m"]:
    """Each latent's codes in an order of their own: samples of the product of the marginals.

    Source: Kim & Mnih 2018, algorithm 1.
    """
    keys = torch.rand(codes.shape, generator=generator, device=codes.device)
    return codes.gather(0, keys.argsort(0))


def discriminator_loss(
    joint: Float[Tensor, " batch"], product: Float[Tensor, " batch"]
) -> Float[Tensor, ""]:
    """Cross-entropy of logits that should be high for the joint and low for the product.

    −½·mean log D(z) − ½·mean log(1 − D(z̃)), D the sigmoid of the logits (Kim & Mnih 2018, eq. 3).
    """
    return 0.5 * (F.softplus(-joint).mean() + F.softplus(product).mean())
