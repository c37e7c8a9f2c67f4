"""Two functions timed in turns, so that a busy machine slows both."""

import statistics
import time
from collections.abc import Callable
from typing import NamedTuple

import torch


class Comparison(NamedTuple):
    """Seconds of one call of ours and of the reference, medians over rounds."""

    name: str
    ours: float
    reference: float
    ratio: float
    """How many times faster ours is: the median over rounds."""
    low: float
    high: float
    """The smallest and the largest ratio of a round."""
    goal: str = "–"
    """The time that ours may take."""


def compare(
    name: str,
    ours: Callable[[], object],
    reference: Callable[[], object],
    *,
    work: tuple[float, float] = (1, 1),
    rounds: int = 7,
    goal: str = "–",
) -> Comparison:
    """Time `ours` and `reference` in turns, after a warm-up round.

    A call of ours does `work[0]` units and one of the reference `work[1]`; seconds are per unit.
    """
    ways = ((ours, work[0]), (reference, work[1]))
    times = [[_seconds(call) / units for call, units in ways] for _ in range(rounds + 1)][1:]
    ratios = [theirs / mine for mine, theirs in times]
    mine, theirs = (statistics.median(column) for column in zip(*times, strict=True))
    return Comparison(name, mine, theirs, statistics.median(ratios), min(ratios), max(ratios), goal)


def fastest(call: Callable[[], object], rounds: int) -> float:
    """Seconds of the fastest of several calls."""
    return min(_seconds(call) for _ in range(rounds))


def _seconds(call: Callable[[], object]) -> float:
    _wait()
    started = time.perf_counter()
    call()
    _wait()
    return time.perf_counter() - started


def _wait() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()
