"""The methods compared beyond the paper's table: by one counting rule, and by clean codes."""

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from scipy.stats import binomtest  # type: ignore[import-untyped]

from apps.recipes import method_named
from apps.reproduce.paper import FACTORS, LATENTS, TABLE_1
from apps.runs.rows import Row


@dataclass(frozen=True)
class Share:
    """`count` of `runs`, and the 95 % interval of the share (Wilson)."""

    count: int
    runs: int
    low: float
    high: float

    @property
    def share(self) -> float:
        """The count over the runs."""
        return self.count / self.runs


class Group(NamedTuple):
    """The runs of one method and weight: of one m, or of all (None)."""

    method: str
    weight: float
    latents: int | None
    runs: tuple[Row, ...]

    @property
    def name(self) -> str:
        """The method and weight as the paper names them."""
        return method_named(self.method).title(self.weight)

    def error(self, rule: str) -> float | None:
        """Mean |learned − 2| under a counting rule; None where it needs what the method has not."""
        counts = [run["counts"][rule] for run in self.runs]
        if None in counts:
            return None
        return statistics.fmean(abs(count - FACTORS) for count in counts)

    @property
    def right(self) -> Share:
        """The runs with exactly 2 learned latents, by the method's own rule."""
        return share(sum(run["learned"] == FACTORS for run in self.runs), len(self.runs))

    @property
    def clean(self) -> Share:
        """The runs right in count whose two latents each carry one factor."""
        return share(sum(run["clean"] for run in self.runs), len(self.runs))

    def mean(self, metric: str) -> float:
        """The mean of a metric over the runs."""
        return statistics.fmean(run[metric] for run in self.runs)


def share(count: int, runs: int) -> Share:
    """A count of runs with its interval."""
    interval = binomtest(count, runs).proportion_ci(method="wilson")
    return Share(count, runs, float(interval.low), float(interval.high))


def by_cell(rows: Iterable[Row]) -> list[Group]:
    """A group for each method, weight and m of Table 1 that has runs."""
    rows = list(rows)
    return [
        group
        for method, weight in TABLE_1
        for latents in LATENTS
        if (group := _group(rows, method, weight, latents)).runs
    ]


def by_weight(rows: Iterable[Row]) -> list[tuple[Group, list[Group]]]:
    """For each method and weight: the group of all its runs, and those of each m."""
    cells = by_cell(rows)
    wholes = []
    for key in dict.fromkeys((cell.method, cell.weight) for cell in cells):
        own = [cell for cell in cells if (cell.method, cell.weight) == key]
        wholes.append((Group(*key, None, tuple(run for cell in own for run in cell.runs)), own))
    return wholes


def _group(rows: Sequence[Row], method: str, weight: float, latents: int) -> Group:
    key = (method, weight, latents)
    found = (row for row in rows if (row["method"], row["weight"], row["latents"]) == key)
    return Group(*key, tuple(found))
