"""Arrays in .npz and .npy files, read in pieces: nothing is unpickled, headers are checked."""

import math
import re
import struct
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from nashae_data.files.foreign import reading
from nashae_data.files.streams import Readable, check_end, read_array

# As numpy writes it, also under Python 2, whose integers may end in L.
HEADER = re.compile(
    rb"\{'descr': '([^']*)', 'fortran_order': (True|False), 'shape': \(([0-9, L]*)\), ?\}\s*"
)
PLAIN = re.compile(r"[<>|=]?[biufcSU][1-9]\d{0,8}")  # numbers and text, as dtype.str has them
LONGEST_HEADER = 10_000  # bytes
# Deflate writes at least one bit for 129 bytes: a member that claims more is damaged.
DEFLATE_RATIO = 1032


@dataclass(frozen=True)
class Layout:
    """What the header of a .npy file says.

    Args:
        shape: of the array.
        dtype: of its numbers.
        fortran: whether the first axis varies fastest.
        begin: the length of the header, in bytes.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    fortran: bool
    begin: int

    @property
    def nbytes(self) -> int:
        """The bytes of the numbers, without the header."""
        return math.prod(self.shape) * self.dtype.itemsize


@dataclass(frozen=True)
class Member:
    """An array of an open .npz file, its header read and its size compared with the file's."""

    archive: zipfile.ZipFile
    info: zipfile.ZipInfo
    layout: Layout

    def pieces(self, rows: int) -> Iterator[npt.NDArray[Any]]:
        """The array in order, `rows` rows at a time; raises `ValueError` if its check sum fails."""
        layout = self.layout
        if layout.fortran and len(layout.shape) > 1:
            raise ValueError(f"{self.info.filename} must be in C order; got Fortran order")
        with self.archive.open(self.info) as stream:
            stream.read(layout.begin)
            for start in range(0, layout.shape[0], rows):
                shape = (min(rows, layout.shape[0] - start), *layout.shape[1:])
                yield read_array(stream, shape, layout.dtype)
            check_end(stream)

    def read(self) -> npt.NDArray[Any]:
        """The whole array; raises `ValueError` if its check sum fails."""
        layout = self.layout
        with self.archive.open(self.info) as stream:
            stream.read(layout.begin)
            shape = layout.shape[::-1] if layout.fortran else layout.shape
            array = read_array(stream, shape, layout.dtype)
            check_end(stream)
        return array.T if layout.fortran else array

    def mapped(self, path: Path) -> npt.NDArray[Any]:
        """The array as a read-only memory map of the archive; its check sum is not verified.

        Raises `ValueError` if the member is compressed.
        """
        if self.info.compress_type != zipfile.ZIP_STORED:
            raise ValueError(f"{self.info.filename} must be stored to be mapped; got a packed one")
        with path.open("rb") as stream:
            stream.seek(self.info.header_offset)
            name, extra = struct.unpack("<4s22xHH", stream.read(30))[1:]
        start = self.info.header_offset + 30 + int(name) + int(extra)
        return map_array(path, self.layout, start)


@contextmanager
def opened_npz(path: Path) -> Iterator[zipfile.ZipFile]:
    """An .npz file, open within the block; its damage becomes a `ValueError` that names it.

    Raises `FileNotFoundError` if it is not there.
    """
    with path.open("rb") as stream, reading(path), zipfile.ZipFile(stream) as archive:
        yield archive


def open_member(archive: zipfile.ZipFile, key: str) -> Member:
    """The array `key` of an .npz file.

    Raises `ValueError`, which names the key, if it is missing, there twice, packed in a way that
    numpy does not use, pickled, or of another size than its header says.
    """
    names = archive.namelist()
    count = names.count(f"{key}.npy")
    if count != 1:
        keys = ", ".join(name.removesuffix(".npy") for name in names[:20])
        raise ValueError(f"it must hold one array {key!r}; got {count} among {keys}")
    info = archive.getinfo(f"{key}.npy")
    ratio = {zipfile.ZIP_STORED: 1, zipfile.ZIP_DEFLATED: DEFLATE_RATIO}.get(info.compress_type)
    if ratio is None or info.flag_bits & 1:
        raise ValueError(
            f"{key!r} must be stored or deflated, not encrypted; got method {info.compress_type}"
        )
    with archive.open(info) as stream:
        layout = read_header(stream, key)
    size = archive.fp.seek(0, 2) if archive.fp else 0
    if info.compress_size > size or info.file_size > ratio * info.compress_size:
        raise ValueError(
            f"{key!r} must fit into the file, of {size} bytes; got a claim of {info.file_size}"
        )
    if layout.begin + layout.nbytes != info.file_size:
        raise ValueError(
            f"{key!r}, {layout.shape} {layout.dtype}, must be {layout.begin + layout.nbytes} bytes "
            f"with its header; got {info.file_size}"
        )
    return Member(archive, info, layout)


def read_header(stream: Readable, key: str) -> Layout:
    """The header of a .npy file; `stream` is then at the first number.

    Raises `ValueError` if it is no such file, or holds anything but numbers, booleans or text.
    """
    start = stream.read(8)
    width = {b"\x93NUMPY\x01\x00": 2, b"\x93NUMPY\x02\x00": 4}.get(start)
    if width is None:
        raise ValueError(f"{key!r} must be an array; got a file that begins with {start!r}")
    length = int.from_bytes(stream.read(width), "little")
    text = stream.read(min(length, LONGEST_HEADER))
    match = HEADER.fullmatch(text)
    if match is None or len(text) != length:
        raise ValueError(f"{key!r} must have a plain array's header; got {text[:80]!r}")
    kind, fortran, numbers = (part.decode("latin1") for part in match.groups())
    if kind.lstrip("|<>=").startswith("O"):
        raise ValueError(f"{key!r} must not be pickled; got Object arrays, which are never loaded")
    shape = [number.strip().removesuffix("L") for number in numbers.split(",") if number.strip()]
    if PLAIN.fullmatch(kind) is None or not all(re.fullmatch(r"\d{1,18}", n) for n in shape):
        raise ValueError(f"{key!r} must hold numbers or text; got the header {text[:80]!r}")
    return Layout(tuple(map(int, shape)), np.dtype(kind), fortran == "True", 8 + width + length)


def map_array(path: Path, layout: Layout, start: int = 0) -> npt.NDArray[Any]:
    """A read-only memory map of a .npy file that starts at byte `start` of a file.

    Raises `ValueError` if the array does not end within the file or is in Fortran order.
    """
    offset, end = start + layout.begin, path.stat().st_size
    if offset + layout.nbytes > end:
        raise ValueError(f"it must be {offset + layout.nbytes} bytes long; got {end}: truncated")
    if layout.fortran and len(layout.shape) > 1:
        raise ValueError("the array must be in C order; got Fortran order")
    return np.memmap(path, layout.dtype, mode="r", offset=offset, shape=layout.shape)


def write_header(stream: Any, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
    """Write the header of a .npy file in C order, as `numpy.save` does."""
    header = {
        "descr": np.lib.format.dtype_to_descr(dtype),
        "fortran_order": False,
        "shape": tuple(shape),
    }
    np.lib.format.write_array_header_1_0(stream, header)
