"""The results of all metrics of some codes, as one table."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Bool

from nashae_metrics.ground.intervals import Interval
from nashae_metrics.ground.score import Score
from nashae_metrics.report.catalogue import METRICS

COLUMNS = (
    "metric",
    "score",
    "low",
    "high",
    "interval",
    "better",
    "protocol",
    "seconds",
    "active",
    "rule",
    "draws_low",
    "draws_high",
)


@dataclass(frozen=True)
class Row:
    """One metric's row: its result, and the seconds it took."""

    metric: str
    result: Score = field(repr=False)
    seconds: float

    @property
    def score(self) -> float:
        """The metric's number."""
        return float(self.result.score)

    @property
    def interval(self) -> Interval | None:
        """Its interval over other samples, if it has one."""
        return self._interval_over("samples")

    @property
    def draws_interval(self) -> Interval | None:
        """Its interval over other draws from the same samples, if it has one."""
        return self._interval_over("draws")

    def _interval_over(self, over: str) -> Interval | None:
        interval = self.result.interval
        return interval if interval is not None and interval.over == over else None

    def record(self) -> dict[str, Any]:
        """The row as plain values, by the names of `COLUMNS`."""
        interval, draws = self.interval, self.draws_interval
        return {
            "metric": self.metric,
            "score": self.score,
            "low": interval.low if interval else None,
            "high": interval.high if interval else None,
            "interval": interval.method if interval else None,
            "better": METRICS[self.metric].better,
            "protocol": self.result.protocol,
            "seconds": round(self.seconds, 3),
            "active": self.result.active_count,
            "rule": self.result.rule,
            "draws_low": draws.low if draws else None,
            "draws_high": draws.high if draws else None,
        }


@dataclass(frozen=True, eq=False)
class Evaluation:
    """`rows` of all metrics that applied; `skipped`: why each of the others did not.

    samples: how many codes. active (m,): the latents that took part, by `rule`; if each metric used
    its own rule, those by "constant", and each row's result has its own. columns: the columns of
    `factors` in use; a constant one is left out. seed: of the generator that was given; the metrics
    draw from streams of it.
    """

    rows: tuple[Row, ...]
    skipped: dict[str, str]
    samples: int
    active: Bool[np.ndarray, " m"]
    rule: str
    columns: tuple[int, ...]
    seed: int | None

    def __getitem__(self, metric: str) -> Row:
        """The row of a metric by its name; `KeyError` says why it has none."""
        for row in self.rows:
            if row.metric == metric:
                return row
        raise KeyError(f"{metric}: {self.skipped.get(metric, 'was not requested')}")

    def records(self) -> list[dict[str, Any]]:
        """The rows as plain values."""
        return [row.record() for row in self.rows]
