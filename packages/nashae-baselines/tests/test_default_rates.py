"""At the default learning rate no network is too wide: nothing overflows, and the loss falls."""

import warnings

import pytest
import torch
from methods import GAUSSIAN, WITH_LIKELIHOOD, build, heads

from nashae_baselines import (
    AAE,
    VAE,
    AnnealedVAE,
    CovarianceAutoencoder,
    FactorVAE,
    InfoGAN,
    discriminator,
)
from nashae_core import (
    MLP,
    NashAE,
    NashAEConfig,
    Predictors,
    Trainable,
    TrainConfig,
    conv_decoder,
    conv_encoder,
    train,
)

M = 4


def convolutional(outputs, draw):
    return conv_encoder(outputs, generator=draw), conv_decoder(M, generator=draw)


def wide(outputs, draw):
    return (
        MLP((3 * 64 * 64, 300, outputs), generator=draw),
        MLP((M, 300, 3 * 64 * 64), generator=draw),
    )


def narrow(outputs, draw):
    return MLP((12, 8, outputs), generator=draw), MLP((M, 8, 12), generator=draw)


def judge(networks, draw):
    """InfoGAN's discriminator, of observations."""
    if networks is convolutional:
        return conv_encoder(1, generator=draw)
    return discriminator(12 if networks is narrow else 3 * 64 * 64, 8, generator=draw)


def made(method: type[Trainable], networks, seed: int = 0, **options) -> Trainable:
    draw = torch.Generator().manual_seed(seed)
    if method is NashAE:
        encoder, decoder = networks(M, draw)
        return NashAE(encoder, decoder, Predictors(M, generator=draw), NashAEConfig(**options))
    encoder, decoder = networks(heads(method, M), draw)
    critic = judge(networks, draw) if method is InfoGAN else discriminator(M, 8, generator=draw)
    return build(method, encoder, decoder, critic, M, **options)


def images() -> torch.Tensor:
    """40 flat images of three normalised colours, (40, 3, 64, 64): all pixels pull one way."""
    colours = torch.randn(40, 3, generator=torch.Generator().manual_seed(5))
    return colours[:, :, None, None].expand(-1, -1, 64, 64).contiguous()


@pytest.mark.parametrize("networks", [convolutional, wide], ids=lambda f: f.__name__)
@pytest.mark.parametrize("method", GAUSSIAN, ids=lambda f: f.__name__)
def test_the_first_steps_throw_no_posterior_away(seeded, method, networks):
    x = images() if networks is convolutional else images().flatten(1)
    for seed in range(2):
        model = made(method, networks, seed)
        config = TrainConfig(steps=8, batch_size=10, record_every=1)
        terms = train(model, x, config, seeded(seed)).terms
        nll = terms.get("nll", torch.ones(8))
        assert (nll <= 3 * nll[0]).all()
        with torch.no_grad():
            posterior = model.posterior(x)
        assert posterior.log_variance.abs().max() < 10
        assert posterior.mean.abs().max() < 30


@pytest.mark.parametrize("method", GAUSSIAN, ids=lambda f: f.__name__)
def test_a_narrow_network_has_the_papers_rate_and_a_named_one_is_taken(method):
    papers = {AnnealedVAE: 5e-4, FactorVAE: 1e-4, AAE: 1e-4, InfoGAN: 1e-3}.get(method, 0.01)
    reach = 0.5 if papers == 0.01 else 0.25  # of Adagrad and of Adam
    for networks, options, rate in (
        (narrow, {}, papers),
        (convolutional, {}, min(papers, reach / 1024)),
        (convolutional, {"lr": 0.02}, 0.02),
    ):
        optimizers = made(method, networks, **options).optimizers()
        optimizer = optimizers.get("vae") or optimizers["generator"]
        assert [group["lr"] for group in optimizer.param_groups] == [rate]


def test_a_frozen_layer_is_of_no_width():
    model = made(VAE, wide)
    model.encoder.weights[0].requires_grad_(False)
    (optimizer,) = model.optimizers().values()
    assert optimizer.param_groups[0]["lr"] == 0.5 / 300


@pytest.mark.parametrize(
    "method", [*WITH_LIKELIHOOD, CovarianceAutoencoder, NashAE], ids=lambda f: f.__name__
)
def test_a_run_that_ends_above_where_it_began_is_told(rows, seeded, method):
    """InfoGAN reconstructs nothing, and each loss of a game may rise."""
    model = made(method, narrow, **{"autoencoder_lr" if method is NashAE else "lr": 3.0})
    message = ""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            train(model, rows.float(), TrainConfig(steps=30, batch_size=20), seeded(0))
        except FloatingPointError as error:
            message = str(error)
    assert (
        any("must fall in training; got" in str(w.message) for w in caught) or "diverged" in message
    )
