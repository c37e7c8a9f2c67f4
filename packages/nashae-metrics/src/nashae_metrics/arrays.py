"""Arrays from outside, checked: what a metric may assume of its inputs is settled here."""

import numpy as np
import numpy.typing as npt
from jaxtyping import Bool, Float, Int64, Shaped

LARGEST_WHOLE = 2**53  # beyond it, float64 skips whole numbers


def codes_array(codes: npt.ArrayLike, name: str = "codes") -> Float[np.ndarray, "n m"]:
    """Finite codes: float32 and float64 as they are, float16 as float32, all else as float64."""
    array = _table(codes, name, "latents")
    if array.dtype == np.float16:
        array = array.astype(np.float32)
    elif array.dtype not in (np.float32, np.float64):
        array = array.astype(np.float64)
    finite = np.isfinite(array)
    if not finite.all():
        row, column = np.argwhere(~finite)[0]
        raise ValueError(
            f"{name} must be finite, got {array[row, column]} in row {row}, column {column} "
            f"({np.count_nonzero(~finite)} such entries)"
        )
    return array


def attributes_array(attributes: npt.ArrayLike, *, rows: int) -> Bool[np.ndarray, "n k"]:
    """Binary attributes (n, k), given as bool, {0, 1} or {-1, 1}, as bool."""
    array = _table(attributes, "attributes", "attributes")
    _check_rows(array, "attributes", rows)
    positive: Bool[np.ndarray, "n k"] = array == 1
    negative = -1 if (array == -1).any() else 0
    binary = positive | (array == negative)
    if not binary.all():
        row, column = np.argwhere(~binary)[0]
        raise ValueError(
            "attributes must be binary, either {0, 1} or {-1, 1} in all columns, "
            f"got {array[row, column]} in row {row}, column {column}"
        )
    check_both_present(positive, "in the data; leave it out")
    return positive


def check_both_present(attributes: Bool[np.ndarray, "n k"], remedy: str) -> None:
    """Raise where an attribute has one value only: its AUROC and its entropy's share are 0/0."""
    constant = np.flatnonzero(attributes.all(0) | ~attributes.any(0))
    if constant.size:
        raise ValueError(
            "each attribute must have both its values, "
            f"but attributes column {_listed(constant)} is constant {remedy}"
        )


def factors_array(factors: npt.ArrayLike, *, rows: int) -> Int64[np.ndarray, "n k"]:
    """Factors (n, k) of whole numbers, as int64."""
    array = _table(factors, "factors", "factors")
    _check_rows(array, "factors", rows)
    if array.dtype.kind == "f":
        whole = (array == np.floor(array)) & (np.abs(array) < LARGEST_WHOLE)
        if not whole.all():
            row, column = np.argwhere(~whole)[0]
            raise ValueError(
                f"factors must be integers (classes), got {array[row, column]} in row {row}, "
                f"column {column}; bin continuous factors first"
            )
    return array.astype(np.int64)


def check_varying(factors: Int64[np.ndarray, "n k"], columns: list[int]) -> None:
    """Raise where a factor of the named columns has one value only."""
    constant = [column for column in columns if np.ptp(factors[:, column]) == 0]
    if constant:
        raise ValueError(
            "each factor must have two values or more, "
            f"but factors column {_listed(constant)} is constant; leave it out"
        )


def _table(values: npt.ArrayLike, name: str, columns: str) -> Shaped[np.ndarray, "n columns"]:
    try:
        array = np.asarray(values)
    except (TypeError, ValueError, RuntimeError) as error:  # ragged lists, tensors on a device
        raise ValueError(f"{name} cannot be read as an array: {error}") from error
    if array.dtype.kind not in "biuf":
        raise ValueError(f"{name} must be real numbers, got dtype {array.dtype}")
    if array.ndim != 2:
        raise ValueError(
            f"{name} must have shape (samples, {columns}), got {array.shape}"
            + ("; for one column use reshape(-1, 1)" if array.ndim == 1 else "")
        )
    if array.shape[0] < 2 or array.shape[1] < 1:
        raise ValueError(
            f"{name} must have two rows and one column at least, got shape {array.shape}"
        )
    return array


def _check_rows(array: Shaped[np.ndarray, "n columns"], name: str, rows: int) -> None:
    if len(array) != rows:
        raise ValueError(f"{name} must have as many rows as codes, got {len(array)} and {rows}")


def _listed(columns: npt.ArrayLike) -> str:
    return ", ".join(str(column) for column in np.asarray(columns))
