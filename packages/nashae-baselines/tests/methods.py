"""Every method with its config, and how a model is built of its networks."""

from functools import partial

from torch import nn

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
)
from nashae_core import Trainable

LATENTS, INPUTS = 3, 12
CONFIGS = {
    VAE: VAEConfig,
    BetaTCVAE: partial(BetaTCVAEConfig, 60),
    FactorVAE: FactorVAEConfig,
    DIPVAE: DIPVAEConfig,
    AnnealedVAE: AnnealedVAEConfig,
    AAE: AAEConfig,
    InfoGAN: InfoGANConfig,
    CovarianceAutoencoder: CovarianceAutoencoderConfig,
}
# The methods with a discriminator, of codes or of observations.
JUDGED = {FactorVAE: LATENTS, AAE: LATENTS, InfoGAN: INPUTS}
GAUSSIAN = [method for method in CONFIGS if method is not CovarianceAutoencoder]
WITH_LIKELIHOOD = [method for method in GAUSSIAN if method is not InfoGAN]


def heads(method: type[Trainable], latents: int = LATENTS) -> int:
    """The width of what a method's encoder gives."""
    return 2 * latents if method in GAUSSIAN else latents


def build(
    method: type[Trainable],
    encoder: nn.Module,
    decoder: nn.Module,
    judge: nn.Module | None = None,
    latents: int = LATENTS,
    **options: object,
) -> Trainable:
    """A model; options go to its config."""
    networks = [encoder, decoder, *([judge] if method in JUDGED else [])]
    arguments = [*networks, *([latents] if method is InfoGAN else [])]
    return method(*arguments, CONFIGS[method](**options))
