"""HDF5 files from elsewhere: arrays are checked before any of their numbers is read."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py  # type: ignore[import-untyped]
import numpy as np

from nashae_data.files.foreign import reading
from nashae_data.files.npz import DEFLATE_RATIO

LARGEST_CHUNK = 1 << 28  # bytes that HDF5 unpacks at a time


@contextmanager
def opened_hdf5(path: Path) -> Iterator[Any]:
    """An HDF5 file, open within the block; its damage becomes a `ValueError` that names it.

    Raises `FileNotFoundError` if it is not there.
    """
    with path.open("rb"), reading(path), h5py.File(path) as file:
        yield file


def open_array(file: Any, path: Path, key: str) -> Any:
    """The h5py data set `key` ("group/name") of an open file, of numbers or text.

    Raises `ValueError`, which names the key, if it is missing, lies elsewhere (a link, another
    file), or claims more numbers than the file can hold: HDF5 would make them up.
    """
    place = file
    for part in key.split("/"):
        if not isinstance(place, h5py.Group) or part not in place:
            raise ValueError(f"it must hold {key!r}; got {', '.join(list(file)[:20])}")
        if not isinstance(place.get(part, getlink=True), h5py.HardLink):
            raise ValueError(f"{key!r} must be a data set in this file; got a link")
        place = place[part]
    if not isinstance(place, h5py.Dataset) or place.shape is None:
        raise ValueError(f"{key!r} must be an array; got {type(place).__name__}")
    if place.external or place.is_virtual:
        raise ValueError(f"{key!r} must be a data set in this file; got one in other files")
    if place.dtype.kind not in "biufcS":
        # HDF5 can loop for ever on damaged text of variable length, so that it is not read.
        raise ValueError(
            f"{key!r} must be numbers or text of fixed length, such as "
            f'h5py.string_dtype("utf-8", 100); got {place.dtype}'
        )
    _check_size(place, path, key)
    return place


def _check_size(place: Any, path: Path, key: str) -> None:
    nbytes = math.prod(place.shape) * place.dtype.itemsize
    stored, end = place.id.get_storage_size(), path.stat().st_size
    packed = place.id.get_create_plist().get_nfilters() > 0
    if stored > end or nbytes > stored * (DEFLATE_RATIO if packed else 1):
        raise ValueError(
            f"{key!r} must be {place.shape} {place.dtype} in full; got {stored} bytes of it: "
            "truncated or damaged"
        )
    if place.chunks is not None and math.prod(place.chunks) * place.dtype.itemsize > LARGEST_CHUNK:
        raise ValueError(
            f"{key!r} must have chunks of at most {LARGEST_CHUNK} bytes; got {place.chunks}"
        )


def check_array(
    found: Any, key: str, shape: tuple[int, ...], dtype: type[np.generic] = np.uint8
) -> None:
    """Raise `ValueError`, which names the key, if an array is of another shape or type."""
    if tuple(found.shape) != shape or found.dtype != dtype:
        raise ValueError(
            f"{key!r} must be {shape} {np.dtype(dtype)}; got {tuple(found.shape)} {found.dtype}"
        )
