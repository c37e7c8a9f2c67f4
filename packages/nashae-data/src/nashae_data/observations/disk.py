"""Observations that stay on disk and are read when they are indexed."""

from itertools import pairwise
from pathlib import Path
from types import TracebackType
from typing import Any

import h5py  # type: ignore[import-untyped]
import numpy as np
import numpy.typing as npt

from nashae_data.files.foreign import reading
from nashae_data.observations.places import FileStamp, MappedArray, place_of
from nashae_data.observations.protocol import Index, OnDemand, resolve

# The most bytes that are read at once where rows lie in chunks and not all are wanted.
MOST_BYTES = 1 << 24


def in_any_order(observations: Any) -> Any:
    """Observations that can be indexed in any order: an h5py data set, which cannot, is wrapped.

    Raises `ValueError` if its file is closed.
    """
    if not isinstance(observations, h5py.Dataset):
        return observations
    if not observations:
        raise ValueError("observations must be in an open file; got a closed one: open it again")
    return DiskImages(observations, Path(observations.file.filename), str(observations.name))


class DiskImages(OnDemand):
    """`Observations` in a file: a memory map or an HDF5 data set, of any type.

    Indexing gives a copy in memory: an integer one image, a slice or an array of integers the
    images in that order; indices may repeat, come in any order and be negative.

    The file stays open until `close` is called, a `with` block of this object ends or nothing
    refers to it any more. A process that was forked must open the file anew. Pickled, for a process
    that is started otherwise, it is a path and a place in the file, which are opened there:
    `ValueError` if the file has changed since, or is an HDF5 file in memory or open for writing. A
    closed one stays closed.

    Args:
        array: the memory map or the h5py data set, n first.
        path: the file.
        key: the name of the array in it, for errors.
        file: the h5py file to close with this object; None: leave it open.

    Raises:
        IndexError: when indexed, if an index is out of range or of another kind.
        ValueError: when indexed, if the file is damaged there or closed. Both name file and key.
    """

    def __init__(self, array: Any, path: Path, key: str, file: Any = None) -> None:
        self._array, self._path, self._key, self._file = array, path, key, file
        self._shape: tuple[int, ...] = tuple(array.shape)
        self._dtype: np.dtype[Any] = array.dtype
        self._stamp = FileStamp.of(path) if path.exists() else None

    @property
    def shape(self) -> tuple[int, ...]:
        """The number of observations, then the shape of one."""
        return self._shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the numbers."""
        return self._dtype

    def __repr__(self) -> str:
        closed = ", closed" if self._array is None else ""
        return f"<DiskImages {self._shape} {self._dtype} of {self._path} {self._key!r}{closed}>"

    def __getitem__(self, index: Index, /) -> npt.NDArray[Any]:
        place = f"{self._path} {self._key!r}"
        if self._array is None:
            raise ValueError(f"{place} must be open; got a closed file: read it again")
        rows = resolve(index, len(self), place)
        with reading(self._path, self._key):
            if isinstance(self._array, np.ndarray):
                return np.asarray(self._array[rows])  # rows are an array: a copy
            return self._read_runs(rows)

    def _read_runs(self, rows: npt.NDArray[np.int64]) -> npt.NDArray[Any]:
        """The rows of an HDF5 data set; neighbours, and those of a chunk, are read together.

        HDF5 unpacks a chunk anew for each read.
        """
        wanted, places = np.unique(rows, return_inverse=True)
        read = np.empty((len(wanted), *self._shape[1:]), dtype=self._dtype)
        chunk = self._array.chunks[0] if self._array.chunks else 1
        near = (np.diff(wanted) == 1) | (np.diff(wanted // chunk) == 0)
        most = MOST_BYTES // max(1, int(np.prod(self._shape[1:])) * self._dtype.itemsize)
        starts = [0] if wanted.size else []
        for i, joined in enumerate(near, 1):
            if not joined or wanted[i] - wanted[starts[-1]] >= max(1, most):
                starts.append(i)
        for start, end in pairwise([*starts, len(wanted)]):
            first = wanted[start]
            read[start:end] = self._array[first : wanted[end - 1] + 1][wanted[start:end] - first]
        if np.array_equal(wanted, rows):
            return read
        return read[places.reshape(rows.shape)]

    def __reduce__(self) -> tuple[Any, ...]:
        if self._array is None:
            return _closed, (self._path, self._key, self._shape, self._dtype)
        if isinstance(self._array, np.ndarray):
            place = place_of(self._array, self._stamp)
            return _mapped, (self._array if place is None else place, self._path, self._key)
        file, stamp = self._array.file, self._stamp
        if stamp is None or file.driver in ("core", "fileobj"):
            raise ValueError(
                f"{self._path} {self._key!r} must be in a file on disk to be pickled; got one in "
                "memory: give observations[:]"
            )
        if file.mode != "r":  # no other process may open it, and closing it changes it
            raise ValueError(
                f"{self._path} {self._key!r} must be in a file that is open for reading alone to "
                f'be pickled; got mode {file.mode!r}: open it with mode "r"'
            )
        return _opened, (stamp, self._array.name, self._path, self._key)

    def close(self) -> None:
        """Close the file; indexing raises `ValueError` from then on."""
        self._array = None
        if self._file is not None:
            self._file.close()

    def __enter__(self) -> "DiskImages":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def _closed(path: Path, key: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> DiskImages:
    images = DiskImages(np.broadcast_to(np.empty((), dtype), shape), path, key)
    images.close()
    return images


def _mapped(array: MappedArray | npt.NDArray[Any], path: Path, key: str) -> DiskImages:
    return DiskImages(array.open() if isinstance(array, MappedArray) else array, path, key)


def _opened(stamp: FileStamp, name: str, path: Path, key: str) -> DiskImages:
    stamp.check()
    with reading(path, key):
        file = h5py.File(stamp.path, "r")
        return DiskImages(file[name], path, key, file)
