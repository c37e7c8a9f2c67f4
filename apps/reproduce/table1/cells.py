"""Table 1: how far the number of learned latents is from the number of factors."""

import statistics
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from apps.recipes import method_named
from apps.reproduce.paper import FACTORS, LATENTS, TABLE_1
from apps.runs.rows import Row


class Cell(NamedTuple):
    """One method, weight and m: the paper's number, and the learned latents of each of our runs."""

    method: str
    weight: float
    latents: int
    paper: float
    learned: tuple[int, ...]

    @property
    def name(self) -> str:
        """The row as the paper names it."""
        return method_named(self.method).title(self.weight)

    @property
    def errors(self) -> list[int]:
        """|learned − 2| of each run."""
        return [abs(count - FACTORS) for count in self.learned]

    @property
    def mean(self) -> float | None:
        """The mean of `errors`, the table's number; None without runs."""
        return statistics.fmean(self.errors) if self.learned else None

    @property
    def deviation(self) -> float | None:
        """The standard deviation of `errors` between runs (n − 1); None with fewer than two."""
        return statistics.stdev(self.errors) if len(self.learned) > 1 else None


def table_1(rows: Iterable[Row], methods: Sequence[str]) -> list[Cell]:
    """The cells of the table's rows of `methods`, by method, weight and m, seeds in order."""
    ordered = sorted(rows, key=lambda row: row["seed"])
    return [
        Cell(
            method,
            weight,
            latents,
            reported,
            tuple(
                row["learned"]
                for row in ordered
                if (row["method"], row["weight"], row["latents"]) == (method, weight, latents)
            ),
        )
        for (method, weight), numbers in TABLE_1.items()
        if method in methods
        for latents, reported in zip(LATENTS, numbers, strict=True)
    ]
