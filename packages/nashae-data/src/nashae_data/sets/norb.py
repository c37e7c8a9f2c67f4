"""smallNORB: 48,600 pairs of grey pictures of 50 toys, in NORB's own binary files."""

import gzip
import math
import os
import struct
from collections.abc import Mapping
from io import BufferedReader
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from nashae_data.files.foreign import reading
from nashae_data.files.streams import Readable, check_end, read_array
from nashae_data.records.dataset import Dataset
from nashae_data.records.provenance import Provenance

CITATION = (
    "Y. LeCun, F. J. Huang, L. Bottou. Learning Methods for Generic Object Recognition with "
    "Invariance to Pose and Lighting. CVPR 2004."
)
NAMES = ("category", "instance", "elevation", "azimuth", "lighting")
SIZES = (5, 5, 9, 18, 6)  # of each part
SIDE = 96  # pixels
FILES = ("dat", "cat", "info")
PARTS: dict[str, tuple[str, ...]] = {
    "training": ("training",),
    "testing": ("testing",),
    "both": ("training", "testing"),
}
KINDS = {0x1E3D4C55: np.dtype("u1"), 0x1E3D4C54: np.dtype("<i4")}
# A stored number times the step, and the lowest value: degrees for elevation and azimuth.
UNITS = np.array([[1, 1, 5, 10, 1], [0, 0, 30, 0, 0]], dtype=np.float64)
# The highest number stored; azimuths are stored as 0, 2, ..., 34.
HIGHEST = (4, 9, 8, 34, 5)
Stream = gzip.GzipFile | BufferedReader
ROWS = 1024  # pairs of images read at a time: 19 MB


def read_small_norb(
    folder: str | os.PathLike[str],
    part: Literal["training", "testing", "both"] = "both",
    camera: Literal[0, 1] = 0,
) -> Dataset:
    """SmallNORB from the published files.

    Args:
        folder: with `*-training-dat.mat`, `*-training-cat.mat`, `*-training-info.mat` and the same
            three of `testing`, each as published or unpacked (`.mat.gz`, `.mat`).
        part: "training", "testing", or "both", training first. Each has five toys of a category.
        camera: 0 or 1; each toy was photographed by two. Others in this field use 0.

    Returns:
        A `Dataset` whose `observations` are (24300 or 48600, 96, 96) uint8, 0 to 255, 224 MB a part
        in memory, in the order of the files. The factors, with their numbers of classes: `category`
        5 (0 animal, 1 human, 2 plane, 3 truck, 4 car), `instance` 5 for a part and 10 for both
        (classes count the instances that occur; values are 0 to 9), `elevation` 9 (30 to 70
        degrees), `azimuth` 18 (0 to 340 degrees), `lighting` 6.

    Raises:
        FileNotFoundError: a file is missing.
        ValueError: a file, which is named, is truncated, there twice or of another format, shape or
            type; a label is out of range; a combination of factors is missing or there twice.

    Source: Y. LeCun, F. J. Huang, L. Bottou, CVPR 2004,
    https://cs.nyu.edu/~ylclab/data/norb-v1.0-small/.
    """
    if part not in PARTS:
        raise ValueError(f"part must be one of {', '.join(PARTS)}; got {part!r}")
    if camera not in (0, 1):
        raise ValueError(f"camera must be 0 or 1; got {camera!r}")
    return read_sizes(folder, PARTS[part], camera, SIZES, SIDE)


def read_sizes(
    folder: str | os.PathLike[str],
    parts: tuple[str, ...],
    camera: int,
    sizes: tuple[int, ...],
    side: int,
) -> Dataset:
    """`read_small_norb` of files with other numbers of classes and side x side pixels."""
    folder = Path(folder)
    number = math.prod(sizes)
    files = {(part, kind): _find(folder, part, kind) for part in parts for kind in FILES}
    stored = np.concatenate([_labels(files, part, number) for part in parts])
    images = np.empty((len(parts) * number, side, side), dtype=np.uint8)
    for at, part in enumerate(parts):
        place = files[part, "dat"]
        with _open(place) as stream, reading(place):
            _check_header(stream, (number, 2, side, side), np.dtype("u1"))
            for start in range(0, number, ROWS):
                rows = min(ROWS, number - start)
                pairs = read_array(stream, (rows, 2, side, side), np.dtype("u1"))
                images[at * number + start : at * number + start + rows] = pairs[:, camera]
            check_end(stream)
    columns = [np.unique(column, return_inverse=True) for column in stored.T]
    counts = tuple(len(levels) for levels, _ in columns)
    wanted = (sizes[0], sizes[1] * len(parts), *sizes[2:])
    factors = np.stack([classes for _, classes in columns], axis=1)
    if counts != wanted or len(np.unique(factors, axis=0)) < len(factors):
        raise ValueError(
            f"labels in {folder} must have {wanted} classes of {NAMES} and each combination once; "
            f"got {counts} classes"
        )
    provenance = Provenance(source=f"folder {folder.resolve().name}", citation=CITATION)
    return Dataset(images, factors, stored * UNITS[0] + UNITS[1], NAMES, counts, provenance)


def _find(folder: Path, part: str, kind: str) -> Path:
    matches = [
        path
        for path in sorted(folder.glob(f"*-{part}-{kind}.mat*"))
        if path.name.endswith((".mat", ".mat.gz")) and not path.name.startswith(".")
    ]
    if not matches:
        raise FileNotFoundError(f"{folder} must hold *-{part}-{kind}.mat or .mat.gz; got none")
    if len(matches) > 1:
        names = " and ".join(path.name for path in matches)
        raise ValueError(f"{folder} must hold one *-{part}-{kind}.mat; got {names}: keep one")
    return matches[0]


def _labels(files: Mapping[tuple[str, str], Path], part: str, number: int) -> npt.NDArray[np.int32]:
    """Category, instance, elevation, azimuth and lighting as stored."""
    columns = []
    for kind, shape in (("cat", (number,)), ("info", (number, 4))):
        place = files[part, kind]
        with _open(place) as stream, reading(place):
            _check_header(stream, shape, np.dtype("<i4"))
            columns.append(read_array(stream, shape, np.dtype("<i4")).reshape(number, -1))
            check_end(stream)
            names = NAMES[:1] if kind == "cat" else NAMES[1:]
            highest = HIGHEST[:1] if kind == "cat" else HIGHEST[1:]
            for name, top, column in zip(names, highest, columns[-1].T, strict=True):
                wrong = np.flatnonzero((column < 0) | (column > top))
                if wrong.size:
                    raise ValueError(
                        f"{name} must be from 0 to {top}; got {column[wrong[0]]} in row {wrong[0]}"
                    )
    return np.concatenate(columns, axis=1)


def _open(path: Path) -> Stream:
    return gzip.open(path) if path.suffix == ".gz" else path.open("rb")


def _check_header(stream: Readable, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
    magic, axes = struct.unpack("<II", stream.read(8))
    if KINDS.get(magic) != dtype or axes != len(shape):
        raise ValueError(f"it must hold {shape} {dtype}; got type {magic:#x} and {axes} axes")
    stored = max(3, axes)  # at least three sizes are stored; the superfluous ones are 1
    found = struct.unpack(f"<{stored}I", stream.read(4 * stored))[:axes]
    if found != shape:
        raise ValueError(f"it must hold an array of {shape}; got {found}")
