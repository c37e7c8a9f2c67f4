"""Open files, packed or not, of which a known number of bytes is read."""

import math
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

PIECE = 1 << 20  # bytes read at a time


@runtime_checkable
class Readable(Protocol):
    """An open file or member, packed or not."""

    def read(self, size: int, /) -> bytes:
        """At most `size` further bytes; fewer only at the end."""
        ...


def read_array(stream: Readable, shape: tuple[int, ...], dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    """An array in C order; raises `ValueError` if the stream ends before it does."""
    array = np.empty(shape, dtype)
    content = array.reshape(-1).view(np.uint8)
    for start in range(0, math.prod(shape) * dtype.itemsize, PIECE):
        wanted = content[start : start + PIECE]
        piece = stream.read(len(wanted))
        if len(piece) < len(wanted):
            raise ValueError(f"it must hold {array.nbytes} bytes; got fewer: it is truncated")
        wanted[:] = np.frombuffer(piece, np.uint8)
    return array


def check_end(stream: Readable) -> None:
    """Raise `ValueError` if the stream goes on; gzip and zipfile compare check sums at the end."""
    if stream.read(1):
        raise ValueError("it must end here; got more: it is longer than its header says")
