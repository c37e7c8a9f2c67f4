"""Full grids of factors: every combination of levels once, the last factor varying fastest."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from jaxtyping import Float64, Int64, Shaped


def grid(
    levels: Sequence[npt.NDArray[np.float64]],
) -> tuple[Int64[np.ndarray, "n k"], Float64[np.ndarray, "n k"]]:
    """The classes and the values of k factors in all combinations.

    Args:
        levels: for each factor its values, in the order of its classes.

    Returns:
        Classes and values, (n, k) each, n the product of the numbers of levels.
    """
    sizes = tuple(len(level) for level in levels)
    factors = np.empty((*sizes, len(sizes)), dtype=np.int64)
    values = np.empty(factors.shape)
    for column, level in enumerate(levels):
        along = np.eye(len(sizes), dtype=np.int64)[column] * (len(level) - 1) + 1
        factors[..., column] = np.arange(len(level)).reshape(along)
        values[..., column] = np.asarray(level).reshape(along)
    return factors.reshape(-1, len(sizes)), values.reshape(-1, len(sizes))


def class_grid(sizes: Sequence[int]) -> tuple[Int64[np.ndarray, "n k"], Float64[np.ndarray, "n k"]]:
    """`grid` of factors without units, whose values are their classes."""
    return grid([np.arange(float(size)) for size in sizes])


def check_grid(
    values: Float64[np.ndarray, "n k"],
    names: Sequence[str],
    sizes: Sequence[int],
    ranges: Sequence[tuple[float, float]],
) -> None:
    """Raise `ValueError`, which names factor and row, if values are not those of a full grid.

    Args:
        values: (n, k); must be in the order of `grid`, those of a factor rising with its classes.
        names: of the factors, for errors.
        sizes: their numbers of classes.
        ranges: the lowest and the highest value that each may have.
    """
    for column, (name, (low, high)) in enumerate(zip(names, ranges, strict=True)):
        numbers = values[:, column]
        wrong = np.flatnonzero(~((numbers >= low) & (numbers <= high)))
        if wrong.size:
            raise ValueError(
                f"{name} must be from {low} to {high}; got {numbers[wrong[0]]} in row {wrong[0]}"
            )
        cube = np.moveaxis(numbers.reshape(*sizes), column, -1)
        level = cube.reshape(-1, sizes[column])[0]
        if (np.diff(level) <= 0).any():
            raise ValueError(f"{name} must have rising values; got {level.tolist()}")
        check_equal(
            numbers, np.moveaxis(np.broadcast_to(level, cube.shape), -1, column).ravel(), name
        )


def check_equal(
    found: Shaped[np.ndarray, " n"], wanted: Shaped[np.ndarray, " n"], name: str, tolerance: Any = 0
) -> None:
    """Raise `ValueError`, which names the row, if numbers differ by more than the tolerance."""
    wrong = np.flatnonzero(~(np.abs(found - wanted) <= tolerance))
    if wrong.size:
        row = int(wrong[0])
        raise ValueError(
            f"{name} must be {wanted[row]} in row {row}; got {found[row]}: give rows in the order "
            "of the published file"
        )
