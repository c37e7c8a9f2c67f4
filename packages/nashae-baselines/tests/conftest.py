"""What several test files start from: seeded generators, rows of numbers, and small models."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

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
from nashae_core import MLP, Trainable

LATENTS, INPUTS = 3, 12
VARIANTS = [BetaTCVAE, FactorVAE, DIPVAE, AnnealedVAE, AAE, InfoGAN, CovarianceAutoencoder]


@pytest.fixture
def seeded() -> Callable[[int], torch.Generator]:
    return lambda seed: torch.Generator().manual_seed(seed)


@pytest.fixture
def make_vae() -> Callable[..., VAE]:
    """A VAE of rows of 12 numbers, in float64; options go to its config."""

    def make(seed: int = 0, **options: object) -> VAE:
        generator = torch.Generator().manual_seed(seed)
        return VAE(
            MLP((INPUTS, 10, 2 * LATENTS), generator=generator),
            MLP((LATENTS, 10, INPUTS), generator=generator),
            VAEConfig(**options),
        ).double()

    return make


@pytest.fixture(params=VARIANTS, ids=lambda method: method.__name__)
def method(request) -> type[Trainable]:
    """Each model but the VAE, which has tests of its own, in turn."""
    return request.param


@pytest.fixture
def make_model() -> Callable[..., Trainable]:
    """A model by a method, for rows of 12 numbers, in float64; options go to its config.

    `encoder`, `decoder` and `judge`, the discriminator, can be given.
    """

    def make(
        method: type[Trainable],
        seed: int = 0,
        *,
        encoder: nn.Module | None = None,
        decoder: nn.Module | None = None,
        judge: nn.Module | None = None,
        **options: object,
    ) -> Trainable:
        draw = torch.Generator().manual_seed(seed)
        heads = LATENTS if method is CovarianceAutoencoder else 2 * LATENTS
        inputs = LATENTS + options.get("noise", 0)
        judged = INPUTS if method is InfoGAN else LATENTS
        networks = [
            encoder or MLP((INPUTS, 10, heads), generator=draw),
            decoder or MLP((inputs, 10, INPUTS), generator=draw),
        ]
        judges = [judge or discriminator(judged, 8, generator=draw)]
        model = {
            BetaTCVAE: lambda: BetaTCVAE(*networks, BetaTCVAEConfig(60, **options)),
            FactorVAE: lambda: FactorVAE(*networks, *judges, FactorVAEConfig(**options)),
            DIPVAE: lambda: DIPVAE(*networks, DIPVAEConfig(**options)),
            AnnealedVAE: lambda: AnnealedVAE(*networks, AnnealedVAEConfig(**options)),
            AAE: lambda: AAE(*networks, *judges, AAEConfig(**options)),
            InfoGAN: lambda: InfoGAN(*networks, *judges, LATENTS, InfoGANConfig(**options)),
            CovarianceAutoencoder: lambda: CovarianceAutoencoder(
                *networks, CovarianceAutoencoderConfig(**options)
            ),
        }[method]()
        return model.double()

    return make


@pytest.fixture
def rows() -> Tensor:
    """60 observations of 12 numbers in [0, 1] that hang on two factors."""
    generator = torch.Generator().manual_seed(99)
    factors = torch.rand(60, 2, dtype=torch.float64, generator=generator)
    mixing = torch.randn(2, INPUTS, dtype=torch.float64, generator=generator)
    return torch.sin(3 * factors @ mixing).add(1).div(2)
