"""At the default learning rate no network is too wide: nothing overflows, and the loss falls."""

import warnings

import pytest
import torch

from nashae_baselines import (
    AAE,
    DIPVAE,
    VAE,
    AAEConfig,
    AnnealedVAE,
    AnnealedVAEConfig,
    BetaTCVAE,
    BetaTCVAEConfig,
    CovarianceAutoencoder,
    CovarianceAutoencoderConfig,
    DIPVAEConfig,
    FactorVAE,
    FactorVAEConfig,
    InfoGAN,
    InfoGANConfig,
    VAEConfig,
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


def of_codes(draw):
    return discriminator(M, 8, generator=draw)


def made(name: str, networks, seed: int = 0, **options) -> Trainable:
    draw = torch.Generator().manual_seed(seed)
    e, d = networks(M if name in ("NashAE", "Covariance") else 2 * M, draw)
    return {
        "VAE": lambda: VAE(e, d, VAEConfig(**options)),
        "BetaTCVAE": lambda: BetaTCVAE(e, d, BetaTCVAEConfig(40, **options)),
        "DIPVAE": lambda: DIPVAE(e, d, DIPVAEConfig(**options)),
        "AnnealedVAE": lambda: AnnealedVAE(e, d, AnnealedVAEConfig(**options)),
        "FactorVAE": lambda: FactorVAE(e, d, of_codes(draw), FactorVAEConfig(**options)),
        "AAE": lambda: AAE(e, d, of_codes(draw), AAEConfig(**options)),
        "InfoGAN": lambda: InfoGAN(e, d, judge(networks, draw), M, InfoGANConfig(**options)),
        "Covariance": lambda: CovarianceAutoencoder(e, d, CovarianceAutoencoderConfig(**options)),
        "NashAE": lambda: NashAE(e, d, Predictors(M, generator=draw), NashAEConfig(**options)),
    }[name]()


GAUSSIAN = ["VAE", "BetaTCVAE", "DIPVAE", "AnnealedVAE", "FactorVAE", "AAE", "InfoGAN"]


def images() -> torch.Tensor:
    """40 flat images of three normalised colours, (40, 3, 64, 64): all pixels pull one way."""
    colours = torch.randn(40, 3, generator=torch.Generator().manual_seed(5))
    return colours[:, :, None, None].expand(-1, -1, 64, 64).contiguous()


@pytest.mark.parametrize("networks", [convolutional, wide], ids=lambda f: f.__name__)
@pytest.mark.parametrize("name", GAUSSIAN)
def test_the_first_steps_throw_no_posterior_away(seeded, name, networks):
    x = images() if networks is convolutional else images().flatten(1)
    for seed in range(2):
        model = made(name, networks, seed)
        config = TrainConfig(steps=8, batch_size=10, record_every=1)
        terms = train(model, x, config, seeded(seed)).terms
        nll = terms.get("nll", torch.ones(8))
        assert (nll <= 3 * nll[0]).all()
        with torch.no_grad():
            posterior = model.posterior(x)
        assert posterior.log_variance.abs().max() < 10
        assert posterior.mean.abs().max() < 30


@pytest.mark.parametrize("name", GAUSSIAN)
def test_a_narrow_network_has_the_papers_rate_and_a_named_one_is_taken(name):
    papers = {"AnnealedVAE": 5e-4, "FactorVAE": 1e-4, "AAE": 1e-4, "InfoGAN": 1e-3}.get(name, 0.01)
    reach = 0.5 if papers == 0.01 else 0.25  # of Adagrad and of Adam
    for networks, options, rate in (
        (narrow, {}, papers),
        (convolutional, {}, min(papers, reach / 1024)),
        (convolutional, {"lr": 0.02}, 0.02),
    ):
        optimizers = made(name, networks, **options).optimizers()
        optimizer = optimizers.get("vae") or optimizers["generator"]
        assert [group["lr"] for group in optimizer.param_groups] == [rate]


def test_a_frozen_layer_is_of_no_width():
    model = made("VAE", wide)
    model.encoder.weights[0].requires_grad_(False)
    (optimizer,) = model.optimizers().values()
    assert optimizer.param_groups[0]["lr"] == 0.5 / 300


@pytest.mark.parametrize("name", [n for n in GAUSSIAN if n != "InfoGAN"] + ["Covariance", "NashAE"])
def test_a_run_that_ends_above_where_it_began_is_told(rows, seeded, name):
    """InfoGAN reconstructs nothing, and each loss of a game may rise."""
    model = made(name, narrow, **{"autoencoder_lr" if name == "NashAE" else "lr": 3.0})
    told = ""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            train(model, rows.float(), TrainConfig(steps=30, batch_size=20), seeded(0))
        except FloatingPointError as error:
            told = str(error)
    assert any("must fall in training; got" in str(w.message) for w in caught) or "diverged" in told
