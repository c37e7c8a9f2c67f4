"""The published files of dSprites: the .npz and the HDF5 form."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import h5py  # type: ignore[import-untyped]
import numpy as np
import numpy.typing as npt

from nashae_data.files.hdf5 import check_array, open_array, opened_hdf5
from nashae_data.files.npz import open_member, opened_npz
from nashae_data.observations.packed import PackedImages
from nashae_data.records.dataset import Dataset
from nashae_data.records.grids import check_equal, grid
from nashae_data.records.provenance import from_file
from nashae_data.sets.dsprites.polygons import SIDE
from nashae_data.sets.dsprites.sprites import CITATION, LEVELS, NAMES

ROWS = 1024  # images unpacked at a time: 4 MB
ROUNDING = 1e-6  # the accuracy to which the file's values must be the grid's


def read_dsprites(path: str | os.PathLike[str]) -> Dataset:
    """DSprites from a published file; `nashae_data.dsprites` computes the same.

    Args:
        path: of `dsprites_ndarray_co1sh3sc6or40x32y32_64x64.npz` (arrays `imgs`, `latents_values`,
            `latents_classes`) or of its HDF5 form (`imgs`, `latents/values`, `latents/classes`;
            suffix .h5 or .hdf5). The pickled `metadata` of the former is never loaded.

    Returns:
        The `Dataset` of `dsprites`, its `observations` packed to bits (`PackedImages`), its
        `values` as the file has them. 4 MB of the images are in memory unpacked at a time.

    Raises:
        FileNotFoundError: nothing is at `path`.
        ValueError: an array is missing, truncated, pickled or not of the published shape and type,
            a pixel is neither 0 nor 1, or classes or values are not those of the published rows;
            file and key are named.

    Source: L. Matthey et al., 2017, https://github.com/deepmind/dsprites-dataset.
    """
    return read_levels(path, LEVELS)


def read_levels(path: str | os.PathLike[str], levels: Sequence[npt.NDArray[np.float64]]) -> Dataset:
    """`read_dsprites` of a file with other levels of the six factors, in all combinations."""
    path = Path(path)
    if path.suffix.lower() in (".h5", ".hdf5"):
        keys: tuple[str, ...] = ("imgs", "latents/classes", "latents/values")
        with opened_hdf5(path) as file:
            return _dataset(path, {key: open_array(file, path, key) for key in keys}, levels)
    if path.suffix.lower() == ".npz":
        keys = ("imgs", "latents_classes", "latents_values")
        with opened_npz(path) as archive:
            return _dataset(path, {key: open_member(archive, key) for key in keys}, levels)
    raise ValueError(f"path must be a .npz, .h5 or .hdf5 file of dSprites; got {path}")


def _dataset(
    path: Path, arrays: dict[str, Any], levels: Sequence[npt.NDArray[np.float64]]
) -> Dataset:
    factors, values = grid(levels)
    imgs, classes_key, values_key = arrays
    check_array(_layout(arrays[imgs]), imgs, (len(factors), SIDE, SIDE))
    check_array(_layout(arrays[classes_key]), classes_key, factors.shape, np.int64)
    check_array(_layout(arrays[values_key]), values_key, values.shape, np.float64)
    found_classes, found_values = _whole(arrays[classes_key]), _whole(arrays[values_key])
    for column, name in enumerate(NAMES):
        check_equal(
            found_classes[:, column], factors[:, column], f"{classes_key!r}, factor {name!r},"
        )
        check_equal(
            found_values[:, column],
            values[:, column],
            f"{values_key!r}, factor {name!r},",
            tolerance=ROUNDING,
        )
    packed = np.empty((len(factors), SIDE, SIDE // 8), dtype=np.uint8)
    start = 0
    for images in _pieces(arrays[imgs]):
        if images.max() > 1:
            raise ValueError(f"{imgs!r} must hold 0 and 1 alone; got a pixel of {images.max()}")
        packed[start : start + len(images)] = np.packbits(images, axis=-1)
        start += len(images)
    sizes = tuple(len(level) for level in levels)
    return Dataset(
        PackedImages(packed), factors, found_values, NAMES, sizes, from_file(path, CITATION)
    )


def _layout(array: Any) -> Any:
    return array if isinstance(array, h5py.Dataset) else array.layout


def _whole(array: Any) -> npt.NDArray[Any]:
    return np.asarray(array[()] if isinstance(array, h5py.Dataset) else array.read())


def _pieces(array: Any) -> Iterable[npt.NDArray[np.uint8]]:
    if isinstance(array, h5py.Dataset):
        return (array[start : start + ROWS] for start in range(0, len(array), ROWS))
    pieces: Iterable[npt.NDArray[np.uint8]] = array.pieces(ROWS)
    return pieces
