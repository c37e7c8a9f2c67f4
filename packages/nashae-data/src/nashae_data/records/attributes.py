"""A data set whose observations have binary attributes, as CelebA's faces have."""

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from nashae_data.observations.disk import in_any_order, resolve
from nashae_data.observations.places import by_place
from nashae_data.records.dataset import (
    Observations,
    Provenance,
    check_unmasked,
    described,
    read_only,
    rows_of,
    sourced,
)

# As CelebA numbers the parts of its partition.
PARTS = ("train", "valid", "test")


@dataclass(frozen=True, eq=False)
class AttributeDataset:
    """Observations and what each of them has: n observations, k attributes.

    - `observations`: n first, any shape and type after it; never copied, never read whole here. An
      h5py data set becomes `DiskImages`, which can be indexed in any order.
    - `attributes`: (n, k) bool. `names`: k names, all different.
    - `partition`: (n,) int64, to which part each observation belongs: 0 train, 1 valid, 2 test.
    - `nuisances`: (n, j) float64, what else is known of each observation; finite. j may be 0.
    - `nuisance_names`: j names, all different.
    - `provenance`: where the observations come from.

    `dataset[index]` gives copies of observations and their attributes, of an integer, a slice or an
    array of integers, as of `Dataset`. The fields themselves are read-only views. Pickled, memory
    maps are sent by their places in their files, as `DiskImages` are.

    Raises `ValueError` where these do not hold or do not fit each other, and for masked entries.
    """

    observations: Observations
    attributes: npt.NDArray[np.bool_]
    names: tuple[str, ...]
    partition: npt.NDArray[np.int64]
    nuisances: npt.NDArray[np.float64]
    nuisance_names: tuple[str, ...]
    provenance: Provenance

    def __post_init__(self) -> None:
        for name in ("observations", "attributes", "partition", "nuisances"):
            check_unmasked(getattr(self, name), name)
        self._keep("observations", in_any_order(self.observations))
        if len(self.observations) == 0:
            raise ValueError("there are no observations: give at least one")
        self._keep("attributes", read_only(np.asarray(self.attributes)))
        self._keep("partition", read_only(np.asarray(self.partition)))
        self._keep("nuisances", read_only(np.asarray(self.nuisances, dtype=np.float64)))
        n = len(self.observations)
        wanted = {
            "attributes": (n, len(self.names)),
            "partition": (n,),
            "nuisances": (n, len(self.nuisance_names)),
        }
        for name, shape in wanted.items():
            if getattr(self, name).shape != shape:
                raise ValueError(f"{name} have shape {getattr(self, name).shape}, wanted {shape}")
        if self.attributes.dtype != np.bool_:
            raise ValueError(f"attributes are {self.attributes.dtype}, wanted bool")
        if self.partition.dtype.kind not in "iu" or not np.isin(self.partition, range(3)).all():
            raise ValueError("partition must be integers: 0 (train), 1 (valid) or 2 (test)")
        for field in ("names", "nuisance_names"):
            names = getattr(self, field)
            if len(set(names)) < len(names):
                raise ValueError(f"{field} {names} repeat one: give each its own")
        if not np.isfinite(self.nuisances).all():
            raise ValueError("nuisances must be finite; got NaN or infinite ones")

    def _keep(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)

    def __len__(self) -> int:
        return len(self.observations)

    def __getitem__(
        self, index: int | np.integer[Any] | slice | npt.NDArray[np.integer[Any]], /
    ) -> tuple[npt.NDArray[Any], npt.NDArray[np.bool_]]:
        rows = resolve(index, len(self), "the data set")
        return rows_of(self.observations, rows), rows_of(self.attributes, rows)

    def __repr__(self) -> str:
        return (
            f"AttributeDataset of {described(self.observations)}\n"
            f"  {len(self.names)} attributes, {len(self.nuisance_names)} nuisances\n"
            f"  {sourced(self.provenance)}"
        )

    def __reduce__(self) -> tuple[Any, ...]:
        return by_place(
            type(self), **{part.name: getattr(self, part.name) for part in fields(self)}
        )

    def subset(self, index: slice | npt.NDArray[np.integer[Any]]) -> "AttributeDataset":
        """The observations at `index`, in its order; they are looked up, not copied.

        Raises `IndexError` for an index out of range or a mask, `ValueError` for an empty one.
        """
        rows = resolve(index, len(self), "the data set")
        return replace(
            self,
            observations=Rows(self.observations, rows),
            attributes=self.attributes[rows],
            partition=self.partition[rows],
            nuisances=self.nuisances[rows],
        )

    def part(self, name: str) -> "AttributeDataset":
        """The observations of one part: "train", "valid" or "test".

        Raises `ValueError` for another name, or a part that holds nothing.
        """
        if name not in PARTS:
            raise ValueError(f"unknown part {name!r}; there are {', '.join(PARTS)}")
        return self.subset(np.flatnonzero(self.partition == PARTS.index(name)))


class Rows:
    """`Observations` that are some of another's, looked up when they are asked for."""

    def __init__(self, observations: Observations, rows: npt.NDArray[np.int64]) -> None:
        self._observations, self._rows = observations, rows

    @property
    def shape(self) -> tuple[int, ...]:
        """The number of observations, then the shape of one."""
        return (len(self._rows), *self._observations.shape[1:])

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the numbers."""
        return self._observations.dtype

    def __len__(self) -> int:
        return len(self._rows)

    def __repr__(self) -> str:
        return f"<Rows {self.shape} {self.dtype} of {described(self._observations)}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return by_place(Rows, observations=self._observations, rows=self._rows)

    def __getitem__(
        self, index: int | np.integer[Any] | slice | npt.NDArray[np.integer[Any]], /
    ) -> npt.NDArray[Any]:
        rows = self._rows[resolve(index, len(self), "the subset")]
        return np.asarray(self._observations[rows])
