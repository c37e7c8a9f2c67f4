"""The methods compared beyond the paper: by one counting rule, and by clean codes."""

import statistics
from collections.abc import Iterable

from apps.reproduce.cell import Cell
from apps.reproduce.estimate import Share, share
from apps.reproduce.table1.paper import FACTORS, LATENTS, TABLE_1
from apps.runs.rows import Row


class Group(Cell):
    """The runs of one method and weight: of one m, or of all (None)."""

    def error(self, rule: str) -> float | None:
        """Mean |learned − 2| under a counting rule; None if it does not apply to the method."""
        counts = [run["counts"][rule] for run in self.runs]
        if None in counts:
            return None
        return statistics.fmean(abs(count - FACTORS) for count in counts)

    @property
    def right(self) -> Share:
        """The runs with exactly 2 learned latents, by the method's own rule."""
        return share(sum(count == FACTORS for count in self.learned), len(self.runs))

    @property
    def clean(self) -> Share:
        """The runs with exactly 2 learned latents, each of which carries one factor."""
        return share(sum(run["clean"] for run in self.runs), len(self.runs))

    def mean(self, metric: str) -> float:
        """The mean of a metric over the runs."""
        return statistics.fmean(run[metric] for run in self.runs)


def by_cell(rows: Iterable[Row]) -> list[Group]:
    """A group for each method, weight and m of Table 1 that has runs."""
    rows = list(rows)
    groups = [Group.of(rows, *key, latents) for key in TABLE_1 for latents in LATENTS]
    return [group for group in groups if group.runs]


def by_weight(rows: Iterable[Row]) -> list[tuple[Group, list[Group]]]:
    """For each method and weight: the group of all its runs, and those of each m."""
    cells = by_cell(rows)
    wholes = []
    for key in dict.fromkeys((cell.method, cell.weight) for cell in cells):
        own = [cell for cell in cells if (cell.method, cell.weight) == key]
        wholes.append((Group(*key, None, tuple(run for cell in own for run in cell.runs)), own))
    return wholes
