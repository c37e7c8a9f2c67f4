"""Sprites in a random colour, or in noise: drawn anew for each index, always the same."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from jaxtyping import Float32

from nashae_data.observations.disk import resolve
from nashae_data.observations.places import by_place
from nashae_data.records.dataset import Dataset, Observations

# The second half of the key of the random numbers, so that one seed gives both variants their own.
COLOR, NOISE = 1, 2
SEEDS = 2**64


def color_dsprites(dataset: Dataset, seed: int = 0) -> Dataset:
    """Color dSprites: each sprite in a colour of its own, on black.

    - `dataset`: with binary images (n, h, w), 0 or 1, such as `dsprites()`; not copied.
    - `seed`: 0 to 2**64 - 1.

    Returns a `Dataset` of the same factors whose `observations` are (n, h, w, 3) float32, red,
    green, blue, made when they are indexed: the sprite times three numbers uniform in [0.5, 1),
    which are a fixed function of the seed and the image's index. An image is thus the same in
    whatever order and company it is asked for.

    Raises `ValueError` if the images have another shape or hold anything but 0 and 1, or if the
    seed is out of range.

    Source: F. Locatello et al., Challenging Common Assumptions in the Unsupervised Learning of
    Disentangled Representations, ICML 2019; there the colour is drawn anew at each look.
    """
    return _variant(dataset, seed, COLOR, "color")


def noisy_dsprites(dataset: Dataset, seed: int = 0) -> Dataset:
    """Noisy dSprites: white sprites on noise.

    - `dataset`, `seed`: as of `color_dsprites`.

    Returns a `Dataset` of the same factors whose `observations` are (n, h, w, 3) float32 in [0, 1],
    made when they are indexed: min(sprite + noise, 1), the noise uniform in [0, 1) for each pixel
    and channel and a fixed function of the seed and the image's index.

    Raises and source: as `color_dsprites`.
    """
    return _variant(dataset, seed, NOISE, "noisy")


def _variant(dataset: Dataset, seed: int, variant: int, name: str) -> Dataset:
    shape = dataset.observations.shape
    if len(shape) != 3:
        raise ValueError(f"observations are {shape}, wanted binary images (n, height, width)")
    if not 0 <= seed < SEEDS:
        raise ValueError(f"seed {seed}, wanted from 0 to 2**64 - 1")
    source = f"{name} variant, seed {seed}, of: {dataset.provenance.source}"
    return replace(
        dataset,
        observations=RandomImages(dataset.observations, seed, variant),
        provenance=replace(dataset.provenance, source=source),
    )


@dataclass(frozen=True, eq=False)
class RandomImages:
    """`Observations` (n, h, w, 3) float32 made of binary images (n, h, w) when they are indexed.

    Indices may repeat, come in any order and be negative. Raises `IndexError` if one is out of
    range or of another kind, and `ValueError` if an image holds anything but 0 and 1.
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

    def __len__(self) -> int:
        return len(self.images)

    def __repr__(self) -> str:
        return f"<RandomImages {self.shape} float32, seed {self.seed}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return by_place(RandomImages, images=self.images, seed=self.seed, variant=self.variant)

    def __getitem__(
        self, index: int | np.integer[Any] | slice | npt.NDArray[np.integer[Any]], /
    ) -> npt.NDArray[np.float32]:
        rows = resolve(index, len(self), "the data set")
        flat = rows.reshape(-1)
        sprites = np.asarray(self.images[flat])
        if not ((sprites == 0) | (sprites == 1)).all():
            raise ValueError("an image holds other numbers than 0 and 1: it is no sprite")
        found = np.empty((len(flat), *self.shape[1:]), dtype=np.float32)
        for image, sprite, row in zip(found, sprites, flat, strict=True):
            if self.variant == COLOR:
                np.multiply(sprite[..., None], 0.5 + 0.5 * self._uniform(row, (3,)), out=image)
            else:
                np.minimum(sprite[..., None] + self._uniform(row, image.shape), 1.0, out=image)
        return found.reshape(*rows.shape, *self.shape[1:])

    def _uniform(
        self, row: np.integer[Any], shape: tuple[int, ...]
    ) -> Float32[np.ndarray, "*shape"]:
        """In [0, 1), in steps of 2**-24: of the raw bits, whose stream numpy never changes."""
        key = np.array([self.seed, self.variant], dtype=np.uint64)
        counter = np.array([0, 0, 0, row], dtype=np.uint64)
        bits = np.random.Philox(key=key, counter=counter).random_raw(int(np.prod(shape)))
        return ((bits >> np.uint64(40)).astype(np.float32) * np.float32(2.0**-24)).reshape(shape)

    def __array__(
        self, dtype: npt.DTypeLike | None = None, copy: bool | None = None
    ) -> npt.NDArray[Any]:
        """All images; without this method numpy would ask for them one by one."""
        if copy is False:
            raise ValueError("images that are made on demand cannot be had without a copy")
        return self[:].astype(self.dtype if dtype is None else dtype, copy=False)
