"""Rows of a table by the value of a factor: rows that share a value are drawn without a search."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Int64

from nashae_metrics.ground.not_applicable import NotApplicable

SHORT = 2**16  # values in so small a range are sorted by their digits, in linear time


@dataclass(frozen=True, eq=False)
class FactorIndex:
    """The rows whose value of one factor occurs twice or more, sorted by that value.

    rows (r,): row numbers; group (r,): to which value each belongs; start, size (g,): where the
    rows of a value stand. single: how many values occur once; their rows are never drawn.
    """

    rows: Int64[np.ndarray, " r"]
    group: Int64[np.ndarray, " r"]
    start: Int64[np.ndarray, " g"]
    size: Int64[np.ndarray, " g"]
    single: int

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

    def batches(
        self, points: int, rows: int, *, rng: np.random.Generator
    ) -> Int64[np.ndarray, "points rows"]:
        """Draw batches of rows that share the factor's value.

        The value is that of a row drawn uniformly; the rows of the batch are drawn uniformly among
        those of that value, with replacement, as a batch may be larger than there are rows. Drawing
        in several calls gives the same batches as in one.
        """
        uniform = rng.random((points, rows + 1))
        group = self.group[(uniform[:, 0] * len(self.rows)).astype(np.int64)]
        places = (uniform[:, 1:] * self.size[group, None]).astype(np.int64)
        places += self.start[group, None]
        batches: Int64[np.ndarray, "points rows"] = self.rows[places]
        return batches


def factor_index(
    factors: Int64[np.ndarray, "n k"],
    column: int,
    *,
    name: int | None = None,
    strict: str | None = None,
) -> FactorIndex:
    """Index the rows by the factor in `column`, which errors call `name` where that is given.

    Raises `NotApplicable` when no value occurs twice, or, under a `strict` protocol (its name),
    when any occurs once: its rows would have to be left out, which the protocol does not provide
    for.
    """
    numbers = factors[:, column] - factors[:, column].min()
    if numbers.max() < SHORT:
        numbers = numbers.astype(np.uint16)
    # The sort is stable, so that a seed means the same rows on every machine.
    order = np.argsort(numbers, kind="stable")
    ordered = numbers[order]
    start = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1]))
    size = np.diff(start, append=len(ordered))
    shared = size >= 2
    single = int(np.count_nonzero(~shared))
    called = f"factors column {column if name is None else name}"
    if not shared.any():
        raise NotApplicable(
            f"no two rows share a value of {called} "
            f"({len(size)} values in {len(order)} rows); bin it, or leave it out"
        )
    if strict is not None and single:
        raise NotApplicable(
            f"protocol {strict!r} holds each value of a factor fixed while the others vary, but "
            f"{single} of {len(size)} values of {called} occur in one row only; hand in more rows, "
            "bin it, leave it out, or use protocol 'standard', which draws from the other values"
        )
    kept = size[shared]
    return FactorIndex(
        rows=order[np.repeat(shared, size)].astype(np.int64),
        group=np.repeat(np.arange(len(kept)), kept),
        start=np.cumsum(kept) - kept,
        size=kept.astype(np.int64),
        single=single,
    )
