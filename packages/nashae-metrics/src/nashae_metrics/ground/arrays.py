"""Arrays from outside, checked: what a metric may assume of its inputs."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from jaxtyping import Bool, Float, Int64, Shaped

from nashae_metrics.ground.not_applicable import NotApplicable

CHUNK = 2**20  # numbers checked at once, so that a memory map of any size fits in memory


def codes_array(codes: npt.ArrayLike, name: str = "codes") -> Float[np.ndarray, "n m"]:
    """Finite codes: float32 and float64 unchanged, float16 as float32, all else as float64."""
    array = _table(codes, name, "latents")
    if array.dtype == np.float16:
        array = array.astype(np.float32)
    elif array.dtype not in (np.float32, np.float64):
        array = array.astype(np.float64)
    _check_finite(array, name)
    return array


def _check_finite(array: Float[np.ndarray, "n m"], name: str) -> None:
    step = max(1, CHUNK // array.shape[1])
    first: tuple[int, int] | None = None
    entries = 0
    for start in range(0, len(array), step):
        finite = np.isfinite(array[start : start + step])
        if not finite.all():
            entries += int(np.count_nonzero(~finite))
            if first is None:
                row, column = np.argwhere(~finite)[0]
                first = start + int(row), int(column)
    if first is not None:
        raise ValueError(
            f"{name} must be finite; got {array[first]} in row {first[0]}, column {first[1]} "
            f"({entries} such entries)"
        )


def codes_and_factors(
    codes: npt.ArrayLike, factors: npt.ArrayLike, missing: float | int | None
) -> tuple[Float[np.ndarray, "n m"], Shaped[np.ndarray, "n k"]]:
    """Codes and values of factors, without the rows in which a factor is `missing`."""
    checked, table, _ = _paired(codes, factors, "factors", missing)
    return checked, factor_values(table, rows=len(checked))


def codes_and_attributes(
    codes: npt.ArrayLike, attributes: npt.ArrayLike, missing: float | int | None
) -> tuple[Float[np.ndarray, "l m"], Bool[np.ndarray, "l k"], Bool[np.ndarray, " n"]]:
    """Codes and attributes of the rows in which no attribute is `missing`, and those rows."""
    checked, table, known = _paired(codes, attributes, "attributes", missing)
    return checked, attributes_array(table, rows=len(checked)), known


def _paired(
    codes: npt.ArrayLike, truth: npt.ArrayLike, name: str, missing: float | int | None
) -> tuple[Float[np.ndarray, "l m"], Shaped[np.ndarray, "l k"], Bool[np.ndarray, " n"]]:
    check_same_rows(codes, truth, name)
    checked, table = codes_array(codes), _table(truth, name, name)
    _check_rows(table, name, len(checked))
    known = known_rows(table, name, missing)
    if known.all():
        return checked, table, known
    return checked[known], table[known], known


def known_rows(
    table: Shaped[np.ndarray, "n k"], name: str, missing: float | int | None
) -> Bool[np.ndarray, " n"]:
    """Which rows have no `missing` value, which may be nan."""
    if missing is None:
        return np.ones(len(table), dtype=bool)
    unknown = np.isnan(table) if np.isnan(missing) else table == missing
    known: Bool[np.ndarray, " n"] = ~unknown.any(1)
    if np.count_nonzero(known) < 2:
        raise ValueError(
            f"{name} must have two rows or more without the missing value {missing}; "
            f"got {np.count_nonzero(known)}: leave out columns that are seldom known"
        )
    return known


def check_same_rows(codes: object, other: object, name: str) -> None:
    """Raise if two data frames name their rows differently: they would be paired by place."""
    indices: list[Any] = [getattr(frame, "index", None) for frame in (codes, other)]
    of_codes, own = indices
    if all(hasattr(index, "equals") for index in indices) and not of_codes.equals(own):
        raise ValueError(
            f"{name} must have the index of codes, row by row; got {len(own)} and {len(of_codes)} "
            f"labels that differ: give {name}.loc[codes.index], or .to_numpy() of each where the "
            "rows belong together by their place"
        )


def check_same_shape(
    codes: Float[np.ndarray, "n m"], array: Float[np.ndarray, "n2 m2"], name: str
) -> None:
    """Raise if an array that goes with the codes, value by value, has another shape."""
    if array.shape != codes.shape:
        raise ValueError(f"{name} must have the shape of codes, {codes.shape}; got {array.shape}")


def check_unmasked(values: object, name: str) -> None:
    """Raise if a masked array hides entries: converted to an array it would show them."""
    parts = values if isinstance(values, list | tuple) else [values]
    hidden = sum(int(np.ma.getmaskarray(part).sum()) for part in parts if np.ma.isMA(part))
    if hidden:
        raise ValueError(
            f"{name} must have no masked entries; got {hidden}: leave their rows out of every "
            f"array, by rows = ~np.ma.getmaskarray({name}).any(axis=1) and {name}[rows]"
        )


def attributes_array(attributes: npt.ArrayLike, *, rows: int) -> Bool[np.ndarray, "n k"]:
    """Binary attributes (n, k), given as bool, {0, 1} or {-1, 1}, as bool."""
    array = _table(attributes, "attributes", "attributes")
    _check_rows(array, "attributes", rows)
    positive: Bool[np.ndarray, "n k"] = array if array.dtype == bool else array == 1
    if array.dtype != bool:
        negative = -1 if (array == -1).any() else 0
        binary = positive | (array == negative)
        if not binary.all():
            row, column = np.argwhere(~binary)[0]
            raise ValueError(
                "attributes must be binary, either {0, 1} or {-1, 1} in all columns; "
                f"got {array[row, column]} in row {row}, column {column}"
            )
    check_both_present(positive, "in the data; leave it out")
    return positive


def check_both_present(attributes: Bool[np.ndarray, "n k"], remedy: str) -> None:
    """Raise `NotApplicable` if an attribute has one value only.

    Its AUROC and the share of its entropy would be 0/0.
    """
    constant = np.flatnonzero(attributes.all(0) | ~attributes.any(0))
    if constant.size:
        raise NotApplicable(
            "each attribute must have both its values; "
            f"attributes column {_listed(constant)} is constant {remedy}"
        )


def factor_values(factors: npt.ArrayLike, *, rows: int) -> Shaped[np.ndarray, "n k"]:
    """Finite factors (n, k): integers unchanged, or float64."""
    array = _table(factors, "factors", "factors")
    _check_rows(array, "factors", rows)
    if array.dtype.kind != "f":
        return array
    finite = np.isfinite(array)
    if not finite.all():
        row, column = np.argwhere(~finite)[0]
        raise ValueError(
            f"factors must be finite; got {array[row, column]} in row {row}, column {column}: "
            "missing=nan leaves out rows that have nan"
        )
    return array.astype(np.float64)


def check_varying(factors: Int64[np.ndarray, "n k"], columns: Sequence[int]) -> None:
    """Raise `NotApplicable` if a factor has one value only; `columns`: their names in errors."""
    varying = np.ptp(factors, axis=0) > 0
    if not varying.all():
        constant = np.asarray(columns)[~varying]
        raise NotApplicable(
            "each factor must have two values or more; "
            f"factors column {_listed(constant)} is constant: leave it out"
        )


def _table(values: npt.ArrayLike, name: str, columns: str) -> Shaped[np.ndarray, "n columns"]:
    try:
        array = np.asanyarray(values)
    except (TypeError, ValueError, RuntimeError) as error:  # ragged lists, tensors on a device
        raise ValueError(
            f"{name} must be an array; got {type(values).__name__}: {error}"
        ) from error
    check_unmasked(values, name)
    check_unmasked(array, name)
    array = np.asarray(array)
    if array.dtype.kind not in "biuf":
        raise ValueError(f"{name} must be real numbers; got dtype {array.dtype}")
    if array.ndim != 2:
        raise ValueError(
            f"{name} must have shape (samples, {columns}); got {array.shape}"
            + (": for one column use reshape(-1, 1)" if array.ndim == 1 else "")
        )
    if array.shape[0] < 2 or array.shape[1] < 1:
        raise ValueError(
            f"{name} must have two rows and one column at least; got shape {array.shape}"
        )
    return array


def _check_rows(array: Shaped[np.ndarray, "n columns"], name: str, rows: int) -> None:
    if len(array) != rows:
        raise ValueError(f"{name} must have as many rows as codes, {rows}; got {len(array)}")


def _listed(columns: npt.ArrayLike) -> str:
    return ", ".join(str(column) for column in np.asarray(columns))
