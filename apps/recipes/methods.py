"""A class of recipes for each method: how its model is built."""

from dataclasses import dataclass, field

import torch

from apps.recipes.networks import adversarial, autoencoder, variational
from apps.recipes.recipe import Recipe
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
from nashae_core import NashAE, NashAEConfig, Predictors


@dataclass(frozen=True)
class NashAERecipe(Recipe):
    """A run of NashAE."""

    method: NashAEConfig = field(default_factory=NashAEConfig)
    """The game."""

    method_name = "nashae"
    family = "NashAE"
    counting_rule = "nashae"
    weight_name = "lam"
    symbol = "λ"

    def build(self, generator: torch.Generator) -> NashAE:
        """A fresh model, its weights drawn from `generator`."""
        encoder, decoder = autoencoder(self, generator)
        predictors = Predictors(self.latents, generator=generator)
        return NashAE(encoder, decoder, predictors, self.method)


@dataclass(frozen=True)
class VAERecipe(Recipe):
    """A run of a β-VAE."""

    method: VAEConfig = field(default_factory=VAEConfig)
    """The objective."""

    method_name = "beta-vae"
    family = "β-VAE"
    counting_rule = "beta-vae"

    def build(self, generator: torch.Generator) -> VAE:
        """A fresh model, its weights drawn from `generator`."""
        encoder, decoder = variational(self, generator)
        return VAE(encoder, decoder, self.method)


@dataclass(frozen=True)
class BetaTCVAERecipe(Recipe):
    """A run of a β-TCVAE."""

    method: BetaTCVAEConfig = field(default_factory=lambda: BetaTCVAEConfig(observations=360))
    """The objective."""

    method_name = "beta-tcvae"
    family = "β-TCVAE"
    counting_rule = "beta-tcvae"

    def build(self, generator: torch.Generator) -> BetaTCVAE:
        """A fresh model, its weights drawn from `generator`."""
        encoder, decoder = variational(self, generator)
        return BetaTCVAE(encoder, decoder, self.method)


@dataclass(frozen=True)
class FactorVAERecipe(Recipe):
    """A run of a FactorVAE."""

    method: FactorVAEConfig = field(default_factory=FactorVAEConfig)
    """The game."""

    method_name = "factor-vae"
    family = "FactorVAE"
    counting_rule = "factor-vae"

    def build(self, generator: torch.Generator) -> FactorVAE:
        """A fresh model, its weights drawn from `generator`."""
        encoder, decoder = variational(self, generator)
        judge = discriminator(self.latents, generator=generator)
        return FactorVAE(encoder, decoder, judge, self.method)


@dataclass(frozen=True)
class _DIPVAERecipe(Recipe):
    method: DIPVAEConfig = field(default_factory=DIPVAEConfig)
    """The objective."""

    weight_name = "off_diagonal"
    symbol = "λ"
    counting_rule = "beta-vae"

    def build(self, generator: torch.Generator) -> DIPVAE:
        """A fresh model, its weights drawn from `generator`."""
        encoder, decoder = variational(self, generator)
        return DIPVAE(encoder, decoder, self.method)


@dataclass(frozen=True)
class DIPVAEIRecipe(_DIPVAERecipe):
    """A run of a DIP-VAE I."""

    method_name = "dip-vae-i"
    family = "DIP-VAE I"


@dataclass(frozen=True)
class DIPVAEIIRecipe(_DIPVAERecipe):
    """A run of a DIP-VAE II."""

    method_name = "dip-vae-ii"
    family = "DIP-VAE II"


@dataclass(frozen=True)
class AnnealedVAERecipe(Recipe):
    """A run of an AnnealedVAE."""

    method: AnnealedVAEConfig = field(default_factory=AnnealedVAEConfig)
    """The objective."""

    method_name = "annealed-vae"
    family = "AnnealedVAE"
    weight_name = "capacity"
    symbol = "C"
    counting_rule = "beta-vae"

    def build(self, generator: torch.Generator) -> AnnealedVAE:
        """A fresh model, its weights drawn from `generator`."""
        encoder, decoder = variational(self, generator)
        return AnnealedVAE(encoder, decoder, self.method)


@dataclass(frozen=True)
class AAERecipe(Recipe):
    """A run of an adversarial autoencoder."""

    method: AAEConfig = field(default_factory=AAEConfig)
    """The game."""

    method_name = "aae"
    family = "AAE"
    counting_rule = "factor-vae"

    def build(self, generator: torch.Generator) -> AAE:
        """A fresh model, its weights drawn from `generator`."""
        encoder, decoder = variational(self, generator)
        judge = discriminator(self.latents, generator=generator)
        return AAE(encoder, decoder, judge, self.method)


@dataclass(frozen=True)
class InfoGANRecipe(Recipe):
    """A run of InfoGAN."""

    method: InfoGANConfig = field(default_factory=InfoGANConfig)
    """The game."""

    method_name = "info-gan"
    family = "InfoGAN"
    weight_name = "lam"
    symbol = "λ"
    counting_rule = "std"

    def build(self, generator: torch.Generator) -> InfoGAN:
        """A fresh model, its weights drawn from `generator`."""
        encoder, decoder, judge = adversarial(self, self.method.noise, generator)
        return InfoGAN(encoder, decoder, judge, self.latents, self.method)


@dataclass(frozen=True)
class CovarianceRecipe(Recipe):
    """A run of NashAE without its predictors: the codes' own covariances are lowered."""

    method: CovarianceAutoencoderConfig = field(default_factory=CovarianceAutoencoderConfig)
    """The objective."""

    method_name = "covariance"
    family = "Covariance"
    weight_name = "lam"
    symbol = "λ"
    counting_rule = "nashae"

    def build(self, generator: torch.Generator) -> CovarianceAutoencoder:
        """A fresh model, its weights drawn from `generator`."""
        encoder, decoder = autoencoder(self, generator)
        return CovarianceAutoencoder(encoder, decoder, self.method)


AnyRecipe = (
    NashAERecipe
    | VAERecipe
    | BetaTCVAERecipe
    | FactorVAERecipe
    | DIPVAEIRecipe
    | DIPVAEIIRecipe
    | AnnealedVAERecipe
    | AAERecipe
    | InfoGANRecipe
    | CovarianceRecipe
)
