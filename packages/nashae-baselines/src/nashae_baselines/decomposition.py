"""The parts of the KL divergence: mutual information, total correlation, dimension-wise KL."""

import math
from typing import Literal, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from nashae_baselines.checks import check_choice
from nashae_baselines.losses import LOG_2PI, log_density
from nashae_core.arguments import check_alike, whole

Sampling = Literal["weighted", "stratified"]


class KLTerms(NamedTuple):
    """The parts of the KL divergence, in nats, whose sum estimates it (Chen et al. 2018, eq. 2)."""

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

    q(z) is estimated from the batch of M: by minibatch-weighted sampling, whose estimates are
    biased by a constant (log N·M instead of log N), or by minibatch-stratified sampling, which is
    unbiased within the batch.

    Args:
        sample: (batch, m), drawn from the posteriors; batch ≥ 2.
        mean: (batch, m), of the posteriors.
        log_variance: (batch, m), of the posteriors.
        observations: N, the size of the data set.
        sampling: "weighted" or "stratified".

    Raises:
        ValueError: the batch is smaller than two, or, for stratified sampling, larger than N.

    Source: Chen et al. 2018, eq. 2 and appendix C, https://arxiv.org/abs/1802.04942.
    """
    # In float64: early in training a posterior can be so narrow that its density at another's
    # sample leaves float32, and the gradient is then not a number.
    check_alike("batch m", sample=sample, mean=mean, log_variance=log_variance)
    observations, given = whole(observations, "observations"), sample.dtype
    sample, mean, log_variance = sample.double(), mean.double(), log_variance.double()
    log_weights = _log_weights(len(sample), observations, sampling, sample)
    log_q = log_density(sample[:, None], mean, log_variance)  # log q(z_i,d | x_j), (i, j, d)
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
    check_choice("sampling", sampling, "weighted", "stratified")
    if batch < 2 or (sampling == "stratified" and batch > observations):
        raise ValueError(
            "a batch must have at least 2 observations, and for stratified sampling at most all "
            f"{observations}; got {batch}"
        )
    if sampling == "weighted":
        return like.new_full((batch, batch), -math.log(observations * batch))
    # Each z_i comes from its own x_i, one of N; the rest of the batch stands for the other N − 1.
    # Differs from the paper: one of the others has a smaller weight there; here all are equal,
    # which is unbiased as well and varies less.
    others = (observations - 1) / (observations * (batch - 1))
    weights = like.new_full((batch, batch), others)
    return weights.fill_diagonal_(1 / observations).log()
