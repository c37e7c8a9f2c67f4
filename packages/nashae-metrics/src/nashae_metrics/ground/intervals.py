"""Intervals of scores: from the bootstrap over samples, or from repeated draws."""

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
from jaxtyping import Float64, Int64

from nashae_metrics.ground.choices import check_choice

GROUPS = 50  # of the jackknife that gives BCa its acceleration


@dataclass(frozen=True)
class Bootstrap:
    """How a score's interval is drawn from resamples.

    Many scores are biased by finite samples (information, correlation, whatever takes the best of
    several) and then twice in a resample, so a percentile interval may not even hold the score;
    "centred" moves it until the resamples' mean is the score, and so says what other samples of the
    same n would score. For four metrics on two codes, n = 500, it held their mean in 85 to 100 % of
    60 trials each, BCa in 67 to 95 %, percentile in 0 to 95 %.

    Args:
        resamples: how often the samples are drawn anew, with replacement.
        level: the share of the resamples that the interval holds, in (0, 1).
        method: "percentile" cuts the quantiles of the resampled scores; "bca" corrects these for
            bias and skewness; "centred" moves them.
        blocks: if there are more rows, they are drawn in this many random blocks of equal size,
            which leaves the spread as it is and makes the cost independent of n.

    Raises:
        ValueError: a number is out of range or the method is unknown.

    Source: Efron & Tibshirani 1993, chapters 13 and 14; "centred" is ours.
    """

    resamples: int = 200
    level: float = 0.95
    method: Literal["centred", "bca", "percentile"] = "centred"
    blocks: int = 500

    def __post_init__(self) -> None:
        if self.resamples < 2:
            raise ValueError(f"resamples must be 2 or more; got {self.resamples}")
        if not 0 < self.level < 1:
            raise ValueError(f"level must be in (0, 1); got {self.level}")
        check_choice("method", self.method, ("centred", "bca", "percentile"))
        if self.blocks < 2:
            raise ValueError(f"blocks must be 2 or more; got {self.blocks}")


BOOTSTRAP = Bootstrap()


@dataclass(frozen=True)
class Interval:
    """low <= high hold the share `level` of what the score could have been.

    method: "centred", "bca", "percentile" or "seeds". BCa is undefined if the score lies outside
    the interval of its own resamples: "centred" then replaces it. draws: how many resamples or
    repeats. Resamples stand for other samples of the same size; "seeds" for other draws from the
    same samples only, which other samples leave far more often than `level` says.
    """

    low: float
    high: float
    level: float
    method: str
    draws: int

    @property
    def over(self) -> Literal["samples", "draws"]:
        """What it speaks of: other samples, or other draws from the same samples."""
        return "draws" if self.method == "seeds" else "samples"


class Resamples(NamedTuple):
    """Draws of n observations with replacement, in blocks.

    blocks (n,): the block of each observation. weights (draws, blocks): how often each draw takes
    each block.
    """

    blocks: Int64[np.ndarray, " n"]
    weights: Float64[np.ndarray, "draws blocks"]
    bootstrap: Bootstrap

    def interval(
        self,
        score: float,
        draws: Float64[np.ndarray, " draws"],
        *,
        lowest: float = 0.0,
        highest: float = 1.0,
    ) -> Interval:
        """The interval of `score`, given the score of each draw, cut off at `lowest`, `highest`."""
        return interval_of(score, draws, self.bootstrap, lowest=lowest, highest=highest)


def drawn_resamples(
    rows: int, bootstrap: Bootstrap | None, rng: np.random.Generator | None
) -> Resamples | None:
    """Draw resamples of `rows` observations; None without `rng` or `bootstrap`."""
    if rng is None or bootstrap is None:
        return None
    blocks = block_numbers(rows, bootstrap, rng)
    return Resamples(blocks, draw_weights(int(blocks.max()) + 1, bootstrap, rng), bootstrap)


def block_numbers(
    rows: int, bootstrap: Bootstrap, rng: np.random.Generator
) -> Int64[np.ndarray, " rows"]:
    """The block of each row, 0 ... min(rows, blocks) - 1; sizes differ by at most one."""
    if rows <= bootstrap.blocks:
        return np.arange(rows)
    numbers: Int64[np.ndarray, " rows"] = rng.permutation(rows) % bootstrap.blocks
    return numbers


def draw_weights(
    blocks: int, bootstrap: Bootstrap, rng: np.random.Generator
) -> Float64[np.ndarray, "draws blocks"]:
    """How often each block is drawn: first the resamples, then for BCa those of the jackknife."""
    resampled = rng.multinomial(blocks, np.full(blocks, 1 / blocks), size=bootstrap.resamples)
    if bootstrap.method != "bca":
        return resampled.astype(np.float64)
    groups = min(GROUPS, blocks)
    kept = np.arange(blocks) % groups != np.arange(groups)[:, None]
    return np.vstack([resampled, kept]).astype(np.float64)


def interval_of(
    score: float,
    draws: Float64[np.ndarray, " draws"],
    bootstrap: Bootstrap,
    *,
    highest: float = 1.0,
    lowest: float = 0.0,
) -> Interval:
    """The interval of `score`, given the scores of the rows of `draw_weights`.

    It is cut off at the `lowest` and the `highest` possible score.
    """
    from scipy.stats import norm  # type: ignore[import-untyped]

    resampled, jackknife = np.split(draws, [bootstrap.resamples])
    tail = (1 - bootstrap.level) / 2
    ends = np.array([tail, 1 - tail])
    method: str = bootstrap.method
    if method == "bca":
        # Equal scores count half, so that a score that never moves is its own interval.
        below = np.mean(resampled < score) + np.mean(resampled == score) / 2
        if tail < below < 1 - tail:
            bias, acceleration = norm.ppf(below), _acceleration(jackknife)
            shifted = bias + norm.ppf(ends)
            # If the denominator passed through 0, the end is the outermost resample.
            ends = norm.cdf(bias + shifted / np.maximum(1 - acceleration * shifted, 1e-9))
        else:
            method = "centred"
    moved = score - float(resampled.mean()) if method == "centred" else 0.0
    low, high = np.clip(np.quantile(resampled, ends) + moved, lowest, highest)
    return Interval(float(low), float(high), bootstrap.level, method, bootstrap.resamples)


def _acceleration(jackknife: Float64[np.ndarray, " groups"]) -> float:
    influence = jackknife.mean() - jackknife
    spread = float(np.sum(influence**2)) ** 1.5
    return float(np.sum(influence**3)) / (6 * spread) if spread > 0 else 0.0


def check_repeats(repeats: int) -> None:
    """Raise `ValueError` for fewer than one repeat."""
    if repeats < 1:
        raise ValueError(f"repeats must be 1 or more; got {repeats}")


def repeated_fields(scores: Float64[np.ndarray, " repeats"]) -> dict[str, Any]:
    """The fields of a `Score` that is the mean of the `scores` of repeated draws."""
    return {"score": float(scores.mean()), "interval": seeds_interval(scores), "scores": scores}


def seeds_interval(scores: Float64[np.ndarray, " repeats"], level: float = 0.95) -> Interval | None:
    """Student's interval of the mean over draws from the same sample; None for one draw."""
    from scipy.stats import t

    if len(scores) < 2:
        return None
    error = float(scores.std(ddof=1)) / len(scores) ** 0.5
    width = float(t.ppf((1 + level) / 2, len(scores) - 1)) * error
    mean = float(scores.mean())
    return Interval(mean - width, mean + width, level, "seeds", len(scores))
