"""The encoders and decoders of the paper: perceptrons, and convolutions for 64 × 64 images.

An encoder maps observations (batch, ...) to `outputs` real numbers each; NashAE puts its own
sigmoid on them, a VAE reads two heads from 2m of them. A decoder maps codes (batch, m) to
reconstructions.
"""

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
from torch import nn
from torch.nn import utils

from nashae_core.activations import SELU

# The encoder's channels and its fully connected layer; the decoder mirrors them.
CHANNELS = (32, 32, 64, 64)
CONV_HIDDEN = 256


def _undrawn(layer: type[nn.Module], *args: int, **options: int) -> nn.Module:
    """A layer with weights yet to draw: PyTorch's global generator is left alone."""
    undrawn: nn.Module = utils.skip_init(layer, *args, **options)  # type: ignore[no-untyped-call]
    return undrawn


def initialise(network: nn.Module, generator: torch.Generator) -> None:
    """Draw every linear and convolution layer of `network` anew, in place.

    Weights: kaiming-normal with gain 1. Biases: uniform within ±1/√fan_in, PyTorch's default.
    `generator` is on the device of the network.

    Source: the authors' code.
    """
    for layer in network.modules():
        if isinstance(layer, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="linear", generator=generator)
            if layer.bias is not None:
                fan_in, _ = nn.init._calculate_fan_in_and_fan_out(layer.weight)
                bound = 1 / math.sqrt(fan_in)
                nn.init.uniform_(layer.bias, -bound, bound, generator=generator)


def mlp(
    sizes: Sequence[int],
    *,
    activation: Callable[[], nn.Module] = SELU,
    generator: torch.Generator,
) -> nn.Sequential:
    """Linear layers of these sizes with an activation between them; the last layer is linear.

    The paper's Beamsynthesis encoder is `mlp((1000, 200, 80, 40, m))`, its decoder the same
    mirrored; dSprites has `mlp((4096, 1200, 1200, m), activation=nn.ReLU)`.

    Raises `ValueError` where there are fewer than two sizes or one is below 1.
    """
    if len(sizes) < 2 or min(sizes) < 1:
        raise ValueError(f"sizes must be at least two positive integers; got {tuple(sizes)}")
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(sizes):
        layers += [_undrawn(nn.Linear, inputs, outputs), activation()]
    network = nn.Sequential(*layers[:-1])
    initialise(network, generator)
    return network


def conv_encoder(outputs: int, *, channels: int = 3, generator: torch.Generator) -> nn.Sequential:
    """The paper's CelebA encoder: images (batch, channels, 64, 64) to (batch, outputs).

    Four convolutions 4 × 4, stride 2, padding 1, then 1024 → 256 → outputs, with SELU.

    Raises `ValueError` where `outputs` or `channels` is below 1.
    """
    if outputs < 1 or channels < 1:
        raise ValueError(f"outputs and channels must be at least 1; got {outputs} and {channels}")
    layers: list[nn.Module] = []
    for inputs, filters in zip((channels, *CHANNELS[:-1]), CHANNELS, strict=True):
        layers += [_undrawn(nn.Conv2d, inputs, filters, 4, stride=2, padding=1), SELU()]
    flat = CHANNELS[-1] * 4 * 4
    head = [
        _undrawn(nn.Linear, flat, CONV_HIDDEN),
        SELU(),
        _undrawn(nn.Linear, CONV_HIDDEN, outputs),
    ]
    network = nn.Sequential(*layers, nn.Flatten(), *head)
    initialise(network, generator)
    return network


def conv_decoder(latents: int, *, channels: int = 3, generator: torch.Generator) -> nn.Sequential:
    """The mirror of `conv_encoder`: codes (batch, latents) to images (batch, channels, 64, 64).

    Raises `ValueError` where `latents` or `channels` is below 1.
    """
    if latents < 1 or channels < 1:
        raise ValueError(f"latents and channels must be at least 1; got {latents} and {channels}")
    flat = CHANNELS[-1] * 4 * 4
    layers: list[nn.Module] = [
        _undrawn(nn.Linear, latents, CONV_HIDDEN),
        SELU(),
        _undrawn(nn.Linear, CONV_HIDDEN, flat),
        SELU(),
        nn.Unflatten(1, (CHANNELS[-1], 4, 4)),
    ]
    mirrored = CHANNELS[::-1]
    for inputs, filters in zip(mirrored, (*mirrored[1:], channels), strict=True):
        layers += [_undrawn(nn.ConvTranspose2d, inputs, filters, 4, stride=2, padding=1), SELU()]
    network = nn.Sequential(*layers[:-1])
    initialise(network, generator)
    return network
