"""The losses of the methods as pure functions of tensors, in nats.

A posterior q(z|x) is a diagonal Gaussian with `mean` and `log_variance`, both (batch, m); the prior
p(z) is standard normal. All raise `ValueError` for tensors of other shapes or types.
"""

import math

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from nashae_core.arguments import check_alike, check_tensors, seeded
from nashae_core.kernels.precision import full_precision

LOG_2PI = math.log(2 * math.pi)


def gaussian_nll(
    reconstruction: Float[Tensor, "batch *shape"], observations: Float[Tensor, "batch *shape"]
) -> Float[Tensor, ""]:
    """−log p(x|z) of a Gaussian of unit variance, summed over elements, mean over the batch.

    Args:
        reconstruction: (batch, ...), the Gaussians' means.
        observations: (batch, ...), x.

    Example:
        >>> errors = torch.tensor([[1.0, 2.0]])
        >>> round(gaussian_nll(torch.zeros(1, 2), errors).item(), 4)  # ½·(1 + 4) + log 2π
        4.3379
    """
    check_alike(reconstruction=reconstruction, observations=observations)
    return 0.5 * _total((observations - reconstruction).square() + LOG_2PI)


def bernoulli_nll(
    logits: Float[Tensor, "batch *shape"], observations: Float[Tensor, "batch *shape"]
) -> Float[Tensor, ""]:
    """−log p(x|z) of Bernoulli pixels, summed over elements, mean over the batch.

    Args:
        logits: (batch, ...), the pixels' logits.
        observations: (batch, ...), x in [0, 1].
    """
    check_alike(logits=logits, observations=observations)
    return _total(F.binary_cross_entropy_with_logits(logits, observations, reduction="none"))


def _total(loss: Float[Tensor, "batch *shape"]) -> Float[Tensor, ""]:
    """Sum over elements, mean over the batch; the sum of a batch would overflow float16."""
    total = loss.sum(dtype=torch.promote_types(loss.dtype, torch.float32))
    return (total / len(loss)).to(loss.dtype)


def gaussian_kl(
    mean: Float[Tensor, "batch m"], log_variance: Float[Tensor, "batch m"]
) -> Float[Tensor, "batch m"]:
    """KL(q(z|x) ‖ p(z)) of each observation and latent, (batch, m), in closed form.

    Args:
        mean: (batch, m), of the posterior.
        log_variance: (batch, m), of the posterior.

    Source: Kingma & Welling 2014, appendix B, https://arxiv.org/abs/1312.6114.
    """
    check_alike("batch m", mean=mean, log_variance=log_variance)
    return 0.5 * (mean.square() + log_variance.exp() - log_variance - 1)


def sampled_kl(
    sample: Float[Tensor, "batch m"],
    mean: Float[Tensor, "batch m"],
    log_variance: Float[Tensor, "batch m"],
) -> Float[Tensor, "batch m"]:
    """An unbiased estimate of `gaussian_kl`: log q(z|x) − log p(z) at a sample of q, (batch, m).

    Args:
        sample: (batch, m), drawn from the posterior.
        mean: (batch, m), of the posterior.
        log_variance: (batch, m), of the posterior.
    """
    check_alike("batch m", sample=sample, mean=mean, log_variance=log_variance)
    log_p = -0.5 * (sample.square() + LOG_2PI)
    return log_density(sample, mean, log_variance) - log_p


def log_density(at: Tensor, mean: Tensor, log_variance: Tensor) -> Tensor:
    """The logarithm of each Gaussian's density at `at`; the shapes are broadcast."""
    return -0.5 * (log_variance + (at - mean).square() / log_variance.exp() + LOG_2PI)


def beta_vae_loss(
    nll: Float[Tensor, ""], kl: Float[Tensor, "batch m"], beta: float
) -> Float[Tensor, ""]:
    """The loss nll + β·KL, the KL summed over latents, mean over the batch.

    Args:
        nll: −log p(x|z), mean over the batch.
        kl: (batch, m), each latent's KL.
        beta: β, the weight of the KL.

    Source: Higgins et al. 2017, eq. 4, https://openreview.net/forum?id=Sy2fzU9gl.

    Example:
        >>> beta_vae_loss(torch.tensor(10.0), torch.tensor([[1.0, 2.0]]), beta=4.0).item()
        22.0
    """
    _check_kl(nll, kl)
    return nll + beta * kl.sum(1).mean()


def annealed_vae_loss(
    nll: Float[Tensor, ""], kl: Float[Tensor, "batch m"], gamma: float, capacity: float
) -> Float[Tensor, ""]:
    """The loss nll + γ·|KL − C|, KL the batch mean as in `beta_vae_loss`.

    Args:
        nll: −log p(x|z), mean over the batch.
        kl: (batch, m), each latent's KL.
        gamma: γ, the weight of the distance.
        capacity: C, in nats.

    Source: Burgess et al. 2018, eq. 8, https://arxiv.org/abs/1804.03599.
    """
    _check_kl(nll, kl)
    return nll + gamma * (kl.sum(1).mean() - capacity).abs()


def code_covariance(codes: Float[Tensor, "batch m"]) -> Float[Tensor, "m m"]:
    """The biased covariance of codes (batch, m): E[z zᵀ] − E[z] E[z]ᵀ, (m, m)."""
    check_tensors("batch m", codes=codes)
    centred = codes - codes.mean(0)
    # Autocast would round the product to 8 bits.
    with full_precision(codes.device):
        return centred.mT @ centred / len(codes)


def dip_penalty(
    covariance: Float[Tensor, "m m"], off_diagonal: float, diagonal: float
) -> Float[Tensor, ""]:
    """The penalty of DIP-VAE: λ_od·Σ_{i≠j} C_ij² + λ_d·Σ_i (C_ii − 1)².

    Args:
        covariance: C, (m, m), of the codes; that of the prior is the identity.
        off_diagonal: λ_od.
        diagonal: λ_d.

    Source: Kumar et al. 2018, DIP-VAE-I and DIP-VAE-II, https://arxiv.org/abs/1711.00848.
    """
    check_tensors("m m", covariance=covariance)
    if covariance.shape[0] != covariance.shape[1]:
        raise ValueError(f"covariance must be (m, m); got {tuple(covariance.shape)}")
    variances = covariance.diagonal()
    others = covariance - variances.diag()
    return off_diagonal * others.square().sum() + diagonal * (variances - 1).square().sum()


def covariance_penalty(codes: Float[Tensor, "batch m"]) -> Float[Tensor, ""]:
    """Σ_{i≠j} |Cov(z_i, z_j)| of codes (batch, m), Cov biased; each pair counts twice.

    The absolute value has the unit of NashAE's Σ_i Cov(z′_i, z_i), the variance of codes, so that
    one λ weighs the two alike; DIP-VAE's square has that unit squared.
    """
    covariance = code_covariance(codes)
    return (covariance - covariance.diagonal().diag()).abs().sum()


def _check_kl(nll: Tensor, kl: Tensor) -> None:
    check_tensors("batch m", kl=kl)
    check_tensors(nll=nll)
    if nll.dim():
        raise ValueError(f"nll must be one number, the batch's mean; got {tuple(nll.shape)}")


def permuted(
    codes: Float[Tensor, "batch m"], generator: torch.Generator | int
) -> Float[Tensor, "batch m"]:
    """Samples of the product of the marginals: each latent's codes in a random order of their own.

    Args:
        codes: (batch, m).
        generator: draws the orders; an int seeds one.

    Source: Kim & Mnih 2018, algorithm 1, https://arxiv.org/abs/1802.05983.

    Example:
        >>> permuted(torch.arange(4.0)[:, None], 0).sort(0).values.flatten().tolist()
        [0.0, 1.0, 2.0, 3.0]
    """
    check_tensors("batch m", codes=codes)
    generator = seeded(generator, codes.device)
    keys = torch.rand(codes.shape, generator=generator, device=codes.device, dtype=torch.float32)
    return codes.gather(0, keys.argsort(0))


def discriminator_loss(
    joint: Float[Tensor, " batch"], product: Float[Tensor, " batch"]
) -> Float[Tensor, ""]:
    """The discriminator's cross-entropy: −½·mean log D(z) − ½·mean log(1 − D(z̃)).

    Args:
        joint: (batch,), logits of D for samples of the joint; for a generative adversarial network,
            of real inputs (samples of the prior, observations).
        product: (batch,), logits of D for samples of the product of the marginals, or of generated
            inputs.

    Source: Kim & Mnih 2018, eq. 3, https://arxiv.org/abs/1802.05983; Goodfellow et al. 2014, eq. 1,
    halved, https://arxiv.org/abs/1406.2661.
    """
    check_tensors("batch", joint=joint)
    check_tensors("batch", product=product)
    return 0.5 * (F.softplus(-joint).mean() + F.softplus(product).mean())


def generator_loss(made: Float[Tensor, " batch"]) -> Float[Tensor, ""]:
    """The generator's loss −mean log D(x̃), of logits (batch,) of D for generated inputs x̃."""
    # Differs from the paper: Makhzani et al. 2016 and Chen et al. 2016 lower log(1 − D), whose
    # gradient vanishes where D is certain (Goodfellow et al. 2014).
    check_tensors("batch", made=made)
    return F.softplus(-made).mean()


def code_nll(
    codes: Float[Tensor, "batch m"],
    mean: Float[Tensor, "batch m"],
    log_variance: Float[Tensor, "batch m"],
) -> Float[Tensor, ""]:
    """−log Q(c|x) of codes under a diagonal Gaussian, summed over latents, mean over the batch.

    The entropy of the codes minus this is a lower bound of the mutual information of codes and
    observations.

    Args:
        codes: (batch, m), c.
        mean: (batch, m), of Q(c|x).
        log_variance: (batch, m), of Q(c|x).

    Source: Chen, Duan et al. 2016, eq. 4 and 5, https://arxiv.org/abs/1606.03657.
    """
    check_alike("batch m", codes=codes, mean=mean, log_variance=log_variance)
    return -log_density(codes, mean, log_variance).sum(1).mean()
