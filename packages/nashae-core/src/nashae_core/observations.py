"""What models are trained on: rows that are on the model's device when they are asked for."""

from collections.abc import Iterable, Iterator
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from nashae_core.images import ImageObservations, StreamedImages
from nashae_core.packed import PackedObservations


@runtime_checkable
class Observations(Protocol):
    """A tensor (n, ...), or anything else that gives rows on the model's device by an index."""

    def __len__(self) -> int: ...
    def __getitem__(self, index: Tensor, /) -> Tensor: ...


@runtime_checkable
class Streamed(Observations, Protocol):
    """Observations that are better asked for many batches at once, because they read ahead."""

    def read_ahead(self, index: Iterable[Tensor], /) -> Iterator[Tensor]:
        """The rows at each of `index`, in order, on the model's device."""
        ...


def batches(
    rows: Tensor | Observations, index: Iterable[Tensor], device: torch.device
) -> Iterator[Tensor]:
    """The rows at each of `index`; a tensor of indices goes to `device` in one transfer."""
    if isinstance(rows, Streamed):
        return rows.read_ahead(index)
    if isinstance(index, Tensor):
        index = index.to(device, non_blocking=True)
    return (rows[i.to(device)] for i in index)


def on_device(
    observations: Tensor | Observations, device: torch.device, dtype: torch.dtype
) -> Tensor | Observations:
    """A tensor, an array, packed observations or images moved to `device` whole, as `dtype`.

    Streamed images are told `device` and `dtype`; any other `Observations` are left as they are.

    Raises `ValueError` for rows that are none, not floating point, or not finite.
    """
    if not isinstance(observations, Tensor) and hasattr(observations, "__array__"):
        # Copied, because data sets give their arrays read-only, which a tensor cannot be.
        observations = torch.asarray(observations, copy=True)
    if len(observations) == 0:
        raise ValueError("observations is empty: it must have at least one row")
    if isinstance(observations, PackedObservations | ImageObservations | StreamedImages):
        return observations.to(device, dtype)
    if not isinstance(observations, Tensor):
        return observations
    if not observations.is_floating_point():
        raise ValueError(
            f"observations must be floating point; got {observations.dtype}: "
            "convert them, and scale them as your model wants them"
        )
    observations = observations.to(device, dtype)
    if not torch.isfinite(observations).all():
        raise ValueError("observations must be finite; got NaN or infinite elements")
    return observations


def weight_type(model: nn.Module) -> torch.dtype:
    """The type of the model's weights, in which it wants its observations.

    Raises `ValueError` for a model without parameters.
    """
    parameter = next(model.parameters(), None)
    if parameter is None:
        raise ValueError(
            f"{type(model).__name__} has no parameters: hold its networks as attributes, "
            "or in an nn.ModuleList"
        )
    return parameter.dtype
