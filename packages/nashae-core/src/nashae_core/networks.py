"""The convolutional encoder and decoder of the paper, for 64 × 64 images.

An encoder maps observations (batch, ...) to `outputs` real numbers each; NashAE puts its own
sigmoid on them, a VAE reads two heads from 2m of them. A decoder maps codes (batch, m) to
reconstructions.
"""

import math
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import utils

from nashae_core.arguments import (
    check_network,
    check_tensors,
    check_type,
    seeded,
    whole,
)
from nashae_core.kernels.activations import SELU

# The encoder's channels and its fully connected layer; the decoder mirrors them.
CHANNELS = (32, 32, 64, 64)
CONV_HIDDEN = 256
# Of an image.
SIDE = 64


def _undrawn(layer: Callable[..., nn.Module], device: torch.device) -> Callable[..., nn.Module]:
    """Makes layers with weights yet to draw: PyTorch's global generator is left alone."""
    return partial(utils.skip_init, layer, device=device)


def initialise(network: nn.Module, generator: torch.Generator | int) -> None:
    """Draw every linear and convolution layer of `network` anew, in place.

    Weights: kaiming-normal with gain 1. Biases: uniform within ±1/√fan_in, PyTorch's default.
    `generator` is on the device of the network; an int seeds one there.

    Source: the authors' code.
    """
    check_network(network, "network")
    parameter = next(network.parameters(), None)
    generator = seeded(generator, "cpu" if parameter is None else parameter.device)
    for layer in network.modules():
        if isinstance(layer, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="linear", generator=generator)
            if layer.bias is not None:
                fan_in, _ = nn.init._calculate_fan_in_and_fan_out(layer.weight)
                bound = 1 / math.sqrt(fan_in)
                nn.init.uniform_(layer.bias, -bound, bound, generator=generator)


def conv_encoder(
    outputs: int, *, channels: int = 3, generator: torch.Generator | int
) -> nn.Sequential:
    """The paper's CelebA encoder: images (batch, channels, 64, 64) to (batch, outputs).

    Four convolutions 4 × 4, stride 2, padding 1, then 1024 → 256 → outputs, with SELU. Drawn from
    `generator`, on its device; an int seeds one on the CPU.

    Raises `ValueError` where `outputs` or `channels` is below 1, and when it is given other images.
    """
    outputs, channels, generator = _checked("outputs", outputs, channels, generator)
    convolution = _undrawn(nn.Conv2d, generator.device)
    linear = _undrawn(nn.Linear, generator.device)
    layers: list[nn.Module] = []
    for inputs, filters in zip((channels, *CHANNELS[:-1]), CHANNELS, strict=True):
        layers += [convolution(inputs, filters, 4, stride=2, padding=1), SELU()]
    flat = CHANNELS[-1] * 4 * 4
    head = [linear(flat, CONV_HIDDEN), SELU(), linear(CONV_HIDDEN, outputs)]
    network = nn.Sequential(*layers, nn.Flatten(), *head)
    network.register_forward_pre_hook(_check_images)
    initialise(network, generator)
    return network


def conv_decoder(
    latents: int, *, channels: int = 3, generator: torch.Generator | int
) -> nn.Sequential:
    """The mirror of `conv_encoder`: codes (batch, latents) to images (batch, channels, 64, 64).

    Drawn from `generator`, on its device; an int seeds one on the CPU.

    Raises `ValueError` where `latents` or `channels` is below 1, and when it is given other codes.
    """
    latents, channels, generator = _checked("latents", latents, channels, generator)
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
    network.register_forward_pre_hook(_check_codes)
    initialise(network, generator)
    return network


def _checked(
    name: str, width: int, channels: int, generator: torch.Generator | int
) -> tuple[int, int, torch.Generator]:
    width, channels = whole(width, name, None), whole(channels, "channels", None)
    if width < 1 or channels < 1:
        raise ValueError(f"{name} and channels must be at least 1; got {width} and {channels}")
    return width, channels, seeded(generator)


def _check_images(network: nn.Sequential, inputs: tuple[Tensor, ...]) -> None:
    """Refuse images of another size before a layer does that speaks of matrices."""
    (images,), weight = inputs, next(network.parameters())
    wanted = (weight.shape[1], SIDE, SIDE)
    check_tensors(images=images)
    if images.dim() != 4 or images.shape[1:] != wanted:
        raise ValueError(
            f"images must be (batch, {', '.join(map(str, wanted))}); got {tuple(images.shape)}: "
            "crop or resize them, channels first, or give a network of your own"
        )
    check_type(images, weight, "images")


def _check_codes(network: nn.Sequential, inputs: tuple[Tensor, ...]) -> None:
    (codes,), weight = inputs, next(network.parameters())
    latents = weight.shape[1]
    check_tensors(codes=codes)
    if codes.dim() != 2 or codes.shape[1] != latents:
        raise ValueError(f"codes must be (batch, {latents}); got {tuple(codes.shape)}")
    check_type(codes, weight, "codes")
