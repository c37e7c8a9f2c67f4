"""A table of every metric, over methods and weights."""

import statistics
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from apps.reproduce.estimate import Estimate, estimate
from apps.runs.rows import Row
from nashae_metrics import METRICS, Metric

# These are 0, their best value, if fewer than two latents are learned. That is no merit, so such
# runs are not part of their means.
OF_SEVERAL_LATENTS = (
    "total_correlation",
    "wasserstein_correlation",
    "mutual_information",
    "predictability",
)


class MetricLine(NamedTuple):
    """A method and weight: the number of runs, their mean of learned latents, and each estimate.

    `best`: the metrics by which it is better than every other line, with disjoint intervals.
    """

    name: str
    runs: int
    learned: float
    estimates: dict[str, Estimate]
    best: frozenset[str]


class MetricTable(NamedTuple):
    """`columns`, the metrics that some line has a score of, and the lines."""

    columns: tuple[Metric, ...]
    lines: tuple[MetricLine, ...]


def metric_table(groups: Iterable[tuple[str, Sequence[Row]]]) -> MetricTable:
    """The table of named groups of runs; groups without runs are omitted."""
    filled = [(name, rows) for name, rows in groups if rows]
    estimates = [_estimates(rows) for _, rows in filled]
    columns = [metric for name, metric in METRICS.items() if any(name in own for own in estimates)]
    lines = [
        MetricLine(
            name,
            len(rows),
            statistics.fmean(row["learned"] for row in rows),
            own,
            frozenset(_best(own, [other for other in estimates if other is not own])),
        )
        for (name, rows), own in zip(filled, estimates, strict=True)
    ]
    return MetricTable(tuple(columns), tuple(lines))


def _estimates(rows: Sequence[Row]) -> dict[str, Estimate]:
    estimates = {}
    for name in METRICS:
        least = 2 if name in OF_SEVERAL_LATENTS else 0
        numbers = [row["scores"].get(name) for row in rows if row["learned"] >= least]
        if (found := estimate([number for number in numbers if number is not None])) is not None:
            estimates[name] = found
    return estimates


def _best(own: dict[str, Estimate], others: Sequence[dict[str, Estimate]]) -> Iterable[str]:
    for name, estimated in own.items():
        rivals = [other[name] for other in others if name in other]
        sign = 1 if METRICS[name].better == "high" else -1
        if rivals and all(
            estimated.apart(rival) and sign * (estimated.mean - rival.mean) > 0 for rival in rivals
        ):
            yield name
