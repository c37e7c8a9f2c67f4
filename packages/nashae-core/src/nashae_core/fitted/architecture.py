"""Networks for the shape of one's data."""

from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

from nashae_core.mlp import MLP
from nashae_core.nashae import NashAE, NashAEConfig
from nashae_core.networks import LEAST_SIDE, MOST_SIDE, conv_decoder, conv_encoder
from nashae_core.predictors import Predictors

Kind = Literal["vector", "series", "image"]
Channels = Literal["none", "first", "last"]

HIDDEN = (256, 128)
# Numbers of channels by which an image's channels are known from its sides.
COLOURS = (1, 3, 4)


@dataclass(frozen=True)
class Architecture:
    """Networks for observations of one shape.

    Raises:
        ValueError: for a kind that does not go with the shape, and for fewer than one latent.
    """

    kind: Kind
    """"vector": a perceptron; "series": 1-D convolutions; "image": 2-D convolutions."""
    shape: tuple[int, ...]
    """Of one observation."""
    channels: Channels
    """Where the channels of a series or an image are in it."""
    latents: int
    """m, one or more."""

    def __post_init__(self) -> None:
        axes = {"vector": 0, "series": 1, "image": 2}
        if self.kind not in axes:
            raise ValueError(f"kind must be one of {[*axes]}; got {self.kind!r}")
        if self.kind != "vector" and len(self.sides) != axes[self.kind]:
            raise ValueError(
                f"observations of kind {self.kind!r} must have {axes[self.kind]} axes, and one of "
                f"channels or none; got {self.shape} with channels {self.channels!r}"
            )
        if self.kind == "image" and not _of_an_image(self.sides):
            raise ValueError(
                f"images must have sides of {LEAST_SIDE} to {MOST_SIDE} pixels; got {self.sides}: "
                "resize them, or give kind='vector', or an encoder and a decoder"
            )
        if self.kind == "series" and self.sides[0] < LEAST_SIDE:
            raise ValueError(
                f"series must have {LEAST_SIDE} samples or more; got {self.sides[0]}: give "
                "kind='vector'"
            )
        if self.latents < 1:
            raise ValueError(f"latents must be 1 or more; got {self.latents}")

    @property
    def sides(self) -> tuple[int, ...]:
        """The shape without the channels."""
        if self.channels == "none":
            return self.shape
        return self.shape[1:] if self.channels == "first" else self.shape[:-1]

    @property
    def channel(self) -> int | None:
        """The channels' axis."""
        return {"none": None, "first": 0, "last": len(self.shape) - 1}[self.channels]

    @property
    def number_of_channels(self) -> int:
        """1 where there is no axis of them."""
        return 1 if self.channel is None else self.shape[self.channel]

    def encoder(self, generator: torch.Generator) -> nn.Module:
        """Observations (batch, ...) to (batch, latents)."""
        if self.kind == "vector":
            sizes = (torch.Size(self.shape).numel(), *HIDDEN, self.latents)
            return nn.Sequential(nn.Flatten(), MLP(sizes, generator=generator))
        network = conv_encoder(
            self.latents, channels=self.number_of_channels, size=self.sides, generator=generator
        )
        return nn.Sequential(ChannelsFirst(self.channels), network)

    def decoder(self, generator: torch.Generator) -> nn.Module:
        """Codes (batch, latents) to observations (batch, ...)."""
        if self.kind == "vector":
            sizes = (self.latents, *HIDDEN[::-1], torch.Size(self.shape).numel())
            return nn.Sequential(MLP(sizes, generator=generator), nn.Unflatten(1, self.shape))
        network = conv_decoder(
            self.latents, channels=self.number_of_channels, size=self.sides, generator=generator
        )
        return nn.Sequential(network, ChannelsBack(self.channels))

    def build(self, generator: torch.Generator, config: NashAEConfig) -> NashAE:
        """A NashAE with these networks, drawn from `generator`."""
        encoder, decoder = self.encoder(generator), self.decoder(generator)
        return NashAE(encoder, decoder, Predictors(self.latents, generator=generator), config)


class ChannelsFirst(nn.Module):
    """Observations as convolutions take them: (batch, channels, ...)."""

    def __init__(self, channels: Channels) -> None:
        super().__init__()
        self.channels = channels

    def forward(self, x: Float[Tensor, "batch *shape"]) -> Float[Tensor, "batch *moved"]:
        """Add or move the axis of channels."""
        if self.channels == "none":
            return x.unsqueeze(1)
        return x if self.channels == "first" else x.movedim(-1, 1)


class ChannelsBack(nn.Module):
    """The inverse of `ChannelsFirst`."""

    def __init__(self, channels: Channels) -> None:
        super().__init__()
        self.channels = channels

    def forward(self, x: Float[Tensor, "batch *moved"]) -> Float[Tensor, "batch *shape"]:
        """Remove or move the axis of channels."""
        if self.channels == "none":
            return x.squeeze(1)
        return x if self.channels == "first" else x.movedim(1, -1)


def architecture_for(
    shape: tuple[int, ...], latents: int, kind: Kind | Literal["auto"] = "auto"
) -> Architecture:
    """Networks for observations of a shape.

    Args:
        shape: of one observation.
        latents: m.
        kind: "auto" takes (c, h, w) and (h, w, c) with 1, 3 or 4 channels and sides of 16 to 256
            for an image, and (h, w) with such sides of which none is four times the other; another
            (channels, t) with t of 16 or more for a series; all else for a vector.
    """
    if kind == "auto":
        return _recognised(shape, latents)
    if kind == "image" and len(shape) == 3:
        last = shape[2] in COLOURS and shape[0] not in COLOURS
        return Architecture(kind, shape, "last" if last else "first", latents)
    if kind == "series" and len(shape) == 2:
        return Architecture(kind, shape, "first", latents)
    return Architecture(kind, shape, "none", latents)


def _of_an_image(sides: tuple[int, ...]) -> bool:
    return len(sides) == 2 and LEAST_SIDE <= min(sides) <= max(sides) <= MOST_SIDE


def _recognised(shape: tuple[int, ...], latents: int) -> Architecture:
    if len(shape) == 3 and shape[0] in COLOURS and _of_an_image(shape[1:]):
        return Architecture("image", shape, "first", latents)
    if len(shape) == 3 and shape[2] in COLOURS and _of_an_image(shape[:2]):
        return Architecture("image", shape, "last", latents)
    alike = len(shape) == 2 and max(shape) < 4 * min(shape)
    if alike and _of_an_image(shape):
        return Architecture("image", shape, "none", latents)
    if len(shape) == 2 and shape[1] >= LEAST_SIDE:
        return Architecture("series", shape, "first", latents)
    return Architecture("vector", shape, "none", latents)
