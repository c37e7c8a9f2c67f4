"""How networks see the observations of a data set."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from nashae_core import ImageObservations, Observations, PackedObservations, StreamedImages

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Inputs:
    """From a data set's observations to the networks' inputs, and back."""

    of: Callable[[Any, str], Tensor | Observations]
    """All observations as the networks see them, on a device if they fit."""
    decoded: Callable[[Tensor], Array]
    """A decoder's output for n codes, as observations; images are clipped to 0 … 1."""
    shown: Callable[[Any], Array] = np.asarray
    """One observation in the unit of `decoded`."""
    images: bool = True
    """Whether the observations are images."""
    scale: dict[str, Any] = field(default_factory=dict)
    """What normalises them: `mean` and `std`, or nothing."""


def waveforms(mean: float, std: float) -> Inputs:
    """Waveforms (samples,), normalised by one mean and one deviation."""
    return Inputs(
        of=lambda observations, _: (torch.tensor(observations[:]) - mean) / std,
        decoded=lambda decoded: (decoded * std + mean).numpy(),
        images=False,
        scale={"mean": mean, "std": std},
    )


def packed_bits() -> Inputs:
    """Black and white images (64, 64), flat, each pixel 0 or 1; they stay packed in memory."""
    return Inputs(
        of=lambda observations, _: PackedObservations(observations.packed),
        decoded=lambda decoded: decoded.reshape(len(decoded), 64, 64).clamp(0, 1).numpy(),
    )


def colour_images(mean: tuple[float, ...], std: tuple[float, ...]) -> Inputs:
    """Images (64, 64, 3) of bytes as (3, 64, 64), normalised by colour.

    `mean` and `std` are those of each colour, from 0 to 1. The images are held in memory as bytes
    if they take at most half of what is free, and are otherwise read from disk.
    """

    def of(images: Any, device: str) -> Observations:
        if not _fits(images, device):
            return StreamedImages(images, mean, std)
        in_memory = images if isinstance(images, np.ndarray) else images[:]
        return ImageObservations(in_memory, mean, std)

    def decoded(decoded: Tensor) -> Array:
        colours = decoded.permute(0, 2, 3, 1) * torch.tensor(std) + torch.tensor(mean)
        images: Array = colours.clamp(0, 1).numpy()
        return images

    return Inputs(
        of,
        decoded,
        shown=lambda image: np.asarray(image) / 255,
        scale={"mean": mean, "std": std},
    )


def _fits(images: Any, device: str) -> bool:
    if isinstance(images, np.ndarray) and device == "cpu":
        return True  # it is there already, or mapped from a file
    if torch.device(device).type == "cuda":
        free = torch.cuda.mem_get_info(device)[0]
    elif "SC_AVPHYS_PAGES" in os.sysconf_names:
        free = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    else:
        return False
    return 2 * int(np.prod(images.shape)) <= free
