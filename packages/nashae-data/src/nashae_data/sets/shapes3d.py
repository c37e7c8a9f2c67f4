"""3D Shapes: 480,000 images of an object in a room, in one HDF5 file."""

import os
from collections.abc import Sequence
from pathlib import Path

import h5py  # type: ignore[import-untyped]
import numpy as np

from nashae_data.files.foreign import reading
from nashae_data.files.hdf5 import check_array, open_array
from nashae_data.observations.disk import DiskImages
from nashae_data.records.dataset import Dataset
from nashae_data.records.grids import check_grid, class_grid
from nashae_data.records.provenance import from_file

CITATION = "C. Burgess, H. Kim. 3D Shapes Dataset. https://github.com/deepmind/3d-shapes, 2018."
NAMES = ("floor_hue", "wall_hue", "object_hue", "scale", "shape", "orientation")
SIZES = (10, 10, 10, 8, 4, 15)
# The published description has scales from 0 to 1 and the file scales from 0.75 to 1.25.
RANGES = ((0.0, 1.0), (0.0, 1.0), (0.0, 1.0), (0.0, 1.25), (0.0, 3.0), (-30.0, 30.0))
IMAGE = (64, 64, 3)


def read_3dshapes(path: str | os.PathLike[str]) -> Dataset:
    """3D Shapes from the published file; the images stay on disk.

    The file stays open: close it with `dataset.observations.close()`.

    Args:
        path: of `3dshapes.h5`, with `images` and `labels`.

    Returns:
        A `Dataset` whose `observations` are `DiskImages` (480000, 64, 64, 3) uint8, 0 to 255, red,
        green, blue: each index reads the file. The factors, with their numbers of classes:
        `floor_hue` 10, `wall_hue` 10, `object_hue` 10 (0 to 1), `scale` 8, `shape` 4 (0 cube,
        1 cylinder, 2 sphere, 3 capsule), `orientation` 15 (-30 to 30 degrees). `values` are the
        file's.

    Raises:
        FileNotFoundError: nothing is at `path`.
        ValueError: an array is missing, truncated or not of the published shape and type, or labels
            are not finite, out of range or not those of a full grid; file and key are named.

    Source: C. Burgess, H. Kim, 2018, https://github.com/deepmind/3d-shapes, published with
    "Disentangling by Factorising", https://arxiv.org/abs/1802.05983.
    """
    return read_sizes(path, SIZES)


def read_sizes(path: str | os.PathLike[str], sizes: Sequence[int]) -> Dataset:
    """`read_3dshapes` of a file with other numbers of classes."""
    path = Path(path)
    factors = class_grid(sizes)[0]
    with path.open("rb"), reading(path):
        file = h5py.File(path)
        try:
            images = open_array(file, path, "images")
            check_array(images, "images", (len(factors), *IMAGE))
            labels = open_array(file, path, "labels")
            check_array(labels, "labels", factors.shape, np.float64)
            values = labels[()]
            check_grid(values, [f"'labels', factor {name!r}," for name in NAMES], sizes, RANGES)
            observations = DiskImages(images, path, "images", file)
            return Dataset(
                observations, factors, values, NAMES, tuple(sizes), from_file(path, CITATION)
            )
        except BaseException:
            file.close()
            raise
