"""The losses of variational autoencoders and of their rivals as pure functions of tensors.

A posterior q(z|x) is a diagonal Gaussian with `mean` and `log_variance`, both (batch, m); the prior
p(z) is standard normal. All are in nats.
"""

import math
from typing import Literal, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from nashae_core.arguments import check_alike, check_tensors, seeded, whole
from nashae_core.kernels.precision import full_precision

LOG_2PI = math.log(2 * math.pi)


def gaussian_nll(
    reconstruction: Float[Tensor, "batch *shape"], observations: Float[Tensor, "batch *shape"]
) -> Float[Tensor, ""]:
    """−log p(x|z) of a Gaussian of unit variance, summed over elements, mean over the batch."""
    check_alike(reconstruction=reconstruction, observations=observations)
    return 0.5 * _total((observations - reconstruction).square() + LOG_2PI)


def bernoulli_nll(
    logits: Float[Tensor, "batch *shape"], observations: Float[Tensor, "batch *shape"]
) -> Float[Tensor, ""]:
    """−log p(x|z) of Bernoulli pixels with these logits, x in [0, 1]; summed, batch mean."""
    check_alike(logits=logits, observations=observations)
    return _total(F.binary_cross_entropy_with_logits(logits, observations, reduction="none"))


def _total(loss: Float[Tensor, "batch *shape"]) -> Float[Tensor, ""]:
    """Summed over elements, mean over the batch; the sum of a batch would leave float16."""
    total = loss.sum(dtype=torch.promote_types(loss.dtype, torch.float32))
    return (total / len(loss)).to(loss.dtype)


def gaussian_kl(
    mean: Float[Tensor, "batch m"], log_variance: Float[Tensor, "batch m"]
) -> Float[Tensor, "batch m"]:
    """KL(q(z|x) ‖ p(z)) of each latent in closed form (Kingma & Welling 2014, appendix B)."""
    check_alike("batch m", mean=mean, log_variance=log_variance)
    return 0.5 * (mean.square() + log_variance.exp() - log_variance - 1)


def sampled_kl(
    sample: Float[Tensor, "batch m"],
    mean: Float[Tensor, "batch m"],
    log_variance: Float[Tensor, "batch m"],
) -> Float[Tensor, "batch m"]:
    """An unbiased estimate of each latent's KL: log q(z|x) − log p(z) at a sample of q."""
    check_alike("batch m", sample=sample, mean=mean, log_variance=log_variance)
    log_p = -0.5 * (sample.square() + LOG_2PI)
    return _log_density(sample, mean, log_variance) - log_p


def _log_density(at: Tensor, mean: Tensor, log_variance: Tensor) -> Tensor:
    """The logarithm of each Gaussian's density at `at`; the three shapes are broadcast."""
    return -0.5 * (log_variance + (at - mean).square() / log_variance.exp() + LOG_2PI)


def beta_vae_loss(
    nll: Float[Tensor, ""], kl: Float[Tensor, "batch m"], beta: float
) -> Float[Tensor, ""]:
    """The loss nll + β·KL; KL summed over latents, batch mean (Higgins et al. 2017, eq. 4)."""
    _check_kl(nll, kl)
    return nll + beta * kl.sum(1).mean()


def annealed_vae_loss(
    nll: Float[Tensor, ""], kl: Float[Tensor, "batch m"], gamma: float, capacity: float
) -> Float[Tensor, ""]:
    """The loss nll + γ·|KL − C|, C in nats; KL as in `beta_vae_loss` (Burgess et al. 2018, eq. 8).

    The mean KL of the batch is what is held at C, not the KL of each observation.
    """
    _check_kl(nll, kl)
    return nll + gamma * (kl.sum(1).mean() - capacity).abs()


def code_covariance(codes: Float[Tensor, "batch m"]) -> Float[Tensor, "m m"]:
    """The biased covariance of a batch of codes, E[z zᵀ] − E[z] E[z]ᵀ."""
    check_tensors("batch m", codes=codes)
    centred = codes - codes.mean(0)
    # Autocast would round the product to 8 bits.
    with full_precision(codes.device):
        return centred.mT @ centred / len(codes)


def dip_penalty(
    covariance: Float[Tensor, "m m"], off_diagonal: float, diagonal: float
) -> Float[Tensor, ""]:
    """λ_od·Σ_{i≠j} C_ij² + λ_d·Σ_i (C_ii − 1)²: how far C is from the prior's covariance.

    Source: Kumar et al. 2018, the objectives of DIP-VAE-I and DIP-VAE-II.
    """
    check_tensors("m m", covariance=covariance)
    if covariance.shape[0] != covariance.shape[1]:
        raise ValueError(f"covariance must be (m, m); got {tuple(covariance.shape)}")
    variances = covariance.diagonal()
    others = covariance - variances.diag()
    return off_diagonal * others.square().sum() + diagonal * (variances - 1).square().sum()


def covariance_penalty(codes: Float[Tensor, "batch m"]) -> Float[Tensor, ""]:
    """Σ_{i≠j} |Cov(z_i, z_j)|, Cov the biased covariance of the batch; each pair counts twice.

    The absolute value has the unit of NashAE's Σ_i Cov(z′_i, z_i), that of a variance of codes, so
    that one λ weighs the two alike; the square, as DIP-VAE has it, would be of that unit squared.
    """
    covariance = code_covariance(codes)
    return (covariance - covariance.diagonal().diag()).abs().sum()


def _check_kl(nll: Tensor, kl: Tensor) -> None:
    check_tensors("batch m", kl=kl)
    check_tensors(nll=nll)
    if nll.dim():
        raise ValueError(f"nll must be one number, the batch's mean; got {tuple(nll.shape)}")


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
    check_alike("batch m", sample=sample, mean=mean, log_variance=log_variance)
    observations, given = whole(observations, "observations"), sample.dtype
    sample, mean, log_variance = sample.double(), mean.double(), log_variance.double()
    log_weights = _log_weights(len(sample), observations, sampling, sample)
    log_q = _log_density(sample[:, None], mean, log_variance)  # log q(z_i,d | x_j), (i, j, d)
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
    codes: Float[Tensor, "batch m"], generator: torch.Generator | int
) -> Float[Tensor, "batch m"]:
    """Each latent's codes in an order of their own: samples of the product of the marginals.

    `generator` draws the orders; an int seeds one.

    Source: Kim & Mnih 2018, algorithm 1.
    """
    check_tensors("batch m", codes=codes)
    generator = seeded(generator, codes.device)
    keys = torch.rand(codes.shape, generator=generator, device=codes.device, dtype=torch.float32)
    return codes.gather(0, keys.argsort(0))


def discriminator_loss(
    joint: Float[Tensor, " batch"], product: Float[Tensor, " batch"]
) -> Float[Tensor, ""]:
    """Cross-entropy of logits that should be high for the joint and low for the product.

    −½·mean log D(z) − ½·mean log(1 − D(z̃)), D the sigmoid of the logits (Kim & Mnih 2018, eq. 3).
    Of a generative adversarial network, `joint` are the logits of what is real (samples of the
    prior, observations), `product` those of what is made (Goodfellow et al. 2014, eq. 1, halved).
    """
    check_tensors("batch", joint=joint)
    check_tensors("batch", product=product)
    return 0.5 * (F.softplus(-joint).mean() + F.softplus(product).mean())


def generator_loss(made: Float[Tensor, " batch"]) -> Float[Tensor, ""]:
    """−mean log D of the logits of what is made, which are to pass for those of what is real."""
    # Differs from the paper: the games of Makhzani et al. 2016 and Chen et al. 2016 are minimax, in
    # which log(1 − D) is lowered; its gradient vanishes where D is sure (Goodfellow et al. 2014).
    check_tensors("batch", made=made)
    return F.softplus(-made).mean()


def code_nll(
    codes: Float[Tensor, "batch m"],
    mean: Float[Tensor, "batch m"],
    log_variance: Float[Tensor, "batch m"],
) -> Float[Tensor, ""]:
    """−log Q(c|x) of codes under a diagonal Gaussian, summed over latents, mean over the batch.

    The entropy of the codes less this is a lower bound of the mutual information of codes and
    observations (Chen et al. 2016, eq. 4 and 5).
    """
    check_alike("batch m", codes=codes, mean=mean, log_variance=log_variance)
    return -_log_density(codes, mean, log_variance).sum(1).mean()
