"""The networks of each data set, as the authors have them."""

from typing import NamedTuple

import torch

from apps.recipes.data import DataName
from apps.recipes.recipe import Recipe
from nashae_core import MLP
from nashae_core.activations import ActivationName


class _Layers(NamedTuple):
    """The hidden layers of an encoder or a decoder, and the activation between them."""

    hidden: tuple[int, ...]
    activation: ActivationName


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
# Of VAEs and generators (on dSprites as Burgess et al. 2018 and the authors have it).
GAUSSIAN_DECODERS: dict[DataName, _Layers] = {
    "beamsynthesis": DECODERS["beamsynthesis"],
    "dsprites": _Layers((1200, 1200, 1200), "tanh"),
}


def autoencoder(recipe: Recipe, generator: torch.Generator) -> tuple[MLP, MLP]:
    """An encoder from observations to m numbers, and its mirror."""
    encoder = _encoder(recipe.data, recipe.latents, generator)
    decoder = _decoder(DECODERS[recipe.data], recipe.data, recipe.latents, generator)
    return encoder, decoder


def variational(recipe: Recipe, generator: torch.Generator) -> tuple[MLP, MLP]:
    """An encoder from observations to 2m numbers, and the decoder of a Gaussian's m codes."""
    encoder = _encoder(recipe.data, 2 * recipe.latents, generator)
    decoder = _decoder(GAUSSIAN_DECODERS[recipe.data], recipe.data, recipe.latents, generator)
    return encoder, decoder


def adversarial(recipe: Recipe, noise: int, generator: torch.Generator) -> tuple[MLP, MLP, MLP]:
    """Q to 2m numbers, the generator from m codes and `noise` numbers, the discriminator."""
    encoder = _encoder(recipe.data, 2 * recipe.latents, generator)
    inputs = recipe.latents + noise
    decoder = _decoder(GAUSSIAN_DECODERS[recipe.data], recipe.data, inputs, generator)
    return encoder, decoder, _encoder(recipe.data, 1, generator)


def _encoder(data: DataName, outputs: int, generator: torch.Generator) -> MLP:
    hidden, activation = ENCODERS[data]
    sizes = (INPUTS[data], *hidden, outputs)
    return MLP(sizes, activation=activation, generator=generator)


def _decoder(layers: _Layers, data: DataName, inputs: int, generator: torch.Generator) -> MLP:
    sizes = (inputs, *layers.hidden, INPUTS[data])
    return MLP(sizes, activation=layers.activation, generator=generator)
