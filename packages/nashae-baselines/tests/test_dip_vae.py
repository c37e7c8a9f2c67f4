import numpy as np
import pytest
import torch

from nashae_baselines import DIPVAE, VAE, Posterior, VAEConfig, code_covariance, dip_penalty
from nashae_core import TrainConfig, train


def test_the_penalty_by_hand():
    # Off the diagonal 2·0.5², on it (2 − 1)² + (0.5 − 1)²: 10 · 0.5 + 4 · 1.25.
    covariance = torch.tensor([[2.0, 0.5], [0.5, 0.5]])
    assert dip_penalty(covariance, 10.0, 4.0).item() == 10.0
    assert dip_penalty(torch.eye(3), 10.0, 4.0).item() == 0.0


def test_the_penalty_of_codes_is_what_a_loop_over_numpys_covariance_gives(seeded):
    codes = torch.randn(7, 4, generator=seeded(0), dtype=torch.float64)
    covariance = np.cov(codes.numpy().T, bias=True)
    expected = 0.0
    for i in range(4):
        for j in range(4):
            entry = covariance[i, j]
            expected += 3.0 * (entry - 1) ** 2 if i == j else 2.0 * entry**2
    found = dip_penalty(code_covariance(codes), 2.0, 3.0)
    assert found.item() == pytest.approx(expected, rel=1e-12)


def test_the_covariance_is_not_rounded_under_autocast(seeded):
    codes = torch.rand(50, 4, generator=seeded(0))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        rounded = code_covariance(codes)
    assert torch.equal(rounded, code_covariance(codes))


def test_without_weights_the_loss_is_the_vaes_with_the_closed_kl(make_model, rows, seeded):
    model = make_model(DIPVAE, off_diagonal=0.0, diagonal=0.0)
    vae = VAE(model.encoder, model.decoder, VAEConfig(kl="closed"))
    (ours,), (theirs,) = (list(m.turns([rows], 0, seeded(3))) for m in (model, vae))
    assert torch.equal(ours.loss, theirs.loss)
    assert ours.terms["penalty"] == 0


@pytest.mark.parametrize("kind", ["i", "ii"])
def test_the_loss_is_the_vaes_and_the_penalty_of_the_kinds_covariance(
    make_model, rows, seeded, kind
):
    model = make_model(DIPVAE, off_diagonal=2.0, diagonal=3.0, kind=kind)
    vae = VAE(model.encoder, model.decoder, VAEConfig(kl="closed"))
    (ours,), (theirs,) = (list(m.turns([rows], 0, seeded(3))) for m in (model, vae))
    mean, log_variance = (part.detach().numpy() for part in model.posterior(rows))
    covariance = np.cov(mean.T, bias=True)
    if kind == "ii":
        covariance += np.diag(np.exp(log_variance).mean(0))
    penalty = dip_penalty(torch.tensor(covariance), 2.0, 3.0)
    torch.testing.assert_close(ours.loss, theirs.loss + penalty)
    torch.testing.assert_close(ours.terms["penalty"], penalty)


def test_the_covariance_of_kind_ii_is_that_of_samples_of_q(make_model, seeded):
    n = 40_000
    mean = torch.randn(5, 3, generator=seeded(0), dtype=torch.float64)
    log_variance = torch.randn(5, 3, generator=seeded(1), dtype=torch.float64)
    noise = torch.randn(n, 5, 3, generator=seeded(2), dtype=torch.float64)
    samples = (mean + noise * (log_variance / 2).exp()).flatten(0, 1)
    found = make_model(DIPVAE, kind="ii").covariance(Posterior(mean, log_variance))
    # A standard error is about 0.01; a missing variance would be off by 1.
    torch.testing.assert_close(found, code_covariance(samples), atol=0.06, rtol=0)


def test_the_penalty_draws_the_covariance_of_the_codes_to_the_priors(make_model, rows, seeded):
    distances = []
    for weight in (0.0, 10.0):
        model = make_model(DIPVAE, off_diagonal=weight, diagonal=weight)
        train(model, rows, TrainConfig(steps=200, batch_size=30), seeded(1))
        distances.append(dip_penalty(code_covariance(model.encode(rows)), 1.0, 1.0).item())
    assert distances[1] < 0.5 * distances[0]
