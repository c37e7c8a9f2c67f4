"""Means and shares over runs, with their confidence intervals."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

from scipy.stats import binomtest  # type: ignore[import-untyped]
from scipy.stats import t as student_t

LEVEL = 0.95


@dataclass(frozen=True)
class Estimate:
    """The mean of `runs` runs, their standard deviation (n − 1) and the mean's 95 % interval.

    Deviation and interval (Student's t) are None for a single run.
    """

    mean: float
    runs: int
    deviation: float | None = None
    low: float | None = None
    high: float | None = None

    def apart(self, other: "Estimate") -> bool:
        """Whether the two intervals are disjoint; False if one is missing."""
        if self.low is None or self.high is None or other.low is None or other.high is None:
            return False
        return self.low > other.high or other.low > self.high

    def holds(self, number: float) -> bool | None:
        """Whether the interval contains a number; None without an interval."""
        if self.low is None or self.high is None:
            return None
        return self.low <= number <= self.high


def mean_of(numbers: Sequence[float]) -> float | None:
    """The mean; None of no numbers."""
    return statistics.fmean(numbers) if numbers else None


def estimate(numbers: Sequence[float]) -> Estimate | None:
    """The estimate from the numbers of independent runs; None without any."""
    if not numbers:
        return None
    mean, runs = statistics.fmean(numbers), len(numbers)
    if runs == 1:
        return Estimate(mean, runs)
    deviation = statistics.stdev(numbers)
    half = float(student_t.ppf((1 + LEVEL) / 2, runs - 1)) * deviation / sqrt(runs)
    return Estimate(mean, runs, deviation, mean - half, mean + half)


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


def share(count: int, runs: int) -> Share:
    """A count of runs with its interval."""
    interval = binomtest(count, runs).proportion_ci(method="wilson")
    return Share(count, runs, float(interval.low), float(interval.high))
