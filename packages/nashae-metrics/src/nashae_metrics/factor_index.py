"""Rows of a table by the value of a factor: pairs that share a value are drawn without a search."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Int64


@dataclass(frozen=True, eq=False)
class FactorIndex:
    """The rows whose value of one factor occurs twice or more, sorted by that value.

    rows (r,): row numbers; group (r,): to which value each belongs; start, size (g,): where the
    rows of a value stand.
    """

    rows: Int64[np.ndarray, " r"]
    group: Int64[np.ndarray, " r"]
    start: Int64[np.ndarray, " g"]
    size: Int64[np.ndarray, " g"]

    def pairs(
        self, points: int, pairs: int, *, distinct: bool, rng: np.random.Generator
    ) -> tuple[Int64[np.ndarray, "points pairs"], Int64[np.ndarray, "points pairs"]]:
        """Draw pairs of rows that share the factor's value.

        The first row is drawn uniformly, the second uniformly among those of its value; `distinct`:
        no row is paired with itself. Drawing in several calls gives the same pairs as in one.
        """
        uniform = rng.random((points, pairs, 2))
        first = (uniform[..., 0] * len(self.rows)).astype(np.int64)
        group = self.group[first]
        start, size = self.start[group], self.size[group]
        if distinct:
            step = 1 + (uniform[..., 1] * (size - 1)).astype(np.int64)
            second = start + (first - start + step) % size
        else:
            second = start + (uniform[..., 1] * size).astype(np.int64)
        return self.rows[first], self.rows[second]


def factor_index(factors: Int64[np.ndarray, "n k"], column: int) -> FactorIndex:
    """Index the rows by one factor; raises `ValueError` when no value of it occurs twice."""
    values, inverse, count = np.unique(factors[:, column], return_inverse=True, return_counts=True)
    if count.max() < 2:
        raise ValueError(
            f"no two rows share a value of factors column {column} "
            f"({len(values)} values in {len(inverse)} rows); bin it, or leave it out"
        )
    # A value that occurs once has no pair. The sort is stable, so that a seed means the same rows
    # on every machine.
    order = np.argsort(inverse, kind="stable")
    shared = count >= 2
    size = count[shared]
    return FactorIndex(
        rows=order[shared[inverse[order]]].astype(np.int64),
        group=np.repeat(np.arange(len(size)), size),
        start=np.cumsum(size) - size,
        size=size.astype(np.int64),
    )
