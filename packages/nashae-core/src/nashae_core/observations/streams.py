"""Arrays that stay on disk, and are read ahead batch by batch."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import pairwise
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt
import torch
from jaxtyping import Float, Integer
from torch import Tensor

from nashae_core.observations.arrays import (
    check_dtype,
    check_finite,
    check_floating,
    described,
    from_numpy,
    no_array,
)

# Batches that are read ahead.
AHEAD = 3
# Bytes read at once, at most, from arrays in chunks of which not all rows are needed.
MOST_BYTES = 1 << 24


@runtime_checkable
class ArrayLike(Protocol):
    """An array that is read by an index: a memory map, an HDF5 data set, a class of one's own.

    Indices are increasing and unique, as HDF5 requires and files are read fastest; what has
    `chunks`, as HDF5 data sets do, gets slices as well.
    """

    @property
    def shape(self) -> tuple[int, ...]:
        """n, then the shape of one observation."""
        ...

    @property
    def dtype(self) -> Any:
        """The type of the numbers."""
        ...

    def __getitem__(self, index: Any, /) -> Any: ...


class StreamedObservations:
    """Observations that are read from disk while the model is busy with the batch before.

    One thread reads three batches ahead, into pinned memory for a GPU. Batches have the bits that
    they have with the array in memory.

    Args:
        array: Floating point (n, ...), anything with `shape`, `dtype` and `array[index]`: a memory
            map, an HDF5 or zarr array, a class of one's own, or an array that is too large for the
            device. Indices are increasing and unique; what has `chunks` is read by chunks.
        device: Of a batch; `train` and `encode` set it.
        dtype: Of a batch; `train` and `encode` set it.

    Raises:
        ValueError: Not floating point; when read, not finite.
        TypeError: Something without these attributes.

    Example:
        >>> import numpy as np
        >>> import torch
        >>> from nashae_core import StreamedObservations
        >>> StreamedObservations(np.zeros((100, 6)))[torch.tensor([3, 50])].shape
        torch.Size([2, 6])
    """

    def __init__(
        self,
        array: ArrayLike,
        device: str | torch.device = "cpu",
        dtype: torch.dtype = torch.float32,
    ) -> None:
        if not isinstance(array, ArrayLike):
            raise no_array(array, "observations")
        check_dtype(dtype)
        if not array.shape:
            raise ValueError(
                f"observations must be (n, ...), one row each; got {described(array)}: "
                "give an array of one axis or more"
            )
        check_floating(array.dtype, "observations")
        self.array, self.device, self.dtype = array, torch.device(device), dtype

    def __len__(self) -> int:
        return int(self.array.shape[0])

    def __getitem__(self, index: Integer[Tensor, "*batch"]) -> Float[Tensor, "*rows"]:
        """The observations at `index`, on the device.

        Raises `IndexError` for an index outside -n ... n − 1.
        """
        return self._on_device(self._read(index))

    def read_ahead(self, index: Iterable[Tensor]) -> Iterator[Float[Tensor, "*rows"]]:
        """The observations at each of `index`, in order."""
        return map(self._on_device, ahead(self._read, index))

    def to(self, device: str | torch.device, dtype: torch.dtype) -> "StreamedObservations":
        """The same observations, for a model on `device` with weights of `dtype`."""
        return StreamedObservations(self.array, device, dtype)

    def _read(self, index: Tensor) -> Tensor:
        rows = read_rows(self.array, index, "observations").to(self.dtype)
        check_finite(rows.flatten(0, index.dim() - 1), "observations", index.flatten())
        return pinned(rows, self.device)

    def _on_device(self, rows: Tensor) -> Tensor:
        return rows.to(self.device, non_blocking=True)


def read_rows(array: ArrayLike, index: Integer[Tensor, "*batch"], name: str) -> Tensor:
    """The rows at `index`, in any order, also repeated and from the end."""
    if isinstance(array, Tensor):
        return array[index.to(array.device)]
    n, wanted = array.shape[0], index.cpu().numpy()
    wrong = wanted[(wanted < -n) | (wanted >= n)]
    if wrong.size:
        raise IndexError(f"index {wrong[0]} is out of range: {name} are {n}")
    increasing, places = np.unique(np.where(wanted < 0, wanted + n, wanted), return_inverse=True)
    rows = _read_increasing(array, increasing)
    if rows.shape != (len(increasing), *array.shape[1:]):
        raise ValueError(
            f"{name} must give a row of {tuple(array.shape[1:])} for each index; got "
            f"{rows.shape} for {len(increasing)} of them from {type(array).__name__}"
        )
    if not rows.flags.writeable or not np.array_equal(increasing, wanted):
        rows = rows[places.reshape(wanted.shape)]
    return from_numpy(np.ascontiguousarray(rows), name)


def _read_increasing(array: ArrayLike, wanted: npt.NDArray[np.int64]) -> npt.NDArray[Any]:
    chunks: Any = getattr(array, "chunks", None)
    if isinstance(array, np.ndarray) or not chunks or not isinstance(chunks[0], int):
        return np.asarray(array[wanted])
    # HDF5 unpacks a chunk again for each row: rows next to each other or in one chunk are read as
    # one slice.
    row_bytes = max(1, int(np.prod(array.shape[1:])) * np.dtype(array.dtype).itemsize)
    near = (np.diff(wanted) == 1) | (np.diff(wanted // chunks[0]) == 0)
    starts = [0] if len(wanted) else []
    for i, joined in enumerate(near, 1):
        if not joined or (wanted[i] - wanted[starts[-1]]) * row_bytes >= MOST_BYTES:
            starts.append(i)
    rows = np.empty((len(wanted), *array.shape[1:]), array.dtype)
    for start, end in pairwise([*starts, len(wanted)]):
        first, last = wanted[start], wanted[end - 1]
        rows[start:end] = array[first : last + 1][wanted[start:end] - first]
    return rows


def ahead(read: Callable[[Tensor], Tensor], index: Iterable[Tensor]) -> Iterator[Tensor]:
    """`read(i)` of each of `index`, in order; one thread is three ahead."""
    waiting = deque[Future[Tensor]]()
    with ThreadPoolExecutor(max_workers=1) as reader:
        try:
            for i in index:
                waiting.append(reader.submit(read, i))
                if len(waiting) > AHEAD:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for unread in waiting:
                unread.cancel()


def pinned(rows: Tensor, device: torch.device) -> Tensor:
    """Rows in pinned memory if `device` is a GPU, which then copies them by itself."""
    return rows.pin_memory() if device.type == "cuda" else rows
