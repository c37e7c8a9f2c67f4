"""MPI3D: 460,800 or 1,036,800 images of a robot's arm, in one .npz file of up to 12.7 GB."""

import os
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from nashae_data.files.atomic import atomic_file
from nashae_data.files.foreign import reading
from nashae_data.files.npz import (
    Layout,
    Member,
    map_array,
    open_member,
    opened_npz,
    read_header,
    write_header,
)
from nashae_data.observations.disk import DiskImages
from nashae_data.records.dataset import Dataset
from nashae_data.records.grids import class_grid
from nashae_data.records.provenance import from_file

CITATION = (
    "M. W. Gondal et al. On the Transfer of Inductive Bias from Simulation to the Real World: a "
    "New Disentanglement Dataset. NeurIPS 2019."
)
NAMES = ("color", "shape", "size", "camera", "background", "dof1", "dof2")
# By the number of images: the toy set of the NeurIPS challenge had four colours and shapes.
SIZES: dict[int, tuple[int, ...]] = {
    460_800: (4, 4, 2, 3, 3, 40, 40),
    1_036_800: (6, 6, 2, 3, 3, 40, 40),
}
IMAGE = (64, 64, 3)
ROWS = 1024  # images unpacked at a time: 12.6 MB


def read_mpi3d(
    path: str | os.PathLike[str], unpack_to: str | os.PathLike[str] | None = None
) -> Dataset:
    """MPI3D (toy, realistic or real) from a published file; the images stay on disk.

    Args:
        path: of an `mpi3d_*.npz` with `images`, or of a `.npy` that holds these alone.
        unpack_to: a `.npy` file to write once if the images of the .npz are compressed (the
            published ones are not); it appears whole or not at all. Read that file from then on.

    Returns:
        A `Dataset` whose `observations` are `DiskImages` (n, 64, 64, 3) uint8, 0 to 255, red,
        green, blue: a memory map of the file, whose check sum is not verified. The factors, with
        their numbers of classes: `color` and `shape` 4 each if n is 460,800 and 6 each if n is
        1,036,800, `size` 2, `camera` 3, `background` 3, `dof1` 40 and `dof2` 40 (the horizontal and
        the vertical axis). The file has no units: `values` are the classes.

    Raises:
        FileNotFoundError: nothing is at `path`.
        ValueError: the images are missing, truncated, pickled, compressed or not of a published
            shape and type; file and key are named.

    Source: M. W. Gondal et al., NeurIPS 2019, https://arxiv.org/abs/1906.03292.
    """
    return read_sizes(path, SIZES, unpack_to)


def read_sizes(
    path: str | os.PathLike[str],
    sizes: Mapping[int, tuple[int, ...]],
    unpack_to: str | os.PathLike[str] | None = None,
) -> Dataset:
    """`read_mpi3d` of a file with other numbers of classes, by the number of images."""
    path = Path(path)
    if path.suffix.lower() not in (".npz", ".npy"):
        raise ValueError(f"path must be a .npz or .npy file of MPI3D; got {path}")
    if path.suffix.lower() == ".npy":
        with path.open("rb") as stream, reading(path):
            layout = read_header(stream, "images")
            _check(layout, sizes)
            array = map_array(path, layout)
    else:
        with opened_npz(path) as archive:
            member = open_member(archive, "images")
            _check(member.layout, sizes)
            if unpack_to is None and member.info.compress_type != zipfile.ZIP_STORED:
                raise ValueError(
                    "'images' must be stored to be mapped; got compressed ones: give unpack_to, a "
                    f".npy file of {member.layout.nbytes / 1e9:.1f} GB to unpack them to once"
                )
            array = member.mapped(path) if unpack_to is None else _unpack(member, unpack_to)
    number = len(array)
    factors, values = class_grid(sizes[number])
    observations = DiskImages(array, path if unpack_to is None else Path(unpack_to), "images")
    provenance = from_file(path, CITATION, digest=False)
    return Dataset(observations, factors, values, NAMES, sizes[number], provenance)


def _check(layout: Layout, sizes: Mapping[int, tuple[int, ...]]) -> None:
    wanted = [(number, *IMAGE) for number in sizes]
    if layout.shape not in wanted or layout.dtype != np.uint8:
        raise ValueError(
            f"'images' must be {' or '.join(str(shape) for shape in wanted)} uint8; got "
            f"{layout.shape} {layout.dtype}"
        )


def _unpack(member: Member, path: str | os.PathLike[str]) -> npt.NDArray[np.uint8]:
    path = Path(path)
    if path.suffix.lower() != ".npy":
        raise ValueError(f"unpack_to must be a .npy file; got {path}")
    with atomic_file(path) as temporary, temporary.open("wb") as stream:
        write_header(stream, member.layout.shape, member.layout.dtype)
        for images in member.pieces(ROWS):
            stream.write(images.data)
    with path.open("rb") as written:
        return map_array(path, read_header(written, "images"))
