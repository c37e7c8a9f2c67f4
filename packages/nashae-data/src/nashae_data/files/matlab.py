"""One array of numbers in a MATLAB 5 file; no object of the file is made."""

import math
import struct
import zlib
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

COMPRESSED, MATRIX = 15, 14  # elements of a file
FLAGS, DIMENSIONS, NAME, BYTES = 6, 5, 1, 2  # what a matrix of uint8 consists of
UINT8_CLASS, COMPLEX = 9, 0x800
HEADER = 128  # bytes
ROOM = 4096  # bytes of a matrix beside its numbers


def read_matrix(content: bytes, name: str, shape: tuple[int, ...]) -> npt.NDArray[np.uint8]:
    """The array `name` of a MATLAB 5 file ("-v6" or "-v7"), of uint8 and of this shape.

    Other variables are skipped unread. (`scipy.io.loadmat` reserves what a damaged file claims, up
    to 4 GB, before it reads.)

    Raises `ValueError`, which names the array, if it is missing, truncated or of another shape or
    type.
    """
    order = {b"IM": "<", b"MI": ">"}.get(content[HEADER - 2 : HEADER])
    if order is None:
        raise ValueError("it must be a MATLAB 5 file; got another")
    longest = math.prod(shape) + ROOM
    for matrix in _matrices(content, order, longest):
        parts = _elements(matrix, order)
        flags, dimensions, label = (next(parts, (0, b"")) for _ in range(3))
        if label != (NAME, name.encode()):
            continue
        if flags[0] != FLAGS or len(flags[1]) != 8 or dimensions[0] != DIMENSIONS:
            raise ValueError(f"{name!r} must be a whole array; got a damaged one")
        sizes = struct.unpack(f"{order}{len(dimensions[1]) // 4}i", dimensions[1])
        kind = struct.unpack(f"{order}I", flags[1][:4])[0]
        if sizes != shape or kind & 0xFF != UINT8_CLASS or kind & COMPLEX:
            raise ValueError(f"{name!r} must be {shape} uint8; got {sizes} of class {kind & 0xFF}")
        numbers = next(parts, (0, b""))
        if numbers[0] != BYTES or len(numbers[1]) != math.prod(shape):
            raise ValueError(
                f"{name!r} must be {shape} in full; got {len(numbers[1])} bytes: truncated"
            )
        return np.frombuffer(numbers[1], np.uint8).reshape(shape, order="F")
    raise ValueError(f"it must hold an array {name!r}; got none")


def _matrices(content: bytes, order: str, longest: int) -> Iterator[bytes]:
    for kind, body in _elements(content[HEADER:], order):
        if kind == COMPRESSED:
            unpacker = zlib.decompressobj()
            unpacked = unpacker.decompress(body, longest)
            # A longer one is of another shape; a shorter one ends with its check sum.
            if not unpacker.eof and len(unpacked) < longest:
                raise ValueError("a variable must be whole; got a truncated one")
            yield from (inner for which, inner in _elements(unpacked, order) if which == MATRIX)
        elif kind == MATRIX:
            yield body


def _elements(data: bytes, order: str) -> Iterator[tuple[int, bytes]]:
    """The type and the bytes of each element, as far as they are whole."""
    at = 0
    while at + 8 <= len(data):
        kind, size = struct.unpack_from(f"{order}II", data, at)
        if kind >> 16:  # up to four bytes stand in the tag itself
            yield kind & 0xFFFF, data[at + 4 : at + 4 + (kind >> 16)]
            at += 8
            continue
        yield kind, data[at + 8 : at + 8 + size]
        at += 8 + size + (0 if kind == COMPRESSED else -size % 8)
