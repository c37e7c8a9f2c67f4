"""A data set: observations and the factors that made them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from nashae_data.observations.arrays import read_only
from nashae_data.observations.protocol import Index, Observations, described, resolve, rows_of
from nashae_data.records.provenance import Provenance, sourced
from nashae_data.records.record import Record


@dataclass(frozen=True, eq=False)
class Dataset(Record):
    """Observations and the ground truth of each: n observations, k factors.

    `dataset[index]` gives observations and their factors, as PyTorch's loaders expect: for an
    integer one observation and its k classes, for a slice or an array of integers those in that
    order. They are copies, which may be changed and which `torch.from_numpy` takes without a
    warning. The fields are read-only views of the caller's arrays. Pickled, memory maps are sent by
    their places in their files, as `DiskImages` are.

    Args:
        observations: n first, any shape and type after it; neither copied nor read here. An h5py
            data set becomes `DiskImages`, which can be indexed in any order.
        factors: (n, k) int64, the class of each factor, from 0 to its size - 1.
        values: (n, k) float64, the same factors in physical units; finite.
        names: k names, all different.
        sizes: k numbers of classes, each at least 1.
        provenance: where the observations come from.

    Raises:
        ValueError: a field is not as above, two do not fit each other, or entries are masked.

    Example:
        >>> levels = np.array([[0], [1]])
        >>> made = Provenance("made by hand")
        >>> two = Dataset(np.eye(2), levels, 0.5 * levels, ("size",), (2,), made)
        >>> two[1]
        (array([0., 1.]), array([1]))
    """

    observations: Observations
    factors: npt.NDArray[np.int64]
    values: npt.NDArray[np.float64]
    names: tuple[str, ...]
    sizes: tuple[int, ...]
    provenance: Provenance

    def __post_init__(self) -> None:
        self._check_observations("factors", "values")
        if isinstance(self.observations, np.ndarray):
            self._keep(observations=read_only(self.observations))
        factors = np.asarray(self.factors)
        if factors.dtype.kind not in "iub":
            raise ValueError(
                f"factors must be class indices (integers); got {factors.dtype}: put physical "
                "units in values"
            )
        self._keep(
            factors=read_only(factors.astype(np.int64, copy=False)),
            values=read_only(np.asarray(self.values, dtype=np.float64)),
            names=tuple(str(name) for name in self.names),
            sizes=tuple(int(size) for size in self.sizes),
        )
        self._check_shapes(dict.fromkeys(("factors", "values"), (len(self), len(self.names))))
        if len(self.sizes) != len(self.names):
            raise ValueError(
                f"sizes must be {len(self.names)} numbers, one for each of {self.names}; got "
                f"{self.sizes}"
            )
        self._check_names("names")
        for column, (name, size) in enumerate(zip(self.names, self.sizes, strict=True)):
            self._check_factor(column, name, size)

    def _check_factor(self, column: int, name: str, size: int) -> None:
        low, high = self.factors[:, column].min(), self.factors[:, column].max()
        if low < 0 or high >= size:
            raise ValueError(
                f"factor {name!r} must have classes from 0 to {size - 1}, as its size is {size}; "
                f"got {low} to {high}"
            )
        wrong = np.flatnonzero(~np.isfinite(self.values[:, column]))
        if wrong.size:
            row = int(wrong[0])
            raise ValueError(
                f"values of factor {name!r} must be finite; got {self.values[row, column]} in row "
                f"{row}"
            )

    def __getitem__(self, index: Index, /) -> tuple[npt.NDArray[Any], npt.NDArray[np.int64]]:
        rows = resolve(index, len(self), "the data set")
        return rows_of(self.observations, rows), rows_of(self.factors, rows)

    def __repr__(self) -> str:
        factors = ", ".join(map("{} ({})".format, self.names[:10], self.sizes))
        more = f" and {len(self.names) - 10} more" if len(self.names) > 10 else ""
        return (
            f"Dataset of {described(self.observations)}\n"
            f"  factors (classes): {factors}{more}\n  {sourced(self.provenance)}"
        )
