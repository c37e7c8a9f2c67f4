"""Classes of factors: whole numbers, or continuous values cut into equal counts."""

import numpy as np
from jaxtyping import Bool, Int64, Shaped

LARGEST_WHOLE = 2**53  # beyond it, float64 skips whole numbers


def factor_classes(
    values: Shaped[np.ndarray, "n k"], bins: int | None
) -> tuple[Int64[np.ndarray, "n k"], Bool[np.ndarray, " k"]]:
    """Classes of factors, and which columns are continuous and were cut into classes.

    `bins`: how many classes, as in `equal_count_classes`.
    """
    if bins is not None and not 2 <= bins <= len(values):
        raise ValueError(f"factor_bins must be in 2 ... {len(values)} (the rows); got {bins}")
    continuous: Bool[np.ndarray, " k"] = np.zeros(values.shape[1], dtype=bool)
    if values.dtype.kind == "f":
        whole = (values == np.floor(values)) & (np.abs(values) < LARGEST_WHOLE)
        continuous = ~whole.all(0)
        if bins is None and continuous.any():
            row, column = np.argwhere(~whole)[0]
            raise ValueError(
                f"factors must be integers (classes); got {values[row, column]} in row {row}, "
                f"column {column}: for continuous factors give factor_bins, say 20"
            )
    classes = np.where(continuous, 0, values).astype(np.int64)
    for column in np.flatnonzero(continuous):
        classes[:, column] = equal_count_classes(values[:, column], bins or 1)
    return classes, continuous


def equal_count_classes(values: Shaped[np.ndarray, " n"], bins: int) -> Int64[np.ndarray, " n"]:
    """Classes 0, 1 ... of about n/bins values each, in the values' order.

    No more than `bins` distinct values have a class each. Otherwise a value that occurs n/bins
    times or more has a class of its own, and the values between two such values are cut evenly,
    into at least one class: with many of them there may be more than `bins` classes. -values have
    as many.
    """
    distinct, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    if len(distinct) <= bins:
        return place.astype(np.int64)
    heavy = counts * bins >= len(values)
    runs = np.cumsum(np.append(False, heavy[1:] | heavy[:-1]))
    sizes = np.bincount(runs, counts).astype(np.int64)
    numbers = np.maximum(sizes * bins // len(values), 1)
    numbers[runs[heavy]] = 1
    # The middle of a value among the counts decides its class: the same from both ends.
    below = np.cumsum(counts) - counts - (np.cumsum(sizes) - sizes)[runs]
    parts = (2 * below + counts) * numbers[runs] // (2 * sizes[runs])
    classes: Int64[np.ndarray, " n"] = ((np.cumsum(numbers) - numbers)[runs] + parts)[place]
    return classes
