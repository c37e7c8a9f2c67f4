"""What a run is: a method, data, a size, a training, a seed."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Self

import torch

from apps.recipes.data import DataName
from nashae_baselines import (
    AAEConfig,
    AnnealedVAEConfig,
    BetaTCVAEConfig,
    CovarianceAutoencoder,
    CovarianceAutoencoderConfig,
    DIPVAEConfig,
    FactorVAEConfig,
    GaussianVAE,
    InfoGAN,
    InfoGANConfig,
    VAEConfig,
)
from nashae_core import NashAE, NashAEConfig, TrainConfig

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
    data: DataName = "beamsynthesis"
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
