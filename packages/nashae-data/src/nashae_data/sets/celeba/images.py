"""CelebA's image files, in a folder or a zip file, and the crop that the paper makes of one."""

import hashlib
import io
import os
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
from jaxtyping import UInt8

from nashae_data.files.foreign import reading
from nashae_data.files.pictures import pillow

SIZE = (178, 218)  # width, height
# The shorter side becomes 96, the longer one is rounded down; then 64 x 64 around the centre.
SMALL = (96, 117)
BOX = (16, 26, 80, 90)  # left, top, right, bottom
# The images themselves have 116,412 bytes unpacked: a longer file is something else.
LARGEST = 1 << 20
FOLDER = "img_align_celeba"


@dataclass(frozen=True)
class ImageFiles:
    """Image files in the order of a list.

    Args:
        place: the folder or the zip file.
        names: of the files, in order.
        stamp: changes if one of them does: a digest of names, sizes, and dates or check sums.
        read: gives the bytes of file `row`; it may be called from many threads.
    """

    place: Path
    names: tuple[str, ...]
    stamp: str
    read: Callable[[int], bytes]

    def crop(self, row: int) -> UInt8[np.ndarray, "64 64 3"]:
        """`paper_crop` of file `row`; errors are `ValueError`s that name the file."""
        data = self.read(row)
        with reading(self.place, self.names[row]):
            return paper_crop(data)


def paper_crop(data: bytes) -> UInt8[np.ndarray, "64 64 3"]:
    """The paper's image of a photograph: reduced to 96 x 117 pixels, of which the middle 64 x 64.

    Equal to the bit to torchvision's `Compose([Resize(96), CenterCrop(64)])` of a PIL image:
    bilinear, with antialiasing.

    Args:
        data: a JPEG of 178 x 218 pixels.

    Returns:
        Red, green, blue, 0 to 255.

    Raises:
        ValueError: `data` is no JPEG of that size, or Pillow is not installed. If it is damaged,
            Pillow's own errors.
    """
    pil = pillow()
    try:
        image = pil.open(io.BytesIO(data), formats=("JPEG",))
    except pil.UnidentifiedImageError as error:
        raise ValueError("it must be a JPEG; got another format") from error
    if image.size != SIZE:  # before any pixel is decoded
        raise ValueError(f"it must be 178 x 218 pixels; got {image.width} x {image.height}")
    # No `draft`: it decodes at a lower resolution, which is quicker and not the same.
    small = image.convert("RGB").resize(SMALL, pil.Resampling.BILINEAR)
    return np.asarray(small.crop(BOX))


@contextmanager
def open_images(place: Path, names: tuple[str, ...]) -> Iterator[ImageFiles]:
    """The files `names` of a folder or zip file, which is open within the block.

    Raises `FileNotFoundError` if some are missing (it names the first, and how many), and
    `ValueError` if the zip file is damaged, encrypted or holds a name twice or one that leads out
    of it, and if a file is too long to be one of CelebA's.
    """
    if place.suffix == ".zip":
        with place.open("rb") as stream:
            with reading(place):
                archive = zipfile.ZipFile(stream)
            with archive:
                with reading(place):
                    members = _members(archive)
                yield _in_archive(place, names, archive, members)
    else:
        yield _in_folder(place, names)


def _in_folder(place: Path, names: tuple[str, ...]) -> ImageFiles:
    wanted, sizes, dates = set(names), {}, {}
    with os.scandir(place) as entries:
        for entry in entries:
            if entry.name in wanted and entry.is_file():
                sizes[entry.name], dates[entry.name] = (
                    entry.stat().st_size,
                    entry.stat().st_mtime_ns,
                )
    stamp = _stamp(place, names, sizes, dates)
    return ImageFiles(place, names, stamp, lambda row: (place / names[row]).read_bytes())


def _in_archive(
    place: Path,
    names: tuple[str, ...],
    archive: zipfile.ZipFile,
    members: dict[str, zipfile.ZipInfo],
) -> ImageFiles:
    sizes = {name: max(m.file_size, m.compress_size) for name, m in members.items()}
    stamp = _stamp(place, names, sizes, {name: member.CRC for name, member in members.items()})

    def read(row: int) -> bytes:
        with reading(place, names[row]), archive.open(members[names[row]]) as stream:
            # To the end, where the check sum is compared, and not far beyond.
            return stream.read(LARGEST + 1)

    return ImageFiles(place, names, stamp, read)


def _members(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """By name without folder: the members of the last folder called `img_align_celeba`."""
    by_name: dict[str, zipfile.ZipInfo] = {}
    for member in archive.infolist():
        path = PurePosixPath(member.filename)
        if path.is_absolute() or ".." in path.parts or "\\" in member.filename:
            raise ValueError(f"members must stay within it; got {member.filename!r}")
        if member.is_dir() or path.parent.name not in ("", FOLDER):
            continue
        if path.name in by_name:
            raise ValueError(f"it must hold each image once; got {path.name!r} twice")
        if member.flag_bits & 1:
            raise ValueError(f"{member.filename!r} must be readable; got an encrypted one")
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ValueError(
                f"{member.filename!r} must be stored or deflated; got method {member.compress_type}"
            )
        by_name[path.name] = member
    return by_name


def _stamp(
    place: Path, names: tuple[str, ...], sizes: dict[str, int], dates: dict[str, int]
) -> str:
    missing = [name for name in names if name not in sizes]
    if missing:
        raise FileNotFoundError(
            f"{place} must hold all {len(names)} listed images; got none for {len(missing)}, the "
            f"first {missing[0]}"
        )
    digest = hashlib.blake2b()
    for name in names:
        if sizes[name] > LARGEST:
            raise ValueError(
                f"{place} {name!r} must have at most {LARGEST} bytes; got {sizes[name]}"
            )
        digest.update(f"{name} {sizes[name]} {dates[name]}\n".encode())
    return digest.hexdigest()
