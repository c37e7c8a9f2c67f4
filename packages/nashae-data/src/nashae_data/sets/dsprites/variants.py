"""Sprites in a random colour, or on noise: fixed functions of a seed and the image's index."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from jaxtyping import Float32

from nashae_data.observations.places import by_place
from nashae_data.observations.protocol import Index, Observations, OnDemand, resolve
from nashae_data.records.dataset import Dataset

# The second half of the random generator's key, so that one seed gives each variant its own stream.
COLOR, NOISE = 1, 2
SEEDS = 2**64


def color_dsprites(dataset: Dataset, seed: int = 0) -> Dataset:
    """Color dSprites: each sprite in a colour of its own, on black.

    The colours are a fixed function of the seed and the image's index, so that an image is the same
    in whatever order it is asked for.

    Args:
        dataset: with binary images (n, h, w), 0 or 1, such as `dsprites()`; not copied.
        seed: 0 to 2**64 - 1.

    Returns:
        A `Dataset` of the same factors whose `observations` are (n, h, w, 3) float32, red, green,
        blue, made when they are indexed: the sprite times three numbers uniform in [0.5, 1).

    Raises:
        ValueError: the images have another shape, or hold numbers other than 0 and 1 (when they are
            indexed), or the seed is out of range.

    Source: F. Locatello et al., Challenging Common Assumptions in the Unsupervised Learning of
    Disentangled Representations, ICML 2019, https://arxiv.org/abs/1811.12359. There the colour is
    drawn anew at each look.
    """
    return _variant(dataset, seed, COLOR, "color")


def noisy_dsprites(dataset: Dataset, seed: int = 0) -> Dataset:
    """Noisy dSprites: white sprites on noise, a fixed function of the seed and the image's index.

    Args:
        dataset: as of `color_dsprites`.
        seed: as of `color_dsprites`.

    Returns:
        A `Dataset` of the same factors whose `observations` are (n, h, w, 3) float32 in [0, 1],
        made when they are indexed: min(sprite + noise, 1), the noise uniform in [0, 1) for each
        pixel and channel.

    Raises:
        ValueError: as `color_dsprites`.

    Source: as of `color_dsprites`.
    """
    return _variant(dataset, seed, NOISE, "noisy")


def _variant(dataset: Dataset, seed: int, variant: int, name: str) -> Dataset:
    shape = dataset.observations.shape
    if len(shape) != 3:
        raise ValueError(f"observations must be binary images (n, height, width); got {shape}")
    if not 0 <= seed < SEEDS:
        raise ValueError(f"seed must be from 0 to 2**64 - 1; got {seed}")
    source = f"{name} variant, seed {seed}, of: {dataset.provenance.source}"
    return replace(
        dataset,
        observations=RandomImages(dataset.observations, seed, variant),
        provenance=replace(dataset.provenance, source=source),
    )


@dataclass(frozen=True, eq=False)
class RandomImages(OnDemand):
    """`Observations` (n, h, w, 3) float32 made of binary images (n, h, w) when they are indexed.

    Args:
        images: the binary images.
        seed: of the random numbers.
        variant: `COLOR` or `NOISE`.
    """

    images: Observations
    seed: int
    variant: int

    @property
    def shape(self) -> tuple[int, ...]:
        """The number of images, their height and width in pixels, and 3."""
        return (*self.images.shape, 3)

    @property
    def dtype(self) -> np.dtype[np.float32]:
        """float32."""
        return np.dtype(np.float32)

    def __repr__(self) -> str:
        return f"<RandomImages {self.shape} float32, seed {self.seed}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return by_place(RandomImages, images=self.images, seed=self.seed, variant=self.variant)

    def __getitem__(self, index: Index, /) -> npt.NDArray[np.float32]:
        rows = resolve(index, len(self), "the data set")
        flat = rows.reshape(-1)
        sprites = np.asarray(self.images[flat])
        if not ((sprites == 0) | (sprites == 1)).all():
            raise ValueError(
                f"images must hold 0 and 1 alone; got {sprites.min()} to {sprites.max()}"
            )
        rendered = np.empty((len(flat), *self.shape[1:]), dtype=np.float32)
        for image, sprite, row in zip(rendered, sprites, flat, strict=True):
            if self.variant == COLOR:
                np.multiply(sprite[..., None], 0.5 + 0.5 * self._uniform(row, (3,)), out=image)
            else:
                np.minimum(sprite[..., None] + self._uniform(row, image.shape), 1.0, out=image)
        return rendered.reshape(*rows.shape, *self.shape[1:])

    def _uniform(
        self, row: np.integer[Any], shape: tuple[int, ...]
    ) -> Float32[np.ndarray, "*shape"]:
        """Uniform in [0, 1), in steps of 2**-24, of raw bits, whose stream numpy never changes."""
        key = np.array([self.seed, self.variant], dtype=np.uint64)
        counter = np.array([0, 0, 0, row], dtype=np.uint64)
        bits = np.random.Philox(key=key, counter=counter).random_raw(int(np.prod(shape)))
        return ((bits >> np.uint64(40)).astype(np.float32) * np.float32(2.0**-24)).reshape(shape)
