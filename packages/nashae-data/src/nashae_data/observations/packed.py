"""Binary images held as bits and unpacked when they are indexed."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from nashae_data.observations.arrays import read_only
from nashae_data.observations.places import by_place
from nashae_data.observations.protocol import Index, OnDemand, resolve


@dataclass(frozen=True, eq=False)
class PackedImages(OnDemand):
    """Binary images, eight pixels a byte: `Observations` in an eighth of the memory.

    `shape` is (n, height, width), `dtype` uint8. Indexing gives unpacked copies, 0 or 1: an integer
    one image (height, width), a slice or an array of integers several. Indices may repeat, come in
    any order and be negative.

    Args:
        packed: (n, height, width / 8) uint8, the leftmost column in the most significant bit, as
            `numpy.packbits(images, axis=-1)` makes it. Kept as a read-only view, so that a trainer
            can move these bytes to a device and unpack each batch there.

    Raises:
        ValueError: `packed` has another type or number of axes.
        IndexError: when indexed, if an index is out of range or of another kind.

    Example:
        >>> images = np.eye(8, dtype=np.uint8)[None]
        >>> packed = PackedImages(np.packbits(images, axis=-1))
        >>> packed.shape, packed.packed.nbytes, int(packed[0].sum())
        ((1, 8, 8), 8, 8)
    """

    packed: npt.NDArray[np.uint8]

    def __post_init__(self) -> None:
        packed = np.asarray(self.packed)
        if packed.dtype != np.uint8 or packed.ndim != 3:
            raise ValueError(
                f"packed must be (n, height, width / 8) uint8; got {packed.shape} {packed.dtype}: "
                "make it with numpy.packbits(images, axis=-1)"
            )
        object.__setattr__(self, "packed", read_only(packed))

    @property
    def shape(self) -> tuple[int, int, int]:
        """The number of images, their height and their width in pixels."""
        number, height, width = self.packed.shape
        return number, height, 8 * width

    @property
    def dtype(self) -> np.dtype[np.uint8]:
        """uint8, the type of the unpacked pixels."""
        return np.dtype(np.uint8)

    def __repr__(self) -> str:
        return f"<PackedImages {self.shape}, {self.packed.nbytes} bytes>"

    def __reduce__(self) -> tuple[Any, ...]:
        return by_place(PackedImages, packed=self.packed)

    def __getitem__(self, index: Index, /) -> npt.NDArray[np.uint8]:
        # A slice of an array is a view: all images are unpacked without a copy of their bytes.
        rows = index if isinstance(index, slice) else resolve(index, len(self), "the images")
        chosen = np.asarray(self.packed[rows])
        # One run over all bytes: with axis=-1 numpy starts anew in each row of pixels, and is slow.
        pixels = np.unpackbits(chosen.reshape(-1))
        return pixels.reshape(*chosen.shape[:-1], self.shape[2])
