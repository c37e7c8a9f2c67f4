"""Some of another's observations."""

from typing import Any

import numpy as np
import numpy.typing as npt

from nashae_data.observations.places import by_place
from nashae_data.observations.protocol import Index, Observations, OnDemand, described, resolve


class Rows(OnDemand):
    """`Observations` that are some of another's, looked up when they are indexed.

    Args:
        observations: the others.
        rows: (k,), their places among them.
    """

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

    def __repr__(self) -> str:
        return f"<Rows {self.shape} {self.dtype} of {described(self._observations)}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return by_place(Rows, observations=self._observations, rows=self._rows)

    def __getitem__(self, index: Index, /) -> npt.NDArray[Any]:
        rows = self._rows[resolve(index, len(self), "the subset")]
        return np.asarray(self._observations[rows])
