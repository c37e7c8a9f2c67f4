"""Binary images held as bits and unpacked when they are asked for."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from nashae_data.observations.places import by_place


@dataclass(frozen=True, eq=False)
class PackedImages:
    """Binary images, eight pixels in a byte: `Observations` that take an eighth of the memory.

    - `packed`: (n, height, width / 8) uint8, most significant bit = leftmost column, as
      `numpy.packbits(images, axis=-1)` makes it. Kept as a read-only view, so that a trainer can
      move these bytes to a device and unpack each batch there.

    `shape` is (n, height, width) and `dtype` uint8. Indexing unpacks copies of uint8, 0 or 1:
    an integer gives one image (height, width), a slice (m, height, width), an array of integers
    (its shape, height, width). Indices may repeat, come in any order and be negative.

    Raises `ValueError` if `packed` is of another type or number of axes, and `IndexError` if an
    index is out of range or of another kind: for a boolean mask give `numpy.flatnonzero(mask)`.
    """

    packed: npt.NDArray[np.uint8]

    def __post_init__(self) -> None:
        packed = np.asarray(self.packed)
        if packed.dtype != np.uint8 or packed.ndim != 3:
            raise ValueError(
                f"packed images are {packed.shape} {packed.dtype}, wanted (n, height, width / 8) "
                "uint8: make them with numpy.packbits(images, axis=-1)"
            )
        view = packed.view()
        view.flags.writeable = False
        object.__setattr__(self, "packed", view)

    @property
    def shape(self) -> tuple[int, int, int]:
        """The number of images, their height and their width in pixels."""
        number, height, width = self.packed.shape
        return number, height, 8 * width

    @property
    def dtype(self) -> np.dtype[np.uint8]:
        """uint8, the type of the unpacked pixels."""
        return np.dtype(np.uint8)

    def __len__(self) -> int:
        return len(self.packed)

    def __repr__(self) -> str:
        return f"<PackedImages {self.shape}, {self.packed.nbytes} bytes>"

    def __reduce__(self) -> tuple[Any, ...]:
        return by_place(PackedImages, packed=self.packed)

    def __getitem__(
        self, index: int | np.integer[Any] | slice | npt.NDArray[np.integer[Any]], /
    ) -> npt.NDArray[np.uint8]:
        kind = type(index).__name__
        if not isinstance(index, slice | tuple):
            kind = str(np.asarray(index).dtype)
        if not kind.startswith(("slice", "int", "uint")):
            raise IndexError(
                f"images are indexed by an integer, a slice or an array of integers, got {kind}: "
                "for a mask give numpy.flatnonzero(mask)"
            )
        chosen = np.asarray(self.packed[index])
        # One run over all bytes: with axis=-1 numpy starts anew in each row of pixels, and is slow.
        pixels = np.unpackbits(chosen.reshape(-1))
        return pixels.reshape(*chosen.shape[:-1], self.shape[2])

    def __array__(
        self, dtype: npt.DTypeLike | None = None, copy: bool | None = None
    ) -> npt.NDArray[Any]:
        """All images unpacked; without this method numpy would ask for them one by one."""
        if copy is False:
            raise ValueError(
                "packed images cannot be unpacked without a copy: leave out copy=False"
            )
        return self[:].astype(self.dtype if dtype is None else dtype, copy=False)
