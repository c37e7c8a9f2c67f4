"""The places of arrays on disk, which are pickled instead of the arrays.

numpy pickles all the numbers of a memory map, many GB. Here its place is pickled: the path, and the
position of the numbers in the file. The process that unpickles it opens the file itself.
"""

import mmap
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class FileStamp:
    """A file by its absolute path, with its size and date, which change when it is written."""

    path: Path
    size: int
    modified: int  # ns

    @classmethod
    def of(cls, path: str | os.PathLike[str]) -> "FileStamp":
        """The stamp of a file as it is now; raises `OSError` if it is not there."""
        status = Path(path).stat()
        return cls(Path(path).absolute(), status.st_size, status.st_mtime_ns)

    def check(self) -> None:
        """Raise `ValueError` if the file has changed, `FileNotFoundError` if it is gone."""
        if FileStamp.of(self.path) != self:
            raise ValueError(
                f"{self.path} must be as it was when it was opened; got another size or "
                "date: read it again and pickle that"
            )


@dataclass(frozen=True)
class MappedArray:
    """The place of an array in a file; its first number is at byte `offset`."""

    stamp: FileStamp
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    offset: int

    def open(self) -> npt.NDArray[Any]:
        """The array as a read-only memory map.

        Raises `ValueError` if the file has changed, `FileNotFoundError` if it is gone.
        """
        self.stamp.check()
        ends = [
            (length - 1) * stride for length, stride in zip(self.shape, self.strides, strict=True)
        ]
        first = self.offset + sum(end for end in ends if end < 0)
        last = self.offset + sum(end for end in ends if end > 0) + self.dtype.itemsize
        whole = np.memmap(self.stamp.path, np.uint8, "r", first, last - first)
        array: npt.NDArray[Any] = np.ndarray.__new__(
            np.memmap, self.shape, self.dtype, whole, self.offset - first, self.strides
        )
        return array


def place_of(array: object, stamp: FileStamp | None = None) -> MappedArray | None:
    """The place of a memory map, or of a part of one; None if no file that can be opened holds it.

    Args:
        array: the memory map.
        stamp: of its file when it was opened; None: as the file is now.
    """
    root = array
    while isinstance(root, np.ndarray) and not isinstance(root.base, mmap.mmap):
        root = root.base
    if not isinstance(array, np.ndarray) or not isinstance(root, np.memmap):
        return None
    # The changes to a map of mode "c" (copy on write) are in memory alone.
    if root.filename is None or root.mode == "c" or not array.ndim or not array.size:
        return None
    if root.mode != "r":
        root.flush()
        stamp = None  # its own writes change it
    try:
        mapped = MappedArray(
            stamp or FileStamp.of(root.filename),
            array.dtype,
            array.shape,
            array.strides,
            root.offset + _address(array) - _address(root),
        )
        same = stamp is not None or mapped.open()[[0, -1]].tobytes() == array[[0, -1]].tobytes()
    except (OSError, ValueError):
        return None
    # Otherwise another file has taken its name, and the map is of a file without one.
    return mapped if same else None


def _address(array: npt.NDArray[Any]) -> int:
    return int(array.__array_interface__["data"][0])


def by_place(kind: type, **fields: object) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    """The result of `__reduce__` for `kind(**fields)`, memory maps replaced by their places."""
    return _made, (kind, {name: place_of(field) or field for name, field in fields.items()})


def _made(kind: type, fields: dict[str, Any]) -> Any:
    opened = {
        name: field.open() if isinstance(field, MappedArray) else field
        for name, field in fields.items()
    }
    return kind(**opened)
