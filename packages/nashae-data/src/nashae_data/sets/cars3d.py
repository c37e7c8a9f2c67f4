"""Cars3D: 17,568 pictures of 183 car models, in MATLAB files in an archive."""

import gzip
import math
import os
import re
import tarfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from nashae_data.files.foreign import reading
from nashae_data.files.matlab import read_matrix
from nashae_data.records.dataset import Dataset
from nashae_data.records.grids import class_grid
from nashae_data.records.provenance import from_file

CITATION = "S. Reed, Y. Zhang, Y. Zhang, H. Lee. Deep Visual Analogy-Making. NIPS 2015."
NAMES = ("elevation", "azimuth", "object")
SIZES = (4, 24, 183)
IMAGE = (128, 128, 3)
MEMBER = re.compile(r"(?:\./)?data/cars/([^/]+\.mat)")
PIECE = 1 << 20  # bytes
HEADROOM = 1 << 16  # bytes that a file may have beside its images


def read_cars3d(path: str | os.PathLike[str]) -> Dataset:
    """Cars3D from the published archive.

    Args:
        path: of `nips2015-analogy-data.tar.gz`, which holds `im` of each car in `data/cars/*.mat`;
            the rest is skipped, and no object of a MATLAB file is made.

    Returns:
        A `Dataset` whose `observations` are (17568, 128, 128, 3) uint8, 0 to 255, red, green, blue:
        864 MB in memory, at the published size (others scale them to 64 x 64). The factors, with
        their numbers of classes: `elevation` 4, `azimuth` 24, `object` 183, the last varying
        fastest; objects are in the order of their files' names. The files have no units: `values`
        are the classes.

    Raises:
        FileNotFoundError: nothing is at `path`.
        ValueError: the archive is truncated or damaged, does not hold 183 cars, or `im` of one is
            missing or not (128, 128, 3, 24, 4) uint8; file and member are named.

    Source: S. Reed, Y. Zhang, Y. Zhang, H. Lee, Deep Visual Analogy-Making, NIPS 2015,
    https://papers.nips.cc/paper/5845-deep-visual-analogy-making.
    """
    return read_sizes(path, SIZES, IMAGE)


def read_sizes(
    path: str | os.PathLike[str], sizes: tuple[int, int, int], image: tuple[int, int, int]
) -> Dataset:
    """`read_cars3d` of an archive with other numbers of classes and other shapes of images."""
    path = Path(path)
    elevations, azimuths, cars = sizes
    longest = math.prod(image) * elevations * azimuths + HEADROOM
    with path.open("rb"), reading(path):
        names = sorted(name for name, _ in _members(path, longest, content=False))
        if len(set(names)) != cars or len(names) != cars:
            raise ValueError(f"it must hold {cars} files data/cars/*.mat; got {len(names)}")
        pictures = np.empty((elevations, azimuths, cars, *image), dtype=np.uint8)
        for name, content in _members(path, longest, content=True):
            with reading(path, f"data/cars/{name}"):
                im = read_matrix(content, "im", (*image, azimuths, elevations))
            pictures[:, :, names.index(name)] = im.transpose(4, 3, 0, 1, 2)
    return Dataset(
        pictures.reshape(-1, *image), *class_grid(sizes), NAMES, sizes, from_file(path, CITATION)
    )


def _members(path: Path, longest: int, content: bool) -> Iterator[tuple[str, bytes]]:
    """The name and, if wanted, the bytes of each car's file, in the archive's order."""
    with gzip.open(path) as stream:
        with tarfile.open(fileobj=stream, mode="r|") as archive:
            for member in archive:
                match = MEMBER.fullmatch(member.name)
                if match is None or not member.isreg():
                    continue
                if member.size > longest:
                    raise ValueError(
                        f"{member.name} must have at most {longest} bytes; got {member.size}"
                    )
                if not content:
                    yield match[1], b""
                elif (file := archive.extractfile(member)) is not None:
                    yield match[1], file.read()
        while stream.read(PIECE):  # to the check sum at the end
            pass
