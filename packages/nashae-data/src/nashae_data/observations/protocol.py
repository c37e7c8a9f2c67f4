"""What observations are: anything that holds n of them and gives arrays when it is indexed."""

from abc import abstractmethod
from typing import Any, Protocol, TypeAlias, runtime_checkable

import numpy as np
import numpy.typing as npt

Index: TypeAlias = int | np.integer[Any] | slice | npt.NDArray[np.integer[Any]]


@runtime_checkable
class Observations(Protocol):
    """Anything that holds n observations, on its first axis, and gives them as arrays.

    Arrays and memory maps do; a `Dataset` makes a `DiskImages` of an h5py data set. For rows that
    are unpacked or decoded on demand, write a class with these four members. It is indexed by an
    integer, a slice, or an array of integers, which may repeat and come in any order.
    """

    @property
    def shape(self) -> tuple[int, ...]:
        """The number of observations, then the shape of one."""
        ...

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the numbers."""
        ...

    def __len__(self) -> int: ...
    def __getitem__(self, index: int | slice | npt.NDArray[np.int64], /) -> npt.NDArray[Any]: ...


class OnDemand:
    """`Observations` that are made when they are indexed: a subclass makes them."""

    @property
    @abstractmethod
    def shape(self) -> tuple[int, ...]:
        """The number of observations, then the shape of one."""

    @property
    @abstractmethod
    def dtype(self) -> np.dtype[Any]:
        """The type of the numbers."""

    @abstractmethod
    def __getitem__(self, index: Index, /) -> npt.NDArray[Any]: ...

    def __len__(self) -> int:
        return self.shape[0]

    def __array__(
        self, dtype: npt.DTypeLike | None = None, copy: bool | None = None
    ) -> npt.NDArray[Any]:
        """All observations; without this method numpy would ask for them one by one."""
        if copy is False:
            raise ValueError(
                f"copy must be None or True for {type(self).__name__}; got False: they are made "
                "without a copy in memory"
            )
        return self[:].astype(self.dtype if dtype is None else dtype, copy=False)


def resolve(index: Index, length: int, place: str) -> npt.NDArray[np.int64]:
    """The rows from 0 to `length` - 1 that an index means, in its own shape.

    Args:
        index: an integer, a slice, or an array of integers, which may be negative, repeat and come
            in any order.
        length: the number of observations.
        place: what is indexed, for errors.

    Raises:
        IndexError: one is out of range, or the index is of another kind.
    """
    if isinstance(index, slice):
        return np.arange(*index.indices(length), dtype=np.int64)
    rows = np.asarray(index)
    if isinstance(index, tuple) or rows.dtype.kind not in "iu":
        kind = "tuple" if isinstance(index, tuple) else str(rows.dtype)
        raise IndexError(
            f"{place} must be indexed by an integer, a slice or an array of integers; got {kind}: "
            "for a mask give numpy.flatnonzero(mask)"
        )
    wrong = rows[(rows < -length) | (rows >= length)]
    if wrong.size:
        raise IndexError(f"index {wrong[0]} is out of range: {place} holds {length} observations")
    rows = rows.astype(np.int64)
    return np.where(rows < 0, rows + length, rows)


def rows_of(observations: Observations, rows: npt.NDArray[np.int64]) -> npt.NDArray[Any]:
    """The observations at `rows`, a number or an array of them, as a writable array."""
    values = observations[rows if rows.ndim else int(rows)]
    return np.require(np.asarray(values), requirements="W")  # copies what is read-only


def described(observations: Observations) -> str:
    """Number, shape, type and holder of observations, in words."""
    shape, holder = tuple(observations.shape), type(observations).__name__
    return f"{shape[0]} observations {shape[1:]} {observations.dtype}, {holder}"
