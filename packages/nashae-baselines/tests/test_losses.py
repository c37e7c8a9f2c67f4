import math

import pytest
import torch
from torch import Tensor
from torch.distributions import Bernoulli, Independent, Normal, kl_divergence

from nashae_baselines import bernoulli_nll, beta_vae_loss, gaussian_kl, gaussian_nll, sampled_kl

SHAPES = [(7,), (7, 12), (7, 3, 8, 8)]
STANDARD = Normal(0.0, 1.0)


def same(found: Tensor, expected: Tensor) -> None:
    torch.testing.assert_close(found, expected, atol=0, rtol=1e-13)


@pytest.fixture
def posterior(seeded) -> tuple[Tensor, Tensor]:
    """Means and log-variances of 5 observations and 4 latents, from narrow to wide."""
    mean = torch.randn(5, 4, dtype=torch.float64, generator=seeded(0)).mul(2)
    log_variance = torch.randn(5, 4, dtype=torch.float64, generator=seeded(1)).mul(2)
    return mean, log_variance


def normal(mean: Tensor, log_variance: Tensor) -> Normal:
    return Normal(mean, log_variance.exp().sqrt())


@pytest.mark.parametrize("shape", SHAPES)
def test_gaussian_nll_is_minus_the_log_density_of_unit_variance(seeded, shape):
    x = torch.randn(shape, dtype=torch.float64, generator=seeded(0))
    reconstruction = torch.randn(shape, dtype=torch.float64, generator=seeded(1))
    density = Independent(Normal(reconstruction, 1.0), len(shape) - 1)
    same(gaussian_nll(reconstruction, x), -density.log_prob(x).mean())


def test_gaussian_nll_by_hand():
    # Errors 1 and 2 in one observation of two elements: ½(1 + 4) + log 2π.
    found = gaussian_nll(torch.tensor([[1.0, 5.0]]), torch.tensor([[0.0, 3.0]]))
    assert found.item() == pytest.approx(2.5 + math.log(2 * math.pi), rel=1e-6)


@pytest.mark.parametrize("shape", SHAPES)
def test_bernoulli_nll_is_minus_the_log_probability(seeded, shape):
    x = torch.rand(shape, generator=seeded(0)).round().double()
    logits = torch.randn(shape, dtype=torch.float64, generator=seeded(1)).mul(3)
    mass = Independent(Bernoulli(logits=logits), len(shape) - 1)
    same(bernoulli_nll(logits, x), -mass.log_prob(x).mean())


def test_bernoulli_nll_of_grey_pixels_is_the_blend_of_black_and_white(seeded):
    grey = torch.rand(7, 12, dtype=torch.float64, generator=seeded(0))
    logits = torch.randn(7, 12, dtype=torch.float64, generator=seeded(1))
    pixels = Bernoulli(logits=logits)
    white, black = (pixels.log_prob(torch.full_like(grey, value)) for value in (1.0, 0.0))
    same(bernoulli_nll(logits, grey), -(grey * white + (1 - grey) * black).sum(1).mean())


def test_bernoulli_nll_is_finite_at_extreme_logits():
    # −log sigmoid(±1000) is 1000 on the wrong side and 0 on the right one.
    logits, x = torch.tensor([[1000.0, -1000.0]]), torch.tensor([[1.0, 1.0]])
    assert bernoulli_nll(logits, x).item() == 1000


def test_gaussian_kl_is_zero_at_the_prior_and_positive_elsewhere(posterior):
    assert gaussian_kl(torch.zeros(2, 3), torch.zeros(2, 3)).abs().max() == 0
    assert gaussian_kl(*posterior).min() > 0


def test_the_mean_of_sampled_kl_is_gaussian_kl(posterior, seeded):
    n = 20_000
    mean, log_variance = (p.repeat(n, 1) for p in posterior)
    noise = torch.randn(mean.shape, dtype=torch.float64, generator=seeded(3))
    draws = sampled_kl(mean + noise * (0.5 * log_variance).exp(), mean, log_variance)
    draws = draws.view(n, *posterior[0].shape)
    standard_error = draws.std(0) / math.sqrt(n)
    # 20 means, each within 4 standard errors: all but one seed in eight hundred.
    assert ((draws.mean(0) - gaussian_kl(*posterior)).abs() < 4 * standard_error).all()
    assert (standard_error < 0.1 * gaussian_kl(*posterior)).all()


def test_beta_vae_loss_by_hand():
    # KL of the two observations: 1 + 2 and 3 + 6, mean 6.
    nll, kl = torch.tensor(10.0), torch.tensor([[1.0, 2.0], [3.0, 6.0]])
    assert beta_vae_loss(nll, kl, 0.0).item() == 10
    assert beta_vae_loss(nll, kl, 1.0).item() == 16
    assert beta_vae_loss(nll, kl, 2.5).item() == 25


def test_beta_1_is_the_negative_evidence_lower_bound(posterior, seeded):
    q = normal(*posterior)
    x, decoded = (torch.randn(5, 6, dtype=torch.float64, generator=seeded(s)) for s in (4, 5))
    bound = Normal(decoded, 1.0).log_prob(x).sum(1) - kl_divergence(q, STANDARD).sum(1)
    loss = beta_vae_loss(gaussian_nll(decoded, x), gaussian_kl(*posterior), 1.0)
    same(loss, -bound.mean())
