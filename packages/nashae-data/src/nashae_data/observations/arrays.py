"""Arrays that a caller gives: what they must be, and views that cannot be written to."""

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from jaxtyping import Float64

if TYPE_CHECKING:
    from numpy.typing import ArrayLike
else:  # beartype takes no list of numbers for numpy's ArrayLike; finite_numbers checks what it gets
    ArrayLike = Any

__all__ = ["ArrayLike", "check_unmasked", "finite_numbers", "read_only"]


def finite_numbers(name: str, given: ArrayLike) -> Float64[np.ndarray, "*shape"]:
    """Numbers as float64; raises `ValueError` where they are none, or not finite."""
    try:
        numbers = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must be numbers; got {given!r}") from error
    if not np.isfinite(numbers).all():
        raise ValueError(f"{name} must be finite; got {numbers[~np.isfinite(numbers)][0]}")
    return numbers


def check_unmasked(array: object, name: str) -> None:
    """Raise `ValueError` where a masked array hides entries: saved, they would count as values."""
    if isinstance(array, np.ma.MaskedArray) and np.ma.is_masked(array):
        raise ValueError(
            f"{name} must have no masked entries; got {np.ma.getmaskarray(array).sum()}: give all "
            "arrays of the data set without the rows that have them"
        )


def read_only(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """A view that cannot be written to."""
    view = array.view()
    view.flags.writeable = False
    return view
