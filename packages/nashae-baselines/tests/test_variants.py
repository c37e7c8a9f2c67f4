"""β-TCVAE and FactorVAE: their steps, and what is refused."""

import copy

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from nashae_baselines import VAE, BetaTCVAE, FactorVAE, discriminator, permuted
from nashae_core import TrainConfig, train

CONFIG = TrainConfig(steps=12, batch_size=10, record_every=4)


@pytest.mark.parametrize("sampling", ["weighted", "stratified"])
def test_beta_tcvae_at_beta_one_is_the_vae(make_model, rows, seeded, sampling):
    ours, vae = make_model(BetaTCVAE, beta=1.0, sampling=sampling), make_model(VAE)
    train(ours, rows, CONFIG, seeded(1))
    train(vae, rows, CONFIG, seeded(1))
    for name, weight in vae.state_dict().items():
        torch.testing.assert_close(ours.state_dict()[name], weight, atol=1e-10, rtol=0)


def test_beta_weighs_the_total_correlation_alone(make_model, rows, seeded):
    losses = []
    for beta in (1.0, 4.0):
        (turn,) = make_model(BetaTCVAE, beta=beta).turns([rows[:10]], 0, seeded(1))
        losses.append((turn.loss, turn.terms["tc"]))
    torch.testing.assert_close(losses[1][0] - losses[0][0], 3 * losses[0][1])


def test_steps_of_factor_vae_are_those_written_out(make_model, rows, seeded):
    """Against plain PyTorch: Adam twice, binary cross-entropy, log D − log(1 − D)."""
    model = make_model(FactorVAE, beta=5.0, lr=1e-2, discriminator_lr=1e-3)
    encoder, decoder, judge = (
        copy.deepcopy(part) for part in (model.encoder, model.decoder, model.discriminator)
    )
    autoencoder = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=1e-2)
    critic = torch.optim.Adam(judge.parameters(), lr=1e-3, betas=(0.5, 0.9))
    batches: list[list[Tensor]] = []

    class Noted(FactorVAE):
        def turns(self, given, step, generator):
            batches.append(list(given))
            return super().turns(given, step, generator)

    noted = Noted(model.encoder, model.decoder, model.discriminator, model.config)
    first = seeded(4)
    train(noted, rows, TrainConfig(steps=5, batch_size=10, record_every=1), first)
    draws = seeded(4)
    noise = seeded(int(torch.randint(2**62, (), generator=draws)))
    for x, others in batches:
        assert not torch.equal(x, others)
        mean, log_variance = encoder(x).chunk(2, 1)
        drawn = torch.randn(mean.shape, generator=noise, dtype=mean.dtype)
        z = mean + drawn * (log_variance / 2).exp()
        q = torch.distributions.Normal(mean, (log_variance / 2).exp())
        p = torch.distributions.Normal(torch.zeros_like(z), 1.0)
        unit = torch.distributions.Normal(decoder(z), 1.0)
        d = torch.sigmoid(judge(z)).clamp(1e-12, 1 - 1e-12)
        loss = -unit.log_prob(x).sum(1).mean() + (q.log_prob(z) - p.log_prob(z)).sum(1).mean()
        loss = loss + 5.0 * (d.log() - (1 - d).log()).mean()
        autoencoder.zero_grad()
        loss.backward()
        autoencoder.step()
        with torch.no_grad():
            mean, log_variance = encoder(others).chunk(2, 1)
            drawn = torch.randn(mean.shape, generator=noise, dtype=mean.dtype)
            z = mean + drawn * (log_variance / 2).exp()
        product = permuted(z, noise)
        logits = torch.cat([judge(z), judge(product)])
        target = torch.cat([torch.ones(10, 1), torch.zeros(10, 1)]).double()
        critic.zero_grad()
        F.binary_cross_entropy_with_logits(logits, target).backward()
        critic.step()
    for ours, theirs in (
        (model.encoder, encoder),
        (model.decoder, decoder),
        (model.discriminator, judge),
    ):
        for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
            torch.testing.assert_close(a, b, atol=1e-9, rtol=0)


def test_permuted_latents_keep_their_values_and_lose_each_other(seeded):
    codes = torch.arange(200.0).view(100, 2)
    shuffled = permuted(codes, seeded(0))
    assert torch.equal(shuffled.sort(0).values, codes)
    assert not torch.equal(shuffled[:, 0] + 1, shuffled[:, 1])
    assert torch.equal(shuffled, permuted(codes, seeded(0)))


def test_the_discriminator_is_the_authors():
    assert discriminator(4, generator=torch.Generator()).sizes == (4, 1024, 1024, 1024, 1)
