"""The parts of the KL divergence against loops, limits and enumeration."""

import math
from itertools import combinations

import pytest
import torch
from torch import Tensor
from torch.distributions import Normal

from nashae_baselines import kl_terms, sampled_kl
from nashae_baselines.decomposition import _log_weights

N = 50
SAMPLINGS = ["weighted", "stratified"]


def posteriors(seeded, batch: int = 6, m: int = 3) -> tuple[Tensor, Tensor, Tensor]:
    draw = seeded(0)
    mean, log_variance, noise = (
        torch.randn(batch, m, generator=draw, dtype=torch.float64) for _ in range(3)
    )
    return mean + noise * (log_variance / 2).exp(), mean, log_variance


def weight(i: int, j: int, batch: int, sampling: str) -> float:
    if sampling == "weighted":
        return 1 / (N * batch)
    return 1 / N if i == j else (N - 1) / (N * (batch - 1))


@pytest.mark.parametrize("sampling", SAMPLINGS)
def test_they_are_what_a_loop_over_densities_gives(seeded, sampling):
    sample, mean, log_variance = posteriors(seeded)
    batch, m = sample.shape
    q = [
        [Normal(mean[j, d], (log_variance[j, d] / 2).exp()) for d in range(m)] for j in range(batch)
    ]
    mi = tc = dimension_wise = 0.0
    for i in range(batch):
        density = [[q[j][d].log_prob(sample[i, d]).exp() for d in range(m)] for j in range(batch)]
        w = [weight(i, j, batch, sampling) for j in range(batch)]
        joint = math.log(sum(w[j] * math.prod(density[j]) for j in range(batch)))
        marginals = sum(math.log(sum(w[j] * density[j][d] for j in range(batch))) for d in range(m))
        own = sum(math.log(density[i][d]) for d in range(m))
        prior = Normal(0.0, 1.0).log_prob(sample[i]).sum().item()
        mi += (own - joint) / batch
        tc += (joint - marginals) / batch
        dimension_wise += (marginals - prior) / batch
    found = kl_terms(sample, mean, log_variance, N, sampling=sampling)
    torch.testing.assert_close(torch.stack(found), torch.tensor([mi, tc, dimension_wise]).double())


@pytest.mark.parametrize("sampling", SAMPLINGS)
def test_their_sum_is_the_sampled_kl(seeded, sampling):
    sample, mean, log_variance = posteriors(seeded)
    whole = sampled_kl(sample, mean, log_variance).sum(1).mean()
    parts = kl_terms(sample, mean, log_variance, N, sampling=sampling)
    torch.testing.assert_close(torch.stack(parts).sum(), whole, atol=1e-12, rtol=0)


def test_of_one_posterior_for_all_nothing_is_correlated(seeded):
    """q(z) is then that Gaussian, so that stratified sampling has no error."""
    sample = torch.randn(6, 3, generator=seeded(1), dtype=torch.float64)
    zeros = torch.zeros_like(sample)
    mi, tc, dimension_wise = kl_terms(sample, zeros, zeros, N, sampling="stratified")
    torch.testing.assert_close(torch.stack([mi, tc, dimension_wise]), zeros[0], atol=1e-12, rtol=0)


def test_the_bias_of_weighted_sampling_is_a_constant(seeded):
    """Chen et al. weigh by 1/(N·M) where the sum over M terms wants 1/M."""
    sample = torch.randn(6, 3, generator=seeded(1), dtype=torch.float64)
    zeros = torch.zeros_like(sample)
    mi, tc, dimension_wise = kl_terms(sample, zeros, zeros, N)
    expected = math.log(N) * torch.tensor([1.0, 2.0, -3.0]).double()
    torch.testing.assert_close(torch.stack([mi, tc, dimension_wise]), expected)


def test_stratified_sampling_is_unbiased_over_all_batches(seeded):
    """Over every batch of 3 of a data set of 5 that holds x_0, the mean density is exact."""
    _, mean, log_variance = posteriors(seeded, batch=5, m=1)
    densities = Normal(mean, (log_variance / 2).exp()).log_prob(torch.tensor([[0.3]])).exp()[:, 0]
    weights = _log_weights(3, 5, "stratified", densities)[0].exp()
    batches = [[0, *others] for others in combinations(range(1, 5), 2)]
    estimates = torch.stack([(weights * densities[batch]).sum() for batch in batches])
    torch.testing.assert_close(estimates.mean(), densities.mean())


def test_latents_that_repeat_each_other_are_correlated(seeded):
    draw = seeded(2)
    mean = torch.randn(200, 1, generator=draw, dtype=torch.float64)
    log_variance = torch.full((200, 1), -3.0, dtype=torch.float64)
    sample = mean + torch.randn(200, 1, generator=draw, dtype=torch.float64) * math.exp(-1.5)
    other = torch.randn(200, 1, generator=draw, dtype=torch.float64)

    def total_correlation(second: Tensor) -> float:
        return kl_terms(
            torch.cat([sample, second], 1),
            torch.cat([mean, second], 1),
            log_variance.expand(200, 2),
            200,
            sampling="stratified",
        ).total_correlation.item()

    assert total_correlation(mean) > total_correlation(other) + 1


def test_very_narrow_posteriors_have_finite_gradients():
    """The first steps of a strongly weighted run go there; exp(100) is infinite in float32."""
    log_variance = torch.tensor([[-100.0], [0.0], [2.0]], requires_grad=True)
    mean = torch.tensor([[0.0], [1.0], [-1.0]], requires_grad=True)
    sample = mean + torch.tensor([[0.5], [-0.3], [0.1]]) * (log_variance / 2).exp()
    mi, tc, dimension_wise = kl_terms(sample, mean, log_variance, N)
    assert mi.dtype == torch.float32
    for gradient in torch.autograd.grad(mi + 50 * tc + dimension_wise, (mean, log_variance)):
        assert gradient.isfinite().all()


@pytest.mark.parametrize(("batch", "sampling"), [(1, "weighted"), (1, "stratified")])
def test_one_observation_is_no_batch(seeded, batch, sampling):
    sample, mean, log_variance = posteriors(seeded, batch=batch)
    with pytest.raises(
        ValueError, match=r"a batch must have at least 2 observations.* all 50; got 1"
    ):
        kl_terms(sample, mean, log_variance, N, sampling=sampling)


def test_stratified_sampling_refuses_a_batch_larger_than_the_data(seeded):
    with pytest.raises(ValueError, match="at most all 5; got 6"):
        kl_terms(*posteriors(seeded), 5, sampling="stratified")
