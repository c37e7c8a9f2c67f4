"""The convolutional encoder and decoder of the paper, for images of any size and for series."""

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import utils

from nashae_core.arguments import (
    check_network,
    check_tensors,
    check_type,
    seeded,
    whole,
    whole_numbers,
)
from nashae_core.kernels.activations import SELU

# Of the first convolutions and of all that follow, and of the fully connected layer; the decoder
# mirrors them.
FIRST_CHANNELS, CHANNELS = 32, 64
CONV_HIDDEN = 256
# The sides of the paper's images; the sides that others may have, and a series' least length.
SIDES = (64, 64)
LEAST_SIDE, MOST_SIDE = 16, 256


class _Convolution(NamedTuple):
    """The convolutions of observations with some number of axes."""

    down: type[nn.Module]
    up: type[nn.Module]
    kernel: int
    stride: int
    padding: int
    least: int
    """The sides are divided by the stride as long as they stay as long as this."""


CONVOLUTIONS = {
    1: _Convolution(nn.Conv1d, nn.ConvTranspose1d, 8, 4, 2, 4),
    2: _Convolution(nn.Conv2d, nn.ConvTranspose2d, 4, 2, 1, 4),
}


# What `initialise` draws.
LAYERS = nn.Linear | nn.Conv1d | nn.Conv2d | nn.ConvTranspose1d | nn.ConvTranspose2d


def _undrawn(layer: Callable[..., nn.Module], device: torch.device) -> Callable[..., nn.Module]:
    """Makes layers without drawing their weights from PyTorch's global generator."""
    return partial(utils.skip_init, layer, device=device)


def initialise(network: nn.Module, generator: torch.Generator | int) -> None:
    """Draw the weights of every linear and convolution layer anew, in place, as the authors' code.

    Args:
        network: Any module.
        generator: Draws weights (kaiming-normal, gain 1) and biases (uniform within ±1/√fan_in); on
            the network's device. An int seeds one there.
    """
    check_network(network, "network")
    parameter = next(network.parameters(), None)
    generator = seeded(generator, "cpu" if parameter is None else parameter.device)
    for layer in network.modules():
        if isinstance(layer, LAYERS):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="linear", generator=generator)
            if layer.bias is not None:
                fan_in, _ = nn.init._calculate_fan_in_and_fan_out(layer.weight)
                bound = 1 / math.sqrt(fan_in)
                nn.init.uniform_(layer.bias, -bound, bound, generator=generator)


def conv_encoder(
    outputs: int,
    *,
    channels: int = 3,
    size: Sequence[int] = SIDES,
    generator: torch.Generator | int,
) -> nn.Sequential:
    """Convolutions from images (batch, channels, height, width) to (batch, outputs).

    By default the paper's encoder for CelebA: four convolutions 4 × 4, stride 2, padding 1, then
    1024 → 256 → outputs, with SELU. Other sizes have as many such convolutions as leave the
    shorter side 4 pixels or more; a series has convolutions of 8 samples, stride 4.

    Args:
        outputs: m for NashAE; 2m for a VAE, which makes two heads of them.
        channels: 3 for colour images, 1 for grey ones.
        size: (height, width), each 16 to 256, or (t,), 16 or more, for series (batch, channels, t).
        generator: Draws the weights, on its device; an int seeds one on the CPU.

    Raises:
        ValueError: A number is out of range. The network raises it for images of another shape.

    Source:
        Yeats et al. 2022, supplement, https://arxiv.org/abs/2209.10677

    Example:
        >>> import torch
        >>> from nashae_core import conv_encoder
        >>> conv_encoder(10, generator=0)(torch.rand(2, 3, 64, 64)).shape
        torch.Size([2, 10])
    """
    outputs, channels, generator = _checked("outputs", outputs, channels, generator)
    sizes, filters, kind = _stages(size)
    convolution = _undrawn(kind.down, generator.device)
    linear = _undrawn(nn.Linear, generator.device)
    options = {"stride": kind.stride, "padding": kind.padding}
    layers: list[nn.Module] = []
    for inputs, made in zip((channels, *filters[:-1]), filters, strict=True):
        layers += [convolution(inputs, made, kind.kernel, **options), SELU()]
    flat = filters[-1] * math.prod(sizes[-1])
    head = [linear(flat, CONV_HIDDEN), SELU(), linear(CONV_HIDDEN, outputs)]
    network = nn.Sequential(*layers, nn.Flatten(), *head)
    network.register_forward_pre_hook(partial(_check_images, size=sizes[0]))
    initialise(network, generator)
    return network


def conv_decoder(
    latents: int,
    *,
    channels: int = 3,
    size: Sequence[int] = SIDES,
    generator: torch.Generator | int,
) -> nn.Sequential:
    """The mirror of `conv_encoder`: codes (batch, latents) to images (batch, channels, ...).

    Args:
        latents: m.
        channels: 3 for colour images, 1 for grey ones.
        size: As for `conv_encoder`.
        generator: Draws the weights, on its device; an int seeds one on the CPU.

    Raises:
        ValueError: A number is out of range. The network raises it for codes of another shape.
    """
    latents, channels, generator = _checked("latents", latents, channels, generator)
    sizes, filters, kind = _stages(size)
    convolution = _undrawn(kind.up, generator.device)
    linear = _undrawn(nn.Linear, generator.device)
    layers: list[nn.Module] = [
        linear(latents, CONV_HIDDEN),
        SELU(),
        linear(CONV_HIDDEN, filters[-1] * math.prod(sizes[-1])),
        SELU(),
        nn.Unflatten(1, (filters[-1], *sizes[-1])),
    ]
    mirrored = filters[::-1]
    widths = zip(mirrored, (*mirrored[1:], channels), sizes[-2::-1], strict=True)
    for inputs, made, sides in widths:
        # What a side that the stride does not divide has lost on the way down.
        lost = tuple(side % kind.stride for side in sides)
        options = {"stride": kind.stride, "padding": kind.padding, "output_padding": lost}
        layers += [convolution(inputs, made, kind.kernel, **options), SELU()]
    network = nn.Sequential(*layers[:-1])
    network.register_forward_pre_hook(_check_codes)
    initialise(network, generator)
    return network


def _stages(size: Sequence[int]) -> tuple[list[tuple[int, ...]], tuple[int, ...], _Convolution]:
    """The sides before and after each convolution, and the channels that each makes."""
    sides = tuple(whole_numbers(size, "size"))
    if len(sides) not in CONVOLUTIONS or min(sides) < LEAST_SIDE:
        raise ValueError(
            f"size must be (height, width) or (t,), each {LEAST_SIDE} or more; got {sides}: resize "
            "the observations, or give a network of your own"
        )
    if len(sides) == 2 and max(sides) > MOST_SIDE:
        raise ValueError(
            f"size must be at most {MOST_SIDE} × {MOST_SIDE}; got {sides}: resize the images, or "
            "give a network of your own"
        )
    kind, sizes = CONVOLUTIONS[len(sides)], [sides]
    while min(sizes[-1]) >= kind.least * kind.stride:
        sizes.append(tuple(side // kind.stride for side in sizes[-1]))
    stages = len(sizes) - 1
    filters = (FIRST_CHANNELS,) * min(2, stages) + (CHANNELS,) * (stages - 2)
    return sizes, filters, kind


def _checked(
    name: str, width: int, channels: int, generator: torch.Generator | int
) -> tuple[int, int, torch.Generator]:
    width, channels = whole(width, name, None), whole(channels, "channels", None)
    if width < 1 or channels < 1:
        raise ValueError(f"{name} and channels must be at least 1; got {width} and {channels}")
    return width, channels, seeded(generator)


def _check_images(
    network: nn.Sequential, inputs: tuple[Tensor, ...], size: tuple[int, ...]
) -> None:
    """Refuse images of another shape."""
    (images,), weight = inputs, next(network.parameters())
    wanted = (weight.shape[1], *size)
    check_tensors(images=images)
    if images.shape[1:] != wanted:
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
