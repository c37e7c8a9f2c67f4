"""The record of a method: all that the apps know about it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, Protocol, TypeVar

import torch
from torch import nn

from apps.recipes.networks import Networks
from nashae_baselines import CovarianceAutoencoder, GaussianVAE, InfoGAN, discriminator
from nashae_core import NashAE

Model = NashAE | GaussianVAE | InfoGAN | CovarianceAutoencoder


class Config(Protocol):
    """The settings of a method: a frozen dataclass."""

    __dataclass_fields__: ClassVar[dict[str, Any]]


C = TypeVar("C", bound=Config)
# From settings, networks, m and a generator a fresh model, which the generator draws.
Build = Callable[[C, Networks, int, torch.Generator], Model]


@dataclass(frozen=True)
class Method(Generic[C]):
    """A method: how its models are built, counted and written."""

    name: str
    """As rows, run folders and command lines have it."""
    family: str
    """As the paper writes it."""
    config: type[C]
    """The class of its settings."""
    build: Build[C]
    counting_rule: str
    """Which rule of nashae-metrics counts its learned latents: its authors', if they have one."""
    weight_name: str = "beta"
    """The setting that the tables vary."""
    symbol: str = "β"
    """That setting as the paper writes it."""
    fixed: Mapping[str, object] = field(default_factory=dict)
    """Settings that distinguish it from other methods with the same class of settings."""

    def has(self, config: Config) -> bool:
        """Whether a config is one of this method."""
        return type(config) is self.config and all(
            getattr(config, name) == value for name, value in self.fixed.items()
        )

    def title(self, weight: float) -> str:
        """The method and its weight as the paper writes them."""
        return f"{self.family} {self.symbol} = {weight:g}"


def autoencoder(model: Callable[[nn.Module, nn.Module, C], Model]) -> Build[C]:
    """Build `model` from an encoder of m codes, a decoder and settings."""
    return lambda config, networks, m, generator: model(*networks.autoencoder(m, generator), config)


def variational(model: Callable[[nn.Module, nn.Module, C], Model]) -> Build[C]:
    """Build `model` from an encoder of m Gaussians, a decoder and settings."""
    return lambda config, networks, m, generator: model(*networks.variational(m, generator), config)


def adversarial(model: Callable[[nn.Module, nn.Module, nn.Module, C], Model]) -> Build[C]:
    """Build `model` as `variational` does, with a discriminator of codes."""
    return lambda config, networks, m, generator: model(
        *networks.variational(m, generator), discriminator(m, generator=generator), config
    )
