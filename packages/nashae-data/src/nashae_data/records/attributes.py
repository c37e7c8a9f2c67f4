"""A data set whose observations have binary attributes, as CelebA's faces have."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from nashae_data.observations.arrays import read_only
from nashae_data.observations.protocol import Index, Observations, described, resolve, rows_of
from nashae_data.observations.rows import Rows
from nashae_data.records.provenance import Provenance, sourced
from nashae_data.records.record import Record

# As CelebA numbers the parts of its partition.
PARTS = ("train", "valid", "test")


@dataclass(frozen=True, eq=False)
class AttributeDataset(Record):
    """Observations and the binary attributes of each: n observations, k attributes.

    `dataset[index]` gives copies of observations and their attributes, as `Dataset` does of
    factors. The other fields are read-only views. Pickled, memory maps are sent by their places in
    their files, as `DiskImages` are.

    Args:
        observations: n first, any shape and type after it; neither copied nor read here. An h5py
            data set becomes `DiskImages`, which can be indexed in any order.
        attributes: (n, k) bool.
        names: k names, all different.
        partition: (n,) int64, the part of each observation: 0 train, 1 valid, 2 test.
        nuisances: (n, j) float64, further known numbers of each observation; finite. j may be 0.
        nuisance_names: j names, all different.
        provenance: where the observations come from.

    Raises:
        ValueError: a field is not as above, two do not fit each other, or entries are masked.
    """

    observations: Observations
    attributes: npt.NDArray[np.bool_]
    names: tuple[str, ...]
    partition: npt.NDArray[np.int64]
    nuisances: npt.NDArray[np.float64]
    nuisance_names: tuple[str, ...]
    provenance: Provenance

    def __post_init__(self) -> None:
        self._check_observations("attributes", "partition", "nuisances")
        self._keep(
            attributes=read_only(np.asarray(self.attributes)),
            partition=read_only(np.asarray(self.partition)),
            nuisances=read_only(np.asarray(self.nuisances, dtype=np.float64)),
        )
        n = len(self)
        self._check_shapes(
            {
                "attributes": (n, len(self.names)),
                "partition": (n,),
                "nuisances": (n, len(self.nuisance_names)),
            }
        )
        if self.attributes.dtype != np.bool_:
            raise ValueError(f"attributes must be bool; got {self.attributes.dtype}")
        if self.partition.dtype.kind not in "iu" or not np.isin(self.partition, range(3)).all():
            raise ValueError(
                "partition must be integers: 0 (train), 1 (valid) or 2 (test); got "
                f"{self.partition.dtype} from {self.partition.min()} to {self.partition.max()}"
            )
        self._check_names("names")
        self._check_names("nuisance_names")
        if not np.isfinite(self.nuisances).all():
            raise ValueError("nuisances must be finite; got NaN or infinite ones")

    def __getitem__(self, index: Index, /) -> tuple[npt.NDArray[Any], npt.NDArray[np.bool_]]:
        rows = resolve(index, len(self), "the data set")
        return rows_of(self.observations, rows), rows_of(self.attributes, rows)

    def __repr__(self) -> str:
        return (
            f"AttributeDataset of {described(self.observations)}\n"
            f"  {len(self.names)} attributes, {len(self.nuisance_names)} nuisances\n"
            f"  {sourced(self.provenance)}"
        )

    def subset(self, index: slice | npt.NDArray[np.integer[Any]]) -> "AttributeDataset":
        """The observations at `index`, in its order; they are looked up, not copied.

        Args:
            index: a slice, or an array of integers; for a mask give `numpy.flatnonzero(mask)`.

        Raises:
            IndexError: an index is out of range or of another kind.
            ValueError: `index` is empty.
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

        Raises:
            ValueError: another name, or a part without observations.
        """
        if name not in PARTS:
            raise ValueError(f"part must be one of {', '.join(PARTS)}; got {name!r}")
        return self.subset(np.flatnonzero(self.partition == PARTS.index(name)))
