"""Recipes: all that a run is, by name, so that a table can cite it."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Literal, Self

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
    GaussianVAE,
    InfoGAN,
    InfoGANConfig,
    VAEConfig,
    discriminator,
)
from nashae_core import MLP, NashAE, NashAEConfig, Predictors, TrainConfig
from nashae_data import BEAMSYNTHESIS_MEAN, BEAMSYNTHESIS_STD, Dataset, beamsynthesis

Config = (
    NashAEConfig
    | VAEConfig
    | BetaTCVAEConfig
    | FactorVAEConfig
    | DIPVAEConfig
    | AnnealedVAEConfig
    | AAEConfig
    | InfoGANConfig
    | CovarianceAutoencoderConfig
)
Model = NashAE | GaussianVAE | InfoGAN | CovarianceAutoencoder


@dataclass(frozen=True)
class Recipe(ABC):
    """What a run is: a method, data, a size, a training, a seed. Subclasses name the method."""

    method: Config
    """The method's own settings."""
    data: Literal["beamsynthesis"] = "beamsynthesis"
    """The data set."""
    latents: int = 4
    """m: the number of latents that the model starts with."""
    seed: int = 0
    """Draws the weights, the batches and the noise."""
    train: TrainConfig = field(default_factory=TrainConfig)
    """Steps and batches."""

    method_name: ClassVar[str]
    """The method as the tables' rows name it."""
    family: ClassVar[str]
    """The method as the paper writes it."""
    counting_rule: ClassVar[str]
    """Which of nashae-metrics' rules tells its learned latents: its authors', if they have one."""
    weight_name: ClassVar[str] = "beta"
    """Which of the method's settings the tables vary."""
    symbol: ClassVar[str] = "β"
    """How the paper writes that setting."""

    # Differs from the paper: the authors' trials share one order of batches and differ by their
    # weights alone; here the seed draws both.

    def __post_init__(self) -> None:
        if self.latents < 2:
            raise ValueError(f"latents must be at least 2; got {self.latents}")
        if self.seed < 0:
            raise ValueError(f"seed must be at least 0; got {self.seed}")

    @abstractmethod
    def build(self, generator: torch.Generator) -> Model:
        """A fresh model, its weights drawn from `generator`."""

    @property
    def weight(self) -> float:
        """λ or β: what the tables vary."""
        return float(getattr(self.method, self.weight_name))

    def with_weight(self, weight: float) -> Self:
        """The same recipe at another λ or β."""
        changed: dict[str, Any] = {self.weight_name: weight}
        return replace(self, method=replace(self.method, **changed))

    @property
    def title(self) -> str:
        """The method and its weight as the paper writes them."""
        return f"{self.family} {self.symbol} = {self.weight:g}"

    @property
    def label(self) -> str:
        """A name for the run's folder."""
        return f"{self.data}-{self.method_name}-{self.weight:g}-m{self.latents}-seed{self.seed}"


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
        encoder, decoder = _networks(self, self.latents, generator)
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
        encoder, decoder = _networks(self, 2 * self.latents, generator)
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
        encoder, decoder = _networks(self, 2 * self.latents, generator)
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
        encoder, decoder = _networks(self, 2 * self.latents, generator)
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
        encoder, decoder = _networks(self, 2 * self.latents, generator)
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
        encoder, decoder = _networks(self, 2 * self.latents, generator)
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
        encoder, decoder = _networks(self, 2 * self.latents, generator)
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
        encoder = MLP((1000, 200, 80, 40, 2 * self.latents), generator=generator)
        inputs = self.latents + self.method.noise
        decoder = MLP((inputs, 40, 80, 200, 1000), generator=generator)
        judge = MLP((1000, 200, 80, 40, 1), generator=generator)
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
        encoder, decoder = _networks(self, self.latents, generator)
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


def beamsynthesis_nashae() -> NashAERecipe:
    """NashAE on Beamsynthesis, as the paper's Table 1 and Figure 3 have it (λ = 0.2)."""
    return NashAERecipe(method=NashAEConfig(lam=0.2))


def beamsynthesis_beta_vae() -> VAERecipe:
    """β-VAE on Beamsynthesis, as the paper's Table 1 and Figure 3 have it (β = 100)."""
    return VAERecipe(method=VAEConfig(beta=100.0))


def beamsynthesis_beta_tcvae() -> BetaTCVAERecipe:
    """β-TCVAE on Beamsynthesis, as the paper's Table 1 has it (β = 75)."""
    return BetaTCVAERecipe(method=BetaTCVAEConfig(observations=360, beta=75.0))


def beamsynthesis_factor_vae() -> FactorVAERecipe:
    """FactorVAE on Beamsynthesis, as the paper's Table 1 has it (β = 75)."""
    return FactorVAERecipe(method=FactorVAEConfig(beta=75.0))


def beamsynthesis_dip_vae_i() -> DIPVAEIRecipe:
    """DIP-VAE I on Beamsynthesis, the weights its authors' (λ_od = 10, λ_d = 100)."""
    return DIPVAEIRecipe(method=DIPVAEConfig(off_diagonal=10.0, diagonal=100.0, kind="i"))


def beamsynthesis_dip_vae_ii() -> DIPVAEIIRecipe:
    """DIP-VAE II on Beamsynthesis, the weights its authors' (λ_od = λ_d = 10)."""
    return DIPVAEIIRecipe(method=DIPVAEConfig(off_diagonal=10.0, diagonal=10.0, kind="ii"))


def beamsynthesis_annealed_vae() -> AnnealedVAERecipe:
    """AnnealedVAE on Beamsynthesis: C = 6 nats, because log 360 tells its waveforms apart."""
    return AnnealedVAERecipe(method=AnnealedVAEConfig(capacity=6.0, warm_up=500))


def beamsynthesis_aae() -> AAERecipe:
    """The adversarial autoencoder on Beamsynthesis, weighted as FactorVAE is there (β = 75)."""
    return AAERecipe(method=AAEConfig(beta=75.0))


def beamsynthesis_info_gan() -> InfoGANRecipe:
    """InfoGAN on Beamsynthesis, with its authors' settings."""
    return InfoGANRecipe()


def beamsynthesis_covariance() -> CovarianceRecipe:
    """NashAE without its predictors on Beamsynthesis: an ablation, λ = 0.2 as with them."""
    return CovarianceRecipe(method=CovarianceAutoencoderConfig(lam=0.2))


RECIPES: dict[str, Callable[[], AnyRecipe]] = {
    "beamsynthesis-nashae": beamsynthesis_nashae,
    "beamsynthesis-beta-vae": beamsynthesis_beta_vae,
    "beamsynthesis-beta-tcvae": beamsynthesis_beta_tcvae,
    "beamsynthesis-factor-vae": beamsynthesis_factor_vae,
    "beamsynthesis-dip-vae-i": beamsynthesis_dip_vae_i,
    "beamsynthesis-dip-vae-ii": beamsynthesis_dip_vae_ii,
    "beamsynthesis-annealed-vae": beamsynthesis_annealed_vae,
    "beamsynthesis-aae": beamsynthesis_aae,
    "beamsynthesis-info-gan": beamsynthesis_info_gan,
    "beamsynthesis-covariance": beamsynthesis_covariance,
}

# Beamsynthesis is computed: no file is read.
DATA_SETS: dict[str, Callable[[], Dataset]] = {"beamsynthesis": beamsynthesis}


def recipe_class(method_name: str) -> type[AnyRecipe]:
    """The class of the recipes of a method, to read one back."""
    for make in RECIPES.values():
        if make().method_name == method_name:
            return type(make())
    known = sorted({make().method_name for make in RECIPES.values()})
    raise ValueError(f"unknown method {method_name!r}; there are {known}")


def load_data(recipe: Recipe) -> Dataset:
    """The data set of a recipe."""
    return DATA_SETS[recipe.data]()


def normalise(observations: Tensor) -> Tensor:
    """Beamsynthesis as the networks see it, by the authors' mean and deviation."""
    return (observations - BEAMSYNTHESIS_MEAN) / BEAMSYNTHESIS_STD


def denormalise(observations: Tensor) -> Tensor:
    """The inverse of `normalise`."""
    return observations * BEAMSYNTHESIS_STD + BEAMSYNTHESIS_MEAN


def _networks(
    recipe: Recipe, encoder_outputs: int, generator: torch.Generator
) -> tuple[nn.Module, nn.Module]:
    encoder = MLP((1000, 200, 80, 40, encoder_outputs), generator=generator)
    decoder = MLP((recipe.latents, 40, 80, 200, 1000), generator=generator)
    return encoder, decoder
