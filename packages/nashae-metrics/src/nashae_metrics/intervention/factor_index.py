"""The rows of a table by the value of a factor, to draw rows of one value without a search."""

from collections.abc import Iterator
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

        The first row is drawn uniformly, the second uniformly among those of its value. Several
        calls draw the same pairs as one. distinct: no row is paired with itself.
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

        The value is that of a row drawn uniformly; the rows are drawn uniformly among those of that
        value, with replacement. Several calls draw the same batches as one.
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
    """Index the rows by the factor in `column`, called `name` in errors.

    Raises `NotApplicable` if no value occurs twice, or, under a `strict` protocol (its name), if
    any occurs once.
    """
    numbers = factors[:, column] - factors[:, column].min()
    if numbers.max() < SHORT:
        numbers = numbers.astype(np.uint16)
    # A stable sort: a seed draws the same rows on every machine.
    order = np.argsort(numbers, kind="stable")
    ordered = numbers[order]
    start = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1]))
    size = np.diff(start, append=len(ordered))
    shared = size >= 2
    single = int(np.count_nonzero(~shared))
    called = f"factors column {column if name is None else name}"
    check_shared(len(size), single, len(order), called)
    if strict is not None and single:
        raise NotApplicable(
            f"under protocol {strict!r} each value of {called} must occur in two rows or more; got "
            f"{single} of {len(size)} values that occur in one: give more rows, bin it, leave it "
            "out, or use protocol 'standard', which draws from the other values"
        )
    kept = size[shared]
    return FactorIndex(
        rows=order[np.repeat(shared, size)].astype(np.int64),
        group=np.repeat(np.arange(len(kept)), kept),
        start=np.cumsum(kept) - kept,
        size=kept.astype(np.int64),
        single=single,
    )


def check_shared(values: int, single: int, rows: int, called: str) -> None:
    """Raise `NotApplicable` if all values of a factor are `single`, in one row only."""
    if single == values:
        raise NotApplicable(
            f"{called} must have a value that two rows share; "
            f"got {values} values in {rows} rows: bin it, or leave it out"
        )


def groups(factor: Int64[np.ndarray, " n"]) -> Iterator[Int64[np.ndarray, " size"]]:
    """The rows of each value that occurs twice or more."""
    order = np.argsort(factor, kind="stable")
    ordered = factor[order]
    for rows in np.split(order, np.flatnonzero(ordered[1:] != ordered[:-1]) + 1):
        if len(rows) > 1:
            yield rows
