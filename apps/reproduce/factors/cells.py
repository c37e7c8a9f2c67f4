"""The cells of the report on counting factors."""

import math
import statistics
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import NamedTuple

from apps.reproduce.estimate import Share, share
from apps.reproduce.factors.data import COUNT_DATA
from apps.reproduce.factors.runs import METHODS
from apps.runs.rows import Row, select

TITLES = {
    "nashae": "NashAE λ = 0.2",
    "nashae-counted": "counted by tests",
    "nashae-aligned": "counted, then aligned",
}


class CountCell(NamedTuple):
    """The runs of one method on one data set from one m, in the order of their seeds."""

    method: str
    data: str
    latents: int
    runs: tuple[Row, ...]

    @property
    def title(self) -> str:
        """The method in words."""
        return TITLES[self.method]

    @property
    def true(self) -> int:
        """The number of factors of the data set."""
        return int(self.runs[0]["true"])

    @property
    def right(self) -> Share:
        """The runs that found as many latents as there are factors."""
        return share(sum(run["learned"] == self.true for run in self.runs), len(self.runs))

    @property
    def clean(self) -> Share:
        """The runs that did, with each latent carrying a factor of its own."""
        return share(sum(run["clean"] for run in self.runs), len(self.runs))

    @property
    def told_by_all(self) -> float:
        """The mean R² of learned latents, predicted from all others, inactive ones included."""
        return _mean(run["told_by_all"] for run in self.runs)

    @property
    def told_by_learned(self) -> float:
        """The same, predicted from the other learned latents alone."""
        return _mean(run["told_by_learned"] for run in self.runs)

    @property
    def near(self) -> int:
        """The runs with a close decision."""
        return sum(run.get("near", False) for run in self.runs)

    @property
    def found(self) -> str:
        """The numbers of latents found, each with the number of runs."""
        counts = sorted(Counter(run["learned"] for run in self.runs).items())
        return ", ".join(f"{latents} ({runs})" for latents, runs in counts)

    @property
    def seconds(self) -> float:
        """The median of the runs' seconds."""
        return float(statistics.median(run["seconds"] for run in self.runs))


def _mean(of_runs: Iterable[Sequence[float]]) -> float:
    """Over all latents of all runs; NaN where no run has one."""
    of_latents = list(chain.from_iterable(of_runs))
    return statistics.mean(of_latents) if of_latents else math.nan


def count_cells(rows: Iterable[Row]) -> list[CountCell]:
    """The cells that have runs: the paper's data set first, by m and method."""
    rows = list(rows)
    cells = (
        CountCell(method, data, m, select(rows, method=method, data=data, latents=m))
        for data in COUNT_DATA
        for m in sorted({row["latents"] for row in rows if row["data"] == data})
        for method in METHODS
    )
    return [cell for cell in cells if cell.runs]
