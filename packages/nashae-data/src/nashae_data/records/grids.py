"""Full grids of factors: every combination of the levels once, the last factor counting fastest."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from jaxtyping import Float64, Int64, Shaped


def grid(
    levels: Sequence[npt.NDArray[np.float64]],
) -> tuple[Int64[np.ndarray, "n k"], Float64[np.ndarray, "n k"]]:
    """The classes and the values of k factors in all combinations, n = the product of their sizes.

    - `levels`: for each factor its values, in the order of its classes.
    """
    sizes = tuple(len(level) for level in levels)
    factors = np.empty((*sizes, len(sizes)), dtype=np.int64)
    values = np.empty(factors.shape)
    for column, level in enumerate(levels):
        along = np.eye(len(sizes), dtype=np.int64)[column] * (len(level) - 1) + 1
        factors[..., column] = np.arange(len(level)).reshape(along)
        values[..., column] = np.asarray(level).reshape(along)
    return factors.reshape(-1, len(sizes)), values.reshape(-1, len(sizes))


def check_grid(
    values: Float64[np.ndarray, "n k"],
    names: Sequence[str],
    sizes: Sequence[int],
    ranges: Sequence[tuple[float, float]],
) -> None:
    """Raise `ValueError`, which names factor and row, if values are not those of a full grid.

    They must be finite and in `ranges` (lowest, highest, for each factor), and in the order of
    `grid`, so that those of a factor rise from class to class.
    """
    for column, (name, (low, high)) in enumerate(zip(names, ranges, strict=True)):
        found = values[:, column]
        wrong = np.flatnonzero(~((found >= low) & (found <= high)))
        if wrong.size:
            raise ValueError(
                f"{name} is {found[wrong[0]]} in row {wrong[0]}, wanted from {low} to {high}"
            )
        cube = np.moveaxis(found.reshape(*sizes), column, -1)
        level = cube.reshape(-1, sizes[column])[0]
        if (np.diff(level) <= 0).any():
            raise ValueError(f"{name} takes the values {level.tolist()}, wanted rising ones")
        check_equal(
            found, np.moveaxis(np.broadcast_to(level, cube.shape), -1, column).ravel(), name
        )


def check_equal(
    found: Shaped[np.ndarray, " n"], wanted: Shaped[np.ndarray, " n"], name: str, tolerance: Any = 0
) -> None:
    """Raise `ValueError`, which names the row, if numbers differ by more than the tolerance."""
    wrong = np.flatnonzero(~(np.abs(found - wanted) <= tolerance))
    if wrong.size:
        row = int(wrong[0])
        raise ValueError(
            f"{name} is {found[row]} in row {row}, wanted {wanted[row]}: the rows must be in the "
            "order of the published file"
        )
