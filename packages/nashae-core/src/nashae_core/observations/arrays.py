"""Arrays of many kinds as tensors, sharing memory where possible."""

import mmap
import warnings
from collections.abc import Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, TensorDataset

# Types of ml_dtypes, which numpy lacks; each of their numbers is one of float32.
SMALL_FLOATS = ("bfloat16", "float8_e4m3fn", "float8_e5m2")
# Elements checked at once, which bounds the memory of the check.
PIECE = 1 << 20


@runtime_checkable
class HasArray(Protocol):
    """What numpy can make an array of, such as a data frame."""

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any: ...


# What `as_tensor` takes.
NumbersLike = Tensor | HasArray | Sequence[Any]


def as_tensor(given: Any, name: str) -> Tensor:
    """The numbers of `given` as a tensor of their own type; do not write to it.

    Args:
        given: A tensor, a numpy array of any byte order and strides, anything that numpy makes one
            of (a data frame, what has `__array__`), or a list of numbers, arrays or tensors.
        name: What errors call it.

    Raises:
        TypeError: No array.
        ValueError: No numbers; sparse or masked; rows of several shapes.
    """
    if isinstance(given, Tensor):
        return _dense(given, name)
    if isinstance(given, list | tuple):
        given = _stacked(given, name)
        if isinstance(given, Tensor):
            return _dense(given, name)
    elif hasattr(given, "toarray"):
        raise ValueError(f"{name} must be dense; got {described(given)}: give {name}.toarray()")
    elif hasattr(given, "to_numpy"):
        given = given.to_numpy()
    elif not isinstance(given, np.ndarray) and hasattr(given, "__array__"):
        given = np.asarray(given)
    if not isinstance(given, np.ndarray):
        raise no_array(given, name)
    return from_numpy(given, name)


def from_numpy(array: npt.NDArray[Any], name: str) -> Tensor:
    """A tensor of a numpy array's numbers, copied only where torch cannot share them.

    Raises as `as_tensor` does.
    """
    if isinstance(array, np.ma.MaskedArray):
        if np.ma.is_masked(array):
            raise ValueError(
                f"{name} must have no masked elements; got {np.ma.getmaskarray(array).sum()}: "
                f"give {name}.filled(...), or leave those rows out"
            )
        array = array.data
    if array.dtype.name in SMALL_FLOATS:
        array = array.astype(np.float32)
    if array.dtype.kind not in "fiubc" or array.dtype == np.clongdouble:
        raise ValueError(
            f"{name} must be numbers; got {array.dtype}: leave out or convert the rest"
        )
    if array.dtype.kind == "f" and array.dtype.itemsize > 8:
        array = array.astype(np.float64)
    array = array.astype(array.dtype.newbyteorder("="), copy=False)
    if any(stride < 0 for stride in array.strides):
        array = array.copy()
    with warnings.catch_warnings():
        # Data sets give their arrays read-only, which PyTorch cannot promise and warns of.
        warnings.filterwarnings("ignore", message=".*not writable", category=UserWarning)
        return torch.from_numpy(array)


def is_mapped(array: npt.NDArray[Any]) -> bool:
    """Whether an array is a memory map, or a view of one."""
    owner: Any = array
    while isinstance(owner, np.ndarray | memoryview):
        owner = owner.base if isinstance(owner, np.ndarray) else owner.obj
    return isinstance(owner, mmap.mmap)


def is_floating(dtype: Any) -> bool:
    """Whether a type, of torch or numpy, is floating point."""
    if isinstance(dtype, torch.dtype):
        return dtype.is_floating_point
    dtype = np.dtype(dtype)
    return dtype.kind == "f" or dtype.name in SMALL_FLOATS


def check_floating(dtype: Any, name: str) -> None:
    """Raises `ValueError` for a type that is not floating point."""
    if not is_floating(dtype):
        raise ValueError(
            f"{name} must be floating point; got {dtype}: "
            "convert them, and scale them as your model wants them"
        )


def check_dtype(dtype: torch.dtype) -> None:
    """Raises `ValueError` for a type that is not a floating-point type of torch."""
    if not isinstance(dtype, torch.dtype) or not dtype.is_floating_point:
        raise ValueError(
            f"dtype must be floating point; got {dtype!r}: give torch.float32, for example"
        )


def check_finite(rows: Tensor, name: str, index: Tensor | None = None) -> None:
    """Raises `ValueError` for rows that are not finite; `index` (n,) numbers them in the error."""
    # In pieces, to bound the memory of the check.
    pieces = torch.split(rows, max(1, PIECE // max(1, rows.shape[1:].numel())))
    if all(bool(torch.isfinite(piece).all()) for piece in pieces):
        return
    counts = torch.cat([(~torch.isfinite(p)).reshape(len(p), -1).sum(1) for p in pieces]).cpu()
    bad = counts.nonzero().flatten()
    first = (bad if index is None else index.cpu()[bad])[:3].tolist()
    raise ValueError(
        f"{name} must be finite; got NaN or infinite elements, first in row "
        f"{', '.join(map(str, first))}, {int(counts.sum())} in {len(bad)} rows: leave out such "
        "rows or mend them"
    )


def described(value: Any) -> str:
    """A value in an error: one short line."""
    if isinstance(value, type):
        return f"the class {value.__name__}"
    shape, dtype = getattr(value, "shape", None), getattr(value, "dtype", None)
    if shape is not None and dtype is not None:
        return f"{type(value).__name__} {dtype} {tuple(shape)}"
    if value is None or isinstance(value, bool | int | float | complex | str | bytes):
        text = repr(value)
        return text if len(text) <= 40 else f"{text[:37]}..."
    return type(value).__name__


def no_array(given: Any, name: str) -> TypeError:
    """The error for what is no array, with what to give instead."""
    return TypeError(f"{name} must be an array; got {described(given)}: {cure(given, name)}")


def cure(given: Any, name: str = "observations") -> str:
    """What to give instead of something that is no array."""
    if isinstance(given, DataLoader):
        return "give the array that it reads, of which batches are drawn here"
    if isinstance(given, TensorDataset):
        return f"give {name}.tensors[0]"
    if isinstance(given, Dataset):
        return f"give torch.stack([item for item in {name}]), of the items' tensors"
    if isinstance(given, Mapping):
        return f"give one of its arrays, such as {name}[{next(iter(given), 'name')!r}]"
    if hasattr(given, "observations"):
        return f"give {name}.observations"
    if hasattr(given, "__iter__") and not isinstance(given, str | bytes):
        return f"give list({name})"
    return "give a tensor, a numpy array, a data frame or a list of numbers"


def _dense(tensor: Tensor, name: str) -> Tensor:
    if tensor.is_nested or tensor.layout != torch.strided:
        raise ValueError(
            f"{name} must be dense; got a tensor of layout {tensor.layout}: give {name}.to_dense()"
        )
    if tensor.is_quantized or tensor.is_meta:
        kind = "quantized" if tensor.is_quantized else "on the device meta, where it has no numbers"
        raise ValueError(f"{name} must be numbers; got a tensor that is {kind}")
    return tensor


def _stacked(rows: list[Any] | tuple[Any, ...], name: str) -> Tensor | npt.NDArray[Any]:
    """Rows of one shape, as one array."""
    tensors = bool(rows) and all(isinstance(row, Tensor) for row in rows)
    try:
        return torch.stack([*rows]) if tensors else np.asarray(rows)
    except (ValueError, RuntimeError, TypeError) as error:
        raise ValueError(
            f"{name} must have rows of one shape and kind; got a {type(rows).__name__} of "
            f"{len(rows)} that cannot be stacked: make them equal first"
        ) from error
