"""The networks of each data set, as the authors have them."""

from typing import NamedTuple

import torch
from torch import nn

from apps.recipes.data import DataName
from apps.recipes.recipe import Recipe
from nashae_core import MLP, ActivationName, conv_decoder, conv_encoder


class _Layers(NamedTuple):
    """The hidden layers of an encoder or a decoder, their activation, and their weights' gain."""

    hidden: tuple[int, ...]
    activation: ActivationName
    gain: float = 1.0


# Faces have the paper's convolutional networks; the others are perceptrons.
FACES: frozenset[DataName] = frozenset({"synthetic-faces", "celeba"})
# The elements of one observation.
INPUTS: dict[DataName, int] = {"beamsynthesis": 1000, "dsprites": 4096}
ENCODERS: dict[DataName, _Layers] = {
    "beamsynthesis": _Layers((200, 80, 40), "selu"),
    "dsprites": _Layers((1200, 1200), "relu"),
}
# Of autoencoders whose codes are in (0, 1): the mirror of the encoder.
DECODERS: dict[DataName, _Layers] = {
    "beamsynthesis": _Layers((40, 80, 200), "selu"),
    "dsprites": _Layers((1200, 1200), "relu"),
}
# Of VAEs and generators (on dSprites as Burgess et al. 2018 and the authors have it). These alone
# the authors draw with the gains of their activations; the layers that end a network have gain 1.
GAUSSIAN_ENCODERS: dict[DataName, _Layers] = {
    "beamsynthesis": ENCODERS["beamsynthesis"],
    "dsprites": _Layers((1200, 1200), "relu", nn.init.calculate_gain("relu")),
}
GAUSSIAN_DECODERS: dict[DataName, _Layers] = {
    "beamsynthesis": DECODERS["beamsynthesis"],
    "dsprites": _Layers((1200, 1200, 1200), "tanh", nn.init.calculate_gain("tanh")),
}


def autoencoder(recipe: Recipe, generator: torch.Generator) -> tuple[nn.Module, nn.Module]:
    """An encoder from observations to m numbers, and its mirror."""
    encoder = _encoder(ENCODERS, recipe.data, recipe.latents, generator)
    decoder = _decoder(DECODERS, recipe.data, recipe.latents, generator)
    return encoder, decoder


def variational(recipe: Recipe, generator: torch.Generator) -> tuple[nn.Module, nn.Module]:
    """An encoder from observations to 2m numbers, and the decoder of a Gaussian's m codes."""
    encoder = _encoder(GAUSSIAN_ENCODERS, recipe.data, 2 * recipe.latents, generator)
    decoder = _decoder(GAUSSIAN_DECODERS, recipe.data, recipe.latents, generator)
    return encoder, decoder


def adversarial(
    recipe: Recipe, noise: int, generator: torch.Generator
) -> tuple[nn.Module, nn.Module, nn.Module]:
    """Q to 2m numbers, the generator from m codes and `noise` numbers, the discriminator."""
    encoder = _encoder(GAUSSIAN_ENCODERS, recipe.data, 2 * recipe.latents, generator)
    inputs = recipe.latents + noise
    decoder = _decoder(GAUSSIAN_DECODERS, recipe.data, inputs, generator)
    return encoder, decoder, _encoder(GAUSSIAN_ENCODERS, recipe.data, 1, generator)


def _encoder(
    of: dict[DataName, _Layers], data: DataName, outputs: int, generator: torch.Generator
) -> nn.Module:
    if data in FACES:
        return conv_encoder(outputs, generator=generator)
    return _perceptron(of[data], INPUTS[data], outputs, generator)


def _decoder(
    of: dict[DataName, _Layers], data: DataName, inputs: int, generator: torch.Generator
) -> nn.Module:
    if data in FACES:
        return conv_decoder(inputs, generator=generator)
    return _perceptron(of[data], inputs, INPUTS[data], generator)


def _perceptron(layers: _Layers, inputs: int, outputs: int, generator: torch.Generator) -> MLP:
    sizes = (inputs, *layers.hidden, outputs)
    return MLP(sizes, activation=layers.activation, hidden_gain=layers.gain, generator=generator)
