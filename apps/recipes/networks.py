"""Encoders and decoders of each kind, as the authors have them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import nn

from nashae_core import MLP, ActivationName, conv_decoder, conv_encoder

# A fresh network with so many outputs (an encoder) or inputs (a decoder).
Network = Callable[[int, torch.Generator], nn.Module]


@dataclass(frozen=True)
class Networks:
    """The networks for one data set: those of autoencoders, and those of VAEs and GANs."""

    encoder: Network
    decoder: Network
    gaussian_encoder: Network
    gaussian_decoder: Network

    def autoencoder(self, latents: int, generator: torch.Generator) -> tuple[nn.Module, nn.Module]:
        """An encoder from observations to m numbers, and its mirror."""
        encoder = self.encoder(latents, generator)
        return encoder, self.decoder(latents, generator)

    def variational(self, latents: int, generator: torch.Generator) -> tuple[nn.Module, nn.Module]:
        """An encoder from observations to the 2m numbers of a Gaussian, and a decoder of m."""
        encoder = self.gaussian_encoder(2 * latents, generator)
        return encoder, self.gaussian_decoder(latents, generator)


class Layers(NamedTuple):
    """The hidden layers of a perceptron, their activation, and the gain of their weights.

    The last layer has gain 1.
    """

    hidden: tuple[int, ...]
    activation: ActivationName
    gain: float = 1.0


def perceptrons(
    size: int,
    encoder: Layers,
    decoder: Layers,
    gaussian_encoder: Layers | None = None,
    gaussian_decoder: Layers | None = None,
) -> Networks:
    """Perceptrons for observations of `size` elements; by default the Gaussian ones are alike."""

    def from_observations(layers: Layers) -> Network:
        return lambda outputs, generator: _perceptron(layers, size, outputs, generator)

    def to_observations(layers: Layers) -> Network:
        return lambda inputs, generator: _perceptron(layers, inputs, size, generator)

    return Networks(
        from_observations(encoder),
        to_observations(decoder),
        from_observations(gaussian_encoder or encoder),
        to_observations(gaussian_decoder or decoder),
    )


def convolutions() -> Networks:
    """The paper's convolutional networks for colour images of 64 × 64 pixels."""

    def encoder(outputs: int, generator: torch.Generator) -> nn.Module:
        return conv_encoder(outputs, generator=generator)

    def decoder(inputs: int, generator: torch.Generator) -> nn.Module:
        return conv_decoder(inputs, generator=generator)

    return Networks(encoder, decoder, encoder, decoder)


def _perceptron(layers: Layers, inputs: int, outputs: int, generator: torch.Generator) -> MLP:
    sizes = (inputs, *layers.hidden, outputs)
    return MLP(sizes, activation=layers.activation, hidden_gain=layers.gain, generator=generator)
