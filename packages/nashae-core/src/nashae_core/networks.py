"""The convolutional encoder and decoder of the paper, for 64 × 64 images.

An encoder maps observations (batch, ...) to `outputs` real numbers each; NashAE puts its own
sigmoid on them, a VAE reads two heads from 2m of them. A decoder maps codes (batch, m) to
reconstructions.
"""

import math
from collections.abc import Callable
from functools import partial

import torch
from torch import nn
from torch.nn import utils

from nashae_core.activations import SELU

# The encoder's channels and its fully connected layer; the decoder mirrors them.
CHANNELS = (32, 32, 64, 64)
CONV_HIDDEN = 256


def _undrawn(layer: Callable[..., nn.Module], device: torch.device) -> Callable[..., nn.Module]:
    """Makes layers with weights yet to draw: PyTorch's global generator is left alone."""
    return partial(utils.skip_init, layer, device=device)


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


def conv_encoder(outputs: int, *, channels: int = 3, generator: torch.Generator) -> nn.Sequential:
    """The paper's CelebA encoder: images (batch, channels, 64, 64) to (batch, outputs).

    Four convolutions 4 × 4, stride 2, padding 1, then 1024 → 256 → outputs, with SELU. Drawn from
    `generator`, on its device.

    Raises `ValueError` where `outputs` or `channels` is below 1.
    """
    if outputs < 1 or channels < 1:
        raise ValueError(f"outputs and channels must be at least 1; got {outputs} and {channels}")
    convolution = _undrawn(nn.Conv2d, generator.device)
    linear = _undrawn(nn.Linear, generator.device)
    layers: list[nn.Module] = []
    for inputs, filters in zip((channels, *CHANNELS[:-1]), CHANNELS, strict=True):
        layers += [convolution(inputs, filters, 4, stride=2, padding=1), SELU()]
    flat = CHANNELS[-1] * 4 * 4
    head = [linear(flat, CONV_HIDDEN), SELU(), linear(CONV_HIDDEN, outputs)]
    network = nn.Sequential(*layers, nn.Flatten(), *head)
    initialise(network, generator)
    return network


def conv_decoder(latents: int, *, channels: int = 3, generator: torch.Generator) -> nn.Sequential:
    """The mirror of `conv_encoder`: codes (batch, latents) to images (batch, channels, 64, 64).

    Drawn from `generator`, on its device.

    Raises `ValueError` where `latents` or `channels` is below 1.
    """
    if latents < 1 or channels < 1:
        raise ValueError(f"latents and channels must be at least 1; got {latents} and {channels}")
    flat = CHANNELS[-1] * 4 * 4
    convolution = _undrawn(nn.ConvTranspose2d, generator.device)
    linear = _undrawn(nn.Linear, generator.device)
    layers: list[nn.Module] = [
        linear(latents, CONV_HIDDEN),
        SELU(),
        linear(CONV_HIDDEN, flat),
        SELU(),
        nn.Unflatten(1, (CHANNELS[-1], 4, 4)),
    ]
    mirrored = CHANNELS[::-1]
    for inputs, filters in zip(mirrored, (*mirrored[1:], channels), strict=True):
        layers += [convolution(inputs, filters, 4, stride=2, padding=1), SELU()]
    network = nn.Sequential(*layers[:-1])
    initialise(network, generator)
    return network
