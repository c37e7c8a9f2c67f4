"""Attributes and nuisances in the form that drawing needs: one row of numbers a trait."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from jaxtyping import Float32, Int64

from nashae_data.sets.faces.arrays import PerFace
from nashae_data.sets.faces.attributes import attribute_model
from nashae_data.sets.faces.nuisances import NUISANCE_NAMES


@dataclass(frozen=True, eq=False)
class Traits:
    """Attributes (40, n), 0 or 1, and nuisances (j, n) of n faces."""

    attributes: Float32[np.ndarray, "40 n"]
    nuisances: Float32[np.ndarray, "j n"]

    @classmethod
    def of(cls, attributes: npt.NDArray[np.bool_], nuisances: npt.NDArray[np.float64]) -> "Traits":
        """From arrays with a row for each face.

        Raises `ValueError` if they are not (n, 40) bool and (n, j) finite numbers.
        """
        names = attribute_model().names
        if attributes.ndim != 2 or attributes.shape[1] != len(names):
            raise ValueError(
                f"attributes must have shape (n, {len(names)}), a column for each name of "
                f"attribute_model(); got {attributes.shape}"
            )
        wanted = (len(attributes), len(NUISANCE_NAMES))
        if nuisances.shape != wanted:
            raise ValueError(
                f"nuisances must have shape {wanted}, a column for each of "
                f"{', '.join(NUISANCE_NAMES)}; got {nuisances.shape}"
            )
        if attributes.dtype != np.bool_:
            raise ValueError(f"attributes must be bool; got {attributes.dtype}")
        if not np.isfinite(nuisances).all():
            raise ValueError("nuisances must be finite; got NaN or infinite ones")
        columns = np.ascontiguousarray(attributes.T, dtype=np.float32)
        return cls(columns, np.ascontiguousarray(nuisances.T, dtype=np.float32))

    def __len__(self) -> int:
        return int(self.attributes.shape[1])

    def has(self, name: str) -> PerFace:
        """1 for the faces that have the attribute, 0 for the others."""
        row: PerFace = self.attributes[attribute_model().names.index(name)]
        return row

    def nuisance(self, name: str) -> PerFace:
        """The nuisance of each face, in its unit."""
        row: PerFace = self.nuisances[NUISANCE_NAMES.index(name)]
        return row

    def take(self, who: slice | Int64[np.ndarray, " some"]) -> "Traits":
        """Those of some of the faces."""
        return Traits(self.attributes[:, who], self.nuisances[:, who])
