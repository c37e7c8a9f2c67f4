"""β-TCVAE and FactorVAE: their steps, and what is refused."""

import copy

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from nashae_baselines import (
    VAE,
    BetaTCVAE,
    BetaTCVAEConfig,
    FactorVAE,
    FactorVAEConfig,
    VAEConfig,
    discriminator,
    discriminator_loss,
    permuted,
)
from nashae_core import MLP, TrainConfig, encode, train

INPUTS, LATENTS = 12, 3
CONFIG = TrainConfig(steps=12, batch_size=10, record_every=4)


def networks(seed: int) -> tuple[MLP, MLP]:
    generator = torch.Generator().manual_seed(seed)
    return (
        MLP((INPUTS, 10, 2 * LATENTS), generator=generator).double(),
        MLP((LATENTS, 10, INPUTS), generator=generator).double(),
    )


def tcvae(seed: int = 0, **options: object) -> BetaTCVAE:
    return BetaTCVAE(*networks(seed), BetaTCVAEConfig(observations=60, **options))


def factor_vae(seed: int = 0, **options: object) -> FactorVAE:
    judge = discriminator(LATENTS, 8, generator=torch.Generator().manual_seed(seed)).double()
    return FactorVAE(*networks(seed), judge, FactorVAEConfig(**options))


@pytest.mark.parametrize("sampling", ["weighted", "stratified"])
def test_beta_tcvae_at_beta_one_is_the_vae(rows, seeded, sampling):
    ours, vae = tcvae(beta=1.0, sampling=sampling), VAE(*networks(0), VAEConfig())
    train(ours, rows, CONFIG, seeded(1))
    train(vae, rows, CONFIG, seeded(1))
    for name, weight in vae.state_dict().items():
        torch.testing.assert_close(ours.state_dict()[name], weight, atol=1e-10, rtol=0)


def test_beta_weighs_the_total_correlation_alone(rows, seeded):
    losses = []
    for beta in (1.0, 4.0):
        (turn,) = tcvae(beta=beta).turns([rows[:10]], 0, seeded(1))
        losses.append((turn.loss, turn.terms["tc"]))
    torch.testing.assert_close(losses[1][0] - losses[0][0], 3 * losses[0][1])


def test_steps_of_factor_vae_are_those_written_out(rows, seeded):
    """Against plain PyTorch: Adam twice, binary cross-entropy, log D − log(1 − D)."""
    model = factor_vae(beta=5.0, lr=1e-2, discriminator_lr=1e-3)
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


@pytest.mark.parametrize("make", [tcvae, factor_vae])
def test_codes_are_the_posteriors_means(rows, seeded, make):
    model = make(0)
    history = train(model, rows, TrainConfig(steps=40, batch_size=20), seeded(1))
    assert history.terms["nll"][-1] < history.terms["nll"][0]
    assert torch.equal(encode(model, rows), model.posterior(rows).mean)


def test_permuted_latents_keep_their_values_and_lose_each_other(seeded):
    codes = torch.arange(200.0).view(100, 2)
    shuffled = permuted(codes, seeded(0))
    assert torch.equal(shuffled.sort(0).values, codes)
    assert not torch.equal(shuffled[:, 0] + 1, shuffled[:, 1])
    assert torch.equal(shuffled, permuted(codes, seeded(0)))


def test_the_discriminators_loss_is_the_cross_entropy(seeded):
    logits = 3 * torch.randn(20, generator=seeded(0), dtype=torch.float64)
    target = torch.cat([torch.ones(10), torch.zeros(10)]).double()
    expected = F.binary_cross_entropy_with_logits(logits, target)
    torch.testing.assert_close(discriminator_loss(logits[:10], logits[10:]), expected)


def test_the_discriminator_is_the_authors():
    assert discriminator(4, generator=torch.Generator()).sizes == (4, 1024, 1024, 1024, 1)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: BetaTCVAEConfig(observations=1), "observations must be at least 2; got 1"),
        (lambda: BetaTCVAEConfig(observations=9, beta=-1.0), "beta must be .* got -1.0"),
        (lambda: BetaTCVAEConfig(observations=9, lr=0.0), "lr must be .* got 0.0"),
        (lambda: FactorVAEConfig(beta=float("nan")), "beta must be .* got nan"),
        (lambda: FactorVAEConfig(lr=-1.0), "lr must be .* got -1.0"),
        (lambda: FactorVAEConfig(discriminator_lr=0.0), "discriminator_lr must be .* got 0.0"),
    ],
)
def test_a_config_that_cannot_be_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
