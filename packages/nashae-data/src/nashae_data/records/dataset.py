"""A data set: observations beside the factors that made them."""

import textwrap
from dataclasses import dataclass, field, fields
from importlib.metadata import version
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from nashae_data.observations.disk import in_any_order, resolve
from nashae_data.observations.places import by_place


@runtime_checkable
class Observations(Protocol):
    """Anything that holds n observations, the first axis counting them, and gives them as arrays.

    An array and a memory map are such already, and an h5py data set is made one (`DiskImages`); a
    set that is unpacked or decoded row by row needs a class with these four members. Integer arrays
    may repeat and go backwards.
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


@dataclass(frozen=True)
class Provenance:
    """Where observations come from.

    `source` says how they were made or which file they were read from, `citation` whom to cite,
    `sha256` (hexadecimal) what that file held, where it was one file. `version` is the release of
    nashae-data that made or read them.
    """

    source: str
    citation: str = ""
    sha256: str = ""
    version: str = field(default_factory=lambda: version("nashae-data"))


@dataclass(frozen=True, eq=False)
class Dataset:
    """Observations and the ground truth of each: n observations, k factors.

    - `observations`: n first, any shape and type after it; never copied, never read whole here. An
      h5py data set becomes `DiskImages`, which can be indexed in any order.
    - `factors`: (n, k) int64, the class of each factor, from 0 to its size - 1.
    - `values`: (n, k) float64, the same factors in physical units; finite.
    - `names`: k names, all different. `sizes`: k numbers of classes, each at least 1.
    - `provenance`: where the observations come from.

    `dataset[index]` gives observations and their factors, as PyTorch's loaders expect: of an
    integer one observation and its k classes, of a slice or an array of integers those in that
    order. They are copies, which may be changed and which `torch.from_numpy` takes without a
    warning. The fields themselves are read-only views: a data set is shared, with the caller's
    arrays and by all that train on it. Pickled, memory maps are sent by
    their places in their files, as `DiskImages` are.

    Raises `ValueError` where these do not hold or do not fit each other, and for masked entries.
    """

    observations: Observations
    factors: npt.NDArray[np.int64]
    values: npt.NDArray[np.float64]
    names: tuple[str, ...]
    sizes: tuple[int, ...]
    provenance: Provenance

    def __post_init__(self) -> None:
        for name in ("observations", "factors", "values"):
            check_unmasked(getattr(self, name), name)
        self._keep("observations", in_any_order(self.observations))
        if not isinstance(self.observations, Observations):
            raise ValueError(
                f"observations must have shape, dtype, len() and indexing, got "
                f"{type(self.observations).__name__}: wrap them in numpy.asarray"
            )
        if not self.observations.shape or len(self.observations) == 0:
            raise ValueError(
                f"observations have shape {tuple(self.observations.shape)}: give at least one row"
            )
        if isinstance(self.observations, np.ndarray):
            self._keep("observations", read_only(self.observations))
        factors = np.asarray(self.factors)
        if factors.dtype.kind not in "iub":
            raise ValueError(
                f"factors are {factors.dtype}, wanted class indices (integers): put physical units "
                "in values"
            )
        self._keep("factors", read_only(factors.astype(np.int64, copy=False)))
        self._keep("values", read_only(np.asarray(self.values, dtype=np.float64)))
        self._keep("names", tuple(str(name) for name in self.names))
        self._keep("sizes", tuple(int(size) for size in self.sizes))
        self._check_shapes()
        self._check_contents()

    def _keep(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)

    def _check_shapes(self) -> None:
        wanted = (len(self.observations), len(self.names))
        for name in ("factors", "values"):
            shape = getattr(self, name).shape
            if shape != wanted:
                raise ValueError(
                    f"{name} have shape {shape}, wanted {wanted}: one row for each of "
                    f"{wanted[0]} observations, one column for each of {wanted[1]} names"
                )
        if len(self.sizes) != len(self.names):
            raise ValueError(
                f"{len(self.sizes)} sizes for {len(self.names)} names {self.names}: give one each"
            )

    def _check_contents(self) -> None:
        if len(set(self.names)) < len(self.names):
            raise ValueError(f"names {self.names} repeat one: give each factor its own")
        for column, (name, size) in enumerate(zip(self.names, self.sizes, strict=True)):
            low, high = self.factors[:, column].min(), self.factors[:, column].max()
            if low < 0 or high >= size:
                raise ValueError(
                    f"factor {name!r} has classes from {low} to {high}, wanted 0 to {size - 1}: "
                    f"its size is {size}"
                )
            if not np.isfinite(self.values[:, column]).all():
                row = int(np.flatnonzero(~np.isfinite(self.values[:, column]))[0])
                raise ValueError(
                    f"factor {name!r} has value {self.values[row, column]} in row {row}, wanted "
                    "finite numbers"
                )

    def __len__(self) -> int:
        return len(self.observations)

    def __getitem__(
        self, index: int | np.integer[Any] | slice | npt.NDArray[np.integer[Any]], /
    ) -> tuple[npt.NDArray[Any], npt.NDArray[np.int64]]:
        rows = resolve(index, len(self), "the data set")
        return rows_of(self.observations, rows), rows_of(self.factors, rows)

    def __repr__(self) -> str:
        factors = ", ".join(map("{} ({})".format, self.names[:10], self.sizes))
        more = f" and {len(self.names) - 10} more" if len(self.names) > 10 else ""
        return (
            f"Dataset of {described(self.observations)}\n"
            f"  factors (classes): {factors}{more}\n  {sourced(self.provenance)}"
        )

    def __reduce__(self) -> tuple[Any, ...]:
        return by_place(
            type(self), **{part.name: getattr(self, part.name) for part in fields(self)}
        )


def check_unmasked(array: object, name: str) -> None:
    """Raise where a masked array hides entries: they would be kept, and saved, as if they held."""
    if isinstance(array, np.ma.MaskedArray) and np.ma.is_masked(array):
        raise ValueError(
            f"{name} must have no masked entries; got {np.ma.getmaskarray(array).sum()}: give all "
            "arrays of the data set without the rows that have them"
        )


def rows_of(observations: Observations, rows: npt.NDArray[np.int64]) -> npt.NDArray[Any]:
    """The observations at `rows`, a number or an array of them, as an array of their own."""
    found = observations[rows if rows.ndim else int(rows)]
    return np.require(np.asarray(found), requirements="W")  # copies what is read-only


def described(observations: Observations) -> str:
    """How many observations there are, of what shape and type, and what holds them."""
    shape, kind = tuple(observations.shape), type(observations).__name__
    return f"{shape[0]} observations {shape[1:]} {observations.dtype}, {kind}"


def sourced(provenance: Provenance) -> str:
    """Where a data set comes from, in a line."""
    return f"source: {textwrap.shorten(provenance.source, 200)}"


def read_only(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """A view that cannot be written to."""
    view = array.view()
    view.flags.writeable = False
    return view
