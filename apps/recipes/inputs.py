"""How networks see the observations of a data set."""

import os
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from nashae_core import ImageObservations, Observations, PackedObservations, StreamedImages

Array = npt.NDArray[Any]


class Inputs(Protocol):
    """From a data set's observations to what the networks see, and back."""

    @property
    def images(self) -> bool:
        """Whether the observations are images."""

    def of(self, observations: Any, device: str, /) -> Tensor | Observations:
        """All `observations` as the networks see them, on `device` where they fit."""

    def decoded(self, decoded: Tensor) -> Array:
        """What a decoder gives for n codes, as observations; images are cut off at 0 and 1."""

    def shown(self, observation: Any) -> Array:
        """One observation in the unit of `decoded`."""

    def scale(self) -> dict[str, Any]:
        """What the networks' inputs are made by: `mean` and `std`, or nothing."""


@dataclass(frozen=True)
class Waveforms:
    """Waveforms (samples,), normalised by one mean and one deviation."""

    mean: float
    std: float
    images = False

    def of(self, observations: Any, _: str = "cpu") -> Tensor:
        """All of them, (n, samples), on the CPU."""
        return (torch.tensor(observations[:]) - self.mean) / self.std

    def decoded(self, decoded: Tensor) -> Array:
        """The waveforms (n, samples) in their own unit."""
        array: Array = (decoded * self.std + self.mean).numpy()
        return array

    def shown(self, observation: Any) -> Array:
        """The waveform itself."""
        return np.asarray(observation)

    def scale(self) -> dict[str, Any]:
        """The mean and the deviation."""
        return {"mean": self.mean, "std": self.std}


class PackedBits:
    """Black and white images (64, 64), flat, each pixel 0 or 1; they stay packed in memory."""

    images = True

    def of(self, observations: Any, _: str) -> PackedObservations:
        """All of them, (n, 4096), packed."""
        return PackedObservations(observations.packed)

    def decoded(self, decoded: Tensor) -> Array:
        """The images (n, 64, 64); a Bernoulli decoder gives probabilities."""
        images: Array = decoded.reshape(len(decoded), 64, 64).clamp(0, 1).numpy()
        return images

    def shown(self, observation: Any) -> Array:
        """The image itself."""
        return np.asarray(observation)

    def scale(self) -> dict[str, Any]:
        """Nothing: they are raw."""
        return {}


@dataclass(frozen=True)
class ColourImages:
    """Images (64, 64, 3) of bytes as (3, 64, 64), normalised by colour.

    `mean` and `std` are those of each colour, from 0 to 1.
    """

    mean: tuple[float, ...]
    std: tuple[float, ...]
    images = True

    def of(self, observations: Any, device: str) -> ImageObservations | StreamedImages:
        """All of them: as bytes in memory if they fit into half of what is free, else streamed."""
        if not _fits(observations, device):
            return StreamedImages(observations, self.mean, self.std)
        in_memory = observations if isinstance(observations, np.ndarray) else observations[:]
        return ImageObservations(in_memory, self.mean, self.std)

    def decoded(self, decoded: Tensor) -> Array:
        """The images (n, 64, 64, 3), from 0 to 1."""
        mean, std = torch.tensor(self.mean), torch.tensor(self.std)
        images: Array = (decoded.permute(0, 2, 3, 1) * std + mean).clamp(0, 1).numpy()
        return images

    def shown(self, observation: Any) -> Array:
        """The image from 0 to 1."""
        return np.asarray(observation) / 255

    def scale(self) -> dict[str, Any]:
        """The means and the deviations."""
        return {"mean": self.mean, "std": self.std}


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
