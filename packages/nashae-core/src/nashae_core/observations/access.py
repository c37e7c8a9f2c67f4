"""Observations of any kind, brought to the model's device batch by batch."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol, TypeGuard, runtime_checkable

import numpy as np
import torch
from jaxtyping import Int64
from torch import Tensor, nn
from torch.utils.data import Dataset

from nashae_core.observations.arrays import (
    HasArray,
    NumbersLike,
    as_tensor,
    check_finite,
    check_floating,
    cure,
    described,
    is_mapped,
)
from nashae_core.observations.images import ImageObservations, StreamedImages
from nashae_core.observations.packed import PackedObservations
from nashae_core.observations.streams import ArrayLike, StreamedObservations


@runtime_checkable
class Observations(Protocol):
    """A tensor (n, ...), or what else gives observations on the model's device by an index."""

    def __len__(self) -> int: ...
    def __getitem__(self, index: Tensor, /) -> Tensor: ...


@runtime_checkable
class Streamed(Observations, Protocol):
    """Observations that read ahead if they are given the indices of many batches at once."""

    def read_ahead(self, index: Iterable[Tensor], /) -> Iterator[Tensor]:
        """The observations at each of `index`, in order, on the model's device."""
        ...


OURS = PackedObservations | ImageObservations | StreamedImages | StreamedObservations

# What functions take as observations: `as_observations` makes a tensor or `Observations` of it.
ObservationsLike = Observations | ArrayLike | NumbersLike


def evenly(n: int, most: int) -> Int64[Tensor, " k"]:
    """At most `most` of n indices, evenly spaced, the first and the last among them."""
    return torch.linspace(0, n - 1, min(n, most), dtype=torch.float64, device="cpu").long()


def batches(
    rows: Tensor | Observations, index: Iterable[Tensor], device: torch.device
) -> Iterator[Tensor]:
    """The observations at each of `index`; a tensor of indices is moved to `device` once."""
    if isinstance(rows, Streamed):
        return rows.read_ahead(index)
    if isinstance(index, Tensor):
        index = index.to(device, non_blocking=True)
    asked = (i.to(device) for i in index)
    if isinstance(rows, Tensor | OURS):
        return (rows[i] for i in asked)
    return (_rows(rows, i) for i in asked)


def as_observations(given: ObservationsLike) -> Tensor | Observations:
    """Observations (n, ...) of anything that users give, not yet moved.

    What is in memory (tensors, arrays, data frames, lists) becomes a tensor, shared where possible.
    Memory maps, and what else has `shape`, `dtype` and `[index]`, such as an HDF5 data set, become
    `StreamedObservations`. Other `Observations` are returned unchanged.

    Raises `TypeError` for what is no array, `ValueError` for an array that is empty, not floating
    point, sparse or masked.
    """
    try:
        getattr(given, "shape", None)
    except Exception as error:
        raise ValueError(
            f"observations must be readable; got {type(given).__name__}, which does not say its "
            f"shape ({type(error).__name__}): open its file again"
        ) from error
    if isinstance(given, OURS) or _gives_rows(given):
        observations: Tensor | Observations = given
    elif lies_elsewhere(given):
        observations = StreamedObservations(given)
    else:
        observations = as_tensor(given, "observations").detach()
        if not isinstance(given, Tensor):
            # Like observations read from a file, so that an array's strides change no bit.
            observations = observations.contiguous()
        if not observations.dim():
            raise ValueError(
                f"observations must be (n, ...), one row each; got {described(given)}: "
                "give an array of one axis or more"
            )
    if len(observations) == 0:
        raise ValueError("observations must be at least one; got an empty array")
    if isinstance(observations, Tensor):
        check_floating(observations.dtype, "observations")
        if not observations.numel():
            raise ValueError(
                f"observations must have elements; got {described(given)}: give columns as well"
            )
    return observations


def on_device(
    given: ObservationsLike, device: torch.device, dtype: torch.dtype
) -> Tensor | Observations:
    """`as_observations`, then brought to the device and type of a model's weights.

    `Observations` of the caller's own class are returned unchanged.

    Raises as `as_observations` does, and `ValueError` if a tensor is not finite.
    """
    observations = as_observations(given)
    if isinstance(observations, Tensor):
        observations = observations.to(device, dtype)
        check_finite(observations, "observations")
    elif isinstance(observations, OURS):
        observations = observations.to(device, dtype)
    return observations


def lies_elsewhere(given: Any) -> TypeGuard[ArrayLike]:
    """Whether an array is not in memory, as far as can be seen."""
    if isinstance(given, Tensor | np.ma.MaskedArray):
        return False
    if isinstance(given, np.ndarray):
        return is_mapped(given)
    if isinstance(given, type) or hasattr(given, "to_numpy") or hasattr(given, "toarray"):
        return False
    return isinstance(given, ArrayLike) and not isinstance(given.dtype, torch.dtype)


def _gives_rows(given: Any) -> TypeGuard[Observations]:
    """Whether `given` is `Observations` of the caller's own class, no array and no container."""
    if isinstance(given, Tensor | list | tuple | range | str | bytes | Mapping | type):
        return False
    arrays = isinstance(given, HasArray) or hasattr(given, "to_numpy") or hasattr(given, "toarray")
    return isinstance(given, Observations) and not arrays and not lies_elsewhere(given)


def _rows(observations: Observations, index: Tensor) -> Tensor:
    """A batch of `Observations` of the caller's own class, checked."""
    wanted = "observations must give a tensor of rows on the model's device for a tensor of indices"
    kind = type(observations).__name__
    # Other errors, such as those of reading a file, say themselves what is wrong.
    unfit: tuple[type[Exception], ...] = (TypeError, LookupError, AttributeError)
    if isinstance(observations, Dataset):
        unfit = (Exception,)
    try:
        rows: Any = observations[index]
    except unfit as error:
        raise TypeError(
            f"{wanted}; got {kind}, which raises {type(error).__name__}: {cure(observations)}"
        ) from error
    if isinstance(rows, Tensor) and rows.shape[: index.dim()] == index.shape:
        if rows.device.type == index.device.type:
            return rows
        kind = f"{kind} on {rows.device}"
    raise TypeError(
        f"{wanted}; got {kind}, which gives {described(rows)} for {tuple(index.shape)}: "
        f"{cure(observations)}"
    )


def weight_type(model: nn.Module) -> torch.dtype:
    """The type of a model's weights, which its observations must have.

    Raises `ValueError` for a model without parameters.
    """
    parameter = next(model.parameters(), None)
    if parameter is None:
        raise ValueError(
            f"{type(model).__name__} has no parameters: hold its networks as attributes, "
            "or in an nn.ModuleList"
        )
    return parameter.dtype
