"""The rows that a protocol takes: drawn, or split into train and test."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Int64

from nashae_metrics.ground.not_applicable import NotApplicable


@dataclass(frozen=True)
class SplitSizes:
    """How many rows a metric is trained and tested on.

    Args:
        train: rows to train on, 1 or more.
        test: rows to test on, 1 or more.
        strict: fewer rows than train + test are an error; otherwise they are split in that
            proportion.

    Raises:
        ValueError: `train` or `test` is below 1.
    """

    train: int = 10_000
    test: int = 5_000
    strict: bool = False

    def __post_init__(self) -> None:
        if self.train < 1 or self.test < 1:
            raise ValueError(f"train and test must be 1 or more; got {self.train} and {self.test}")


def drawn_rows(
    rows: int, number: int, rng: np.random.Generator | None, *, protocol: str
) -> Int64[np.ndarray, " number"]:
    """Draw `number` of `rows` row numbers without replacement.

    Raises `NotApplicable` if there are fewer rows, and `ValueError` without `rng`.
    """
    if rows < number:
        raise NotApplicable(f"protocol {protocol!r} takes {number} samples; got {rows}")
    chosen: Int64[np.ndarray, " number"] = _required(rng, number, rows).choice(
        rows, size=number, replace=False
    )
    return chosen


def split_rows(
    rows: int, sizes: SplitSizes, rng: np.random.Generator | None, *, protocol: str
) -> tuple[Int64[np.ndarray, " train"], Int64[np.ndarray, " test"]]:
    """Draw train and test rows; no row is in both.

    Raises `NotApplicable` for fewer rows than strict `sizes`, or fewer than three, and `ValueError`
    without `rng`.
    """
    total = sizes.train + sizes.test
    if rows < total and sizes.strict:
        raise NotApplicable(
            f"protocol {protocol!r} takes {sizes.train} train and {sizes.test} test samples; "
            f"got {rows} in all"
        )
    if rows < 3:
        raise NotApplicable(
            f"samples must be 3 or more to be split into train and test; got {rows}"
        )
    train, number = sizes.train, min(rows, total)
    if rows < total:
        train = min(max(round(rows * sizes.train / total), 2), rows - 1)
    order = _required(rng, number, rows).permutation(rows)[:number]
    return order[:train], order[train:]


def _required(rng: np.random.Generator | None, number: int, rows: int) -> np.random.Generator:
    if rng is None:
        raise ValueError(
            f"rng must be a generator to draw {number} of {rows} rows; got None: give "
            "rng=np.random.default_rng(seed)"
        )
    return rng
