"""Arrays in .npz and .npy files, read in pieces: nothing is unpickled or taken on trust."""

import math
import re
import struct
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

# As numpy writes it, also under Python 2, whose integers may end in L.
HEADER = re.compile(
    rb"\{'descr': '([^']*)', 'fortran_order': (True|False), 'shape': \(([0-9, L]*)\), ?\}\s*"
)
PLAIN = re.compile(r"[<>|=]?[biufcU][1-9]\d{0,8}")  # numbers and text, as dtype.str has them
LONGEST_HEADER = 10_000  # bytes
# Deflate writes at least one bit for 129 bytes: a member that claims more is damaged.
DEFLATE_RATIO = 1032
PIECE = 1 << 20  # bytes read at a time


@runtime_checkable
class Readable(Protocol):
    """An open file or member, packed or not."""

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes more; fewer only at the end."""
        ...


@dataclass(frozen=True)
class Layout:
    """What the header of a .npy file says; `begin` is its own length, in bytes."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    fortran: bool
    begin: int

    @property
    def nbytes(self) -> int:
        """Of the numbers, without the header."""
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
            raise ValueError(f"{self.info.filename} is in Fortran order, wanted C order")
        with self.archive.open(self.info) as stream:
            stream.read(layout.begin)
            for start in range(0, layout.shape[0], rows):
                shape = (min(rows, layout.shape[0] - start), *layout.shape[1:])
                yield _fill(stream, shape, layout.dtype)
            _end(stream)

    def read(self) -> npt.NDArray[Any]:
        """The whole array; raises `ValueError` if its check sum fails."""
        layout = self.layout
        with self.archive.open(self.info) as stream:
            stream.read(layout.begin)
            array = _fill(
                stream, layout.shape[::-1] if layout.fortran else layout.shape, layout.dtype
            )
            _end(stream)
        return array.T if layout.fortran else array

    def mapped(self, path: Path) -> npt.NDArray[Any]:
        """The array as a read-only memory map of the archive; its check sum is not looked at.

        Raises `ValueError` if the member is compressed.
        """
        if self.info.compress_type != zipfile.ZIP_STORED:
            raise ValueError(f"{self.info.filename} is compressed: it cannot be mapped")
        with path.open("rb") as stream:
            stream.seek(self.info.header_offset)
            name, extra = struct.unpack("<4s22xHH", stream.read(30))[1:]
        start = self.info.header_offset + 30 + int(name) + int(extra)
        return map_array(path, self.layout, start)


def open_member(archive: zipfile.ZipFile, key: str) -> Member:
    """The array `key` of an .npz file.

    Raises `ValueError`, which names the key, if it is missing, there twice, packed in a way that
    numpy does not use, pickled, or of another size than its header says.
    """
    names = archive.namelist()
    if names.count(f"{key}.npy") != 1:
        keys = ", ".join(name.removesuffix(".npy") for name in names[:20])
        raise ValueError(f"it holds {names.count(f'{key}.npy')} arrays {key!r}, wanted one: {keys}")
    info = archive.getinfo(f"{key}.npy")
    ratio = {zipfile.ZIP_STORED: 1, zipfile.ZIP_DEFLATED: DEFLATE_RATIO}.get(info.compress_type)
    if ratio is None or info.flag_bits & 1:
        raise ValueError(f"{key!r} is encrypted or packed in a way that numpy does not use")
    with archive.open(info) as stream:
        layout = read_header(stream, key)
    size = archive.fp.seek(0, 2) if archive.fp else 0
    if info.compress_size > size or info.file_size > ratio * info.compress_size:
        raise ValueError(f"{key!r} claims {info.file_size} bytes, more than the file can hold")
    if layout.begin + layout.nbytes != info.file_size:
        raise ValueError(
            f"{key!r} is {layout.shape} {layout.dtype} and {info.file_size} bytes with its header, "
            f"wanted {layout.begin + layout.nbytes}"
        )
    return Member(archive, info, layout)


def read_header(stream: Readable, key: str) -> Layout:
    """What a .npy file holds; `stream` is then at the first number.

    Raises `ValueError` if it is no such file, or holds anything but numbers, truth values or text.
    """
    start = stream.read(8)
    width = {b"\x93NUMPY\x01\x00": 2, b"\x93NUMPY\x02\x00": 4}.get(start)
    if width is None:
        raise ValueError(f"{key!r} is not an array: it begins with {start!r}")
    length = int.from_bytes(stream.read(width), "little")
    text = stream.read(min(length, LONGEST_HEADER))
    match = HEADER.fullmatch(text)
    if match is None or len(text) != length:
        raise ValueError(f"{key!r} has the header {text[:80]!r}, wanted a plain array's")
    kind, fortran, numbers = (part.decode("latin1") for part in match.groups())
    if kind.lstrip("|<>=").startswith("O"):
        raise ValueError(f"Object arrays cannot be loaded: {key!r} is pickled")
    shape = [number.strip().removesuffix("L") for number in numbers.split(",") if number.strip()]
    if PLAIN.fullmatch(kind) is None or not all(re.fullmatch(r"\d{1,18}", n) for n in shape):
        raise ValueError(f"{key!r} has the header {text[:80]!r}, wanted numbers or text")
    return Layout(tuple(map(int, shape)), np.dtype(kind), fortran == "True", 8 + width + length)


def map_array(path: Path, layout: Layout, start: int = 0) -> npt.NDArray[Any]:
    """A read-only memory map of a .npy file that starts at byte `start` of a file.

    Raises `ValueError` if the array does not end within the file or is in Fortran order.
    """
    offset, end = start + layout.begin, path.stat().st_size
    if offset + layout.nbytes > end:
        raise ValueError(f"it is {end} bytes long, wanted {offset + layout.nbytes}: truncated")
    if layout.fortran and len(layout.shape) > 1:
        raise ValueError("the array is in Fortran order, wanted C order")
    return np.memmap(path, layout.dtype, mode="r", offset=offset, shape=layout.shape)


def _fill(stream: Readable, shape: tuple[int, ...], dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    array = np.empty(shape, dtype)
    data = array.reshape(-1).view(np.uint8)
    for start in range(0, len(data), PIECE):
        piece = stream.read(min(PIECE, len(data) - start))
        if len(piece) < min(PIECE, len(data) - start):
            raise ValueError("the file is truncated")
        data[start : start + len(piece)] = np.frombuffer(piece, np.uint8)
    return array


def _end(stream: Readable) -> None:
    # zipfile compares the check sum when the member's end is read.
    if stream.read(1):
        raise ValueError("the array is longer than its header says")
