"""The cells of Table 1: |number of learned latents − number of factors|."""

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from apps.reproduce.cell import Cell
from apps.reproduce.table1.paper import FACTORS, LATENTS, TABLE_1
from apps.runs.rows import Row


@dataclass(frozen=True)
class WaveformCell(Cell):
    """The runs of one method, weight and m, and the paper's number."""

    paper: float = 0.0

    @property
    def errors(self) -> list[int]:
        """|learned − 2| of each run."""
        return [abs(count - FACTORS) for count in self.learned]

    @property
    def mean(self) -> float | None:
        """The mean of `errors`, the table's number; None without runs."""
        return statistics.fmean(self.errors) if self.runs else None

    @property
    def deviation(self) -> float | None:
        """The standard deviation of `errors` between runs (n − 1); None with fewer than two."""
        return statistics.stdev(self.errors) if len(self.runs) > 1 else None


def table_1(rows: Iterable[Row], methods: Sequence[str]) -> list[WaveformCell]:
    """The table's cells of `methods`, in the order of the paper."""
    rows = list(rows)
    return [
        WaveformCell.of(rows, method, weight, latents, paper=reported)
        for (method, weight), numbers in TABLE_1.items()
        if method in methods
        for latents, reported in zip(LATENTS, numbers, strict=True)
    ]
