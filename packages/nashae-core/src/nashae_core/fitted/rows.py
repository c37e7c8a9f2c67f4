"""Observations of any type and place, normalised as they are read."""

from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from jaxtyping import Float, Float64, Int64
from torch import Tensor

from nashae_core.observations.access import lies_elsewhere
from nashae_core.observations.arrays import as_tensor, check_finite, described
from nashae_core.observations.streams import ArrayLike, read_rows

Normalise = Literal["auto", "feature", "channel", "whole", "none"]

# Elements that are read at once.
PIECE = 1 << 19
# A deviation below this share of the mean is rounding.
ROUNDING = 1e-12


class Normalisation(NamedTuple):
    """What is subtracted from an observation, and what it is divided by; both broadcast to it."""

    mean: Float64[Tensor, "..."]
    std: Float64[Tensor, "..."]

    def apply(self, rows: Tensor) -> Float[Tensor, "*rows"]:
        """Normalise observations, worked out in float64, as float32."""
        return ((rows.to(torch.float64) - self.mean) / self.std).to(torch.float32)

    def undo(self, rows: Float[Tensor, "*rows"]) -> Float[Tensor, "*rows"]:
        """Give normalised observations back in the data's units, as float32."""
        return (rows.to(torch.float64) * self.std + self.mean).to(torch.float32)


class Moments(NamedTuple):
    """The mean and the variance of each element of an observation."""

    mean: Float64[Tensor, "*observation"]
    variance: Float64[Tensor, "*observation"]


class NormalisedRows:
    """Some rows of an array, normalised as they are read.

    Args:
        source: rows (n, ...), as `source_of` gives them.
        index: (k,), the rows of `source` that these are, in ascending order.
        normalisation: what they are normalised by.
    """

    dtype = np.dtype(np.float32)

    def __init__(
        self, source: ArrayLike, index: Int64[Tensor, " k"], normalisation: Normalisation
    ) -> None:
        self.source, self.index, self.normalisation = source, index, normalisation

    @property
    def shape(self) -> tuple[int, ...]:
        """The number of rows, then the shape of one."""
        return (len(self.index), *self.source.shape[1:])

    def __getitem__(self, index: Any) -> npt.NDArray[np.float32]:
        rows = read_rows(self.source, self.index[torch.as_tensor(index)], "observations")
        return self.normalisation.apply(rows).numpy()

    def observations(self) -> "Tensor | NormalisedRows":
        """A tensor, where the source is in memory; else these rows, to be read batch by batch."""
        if not isinstance(self.source, Tensor):
            return self
        found = torch.empty(self.shape, device="cpu")
        for piece in pieces(torch.arange(len(self.index), device="cpu"), self.shape[1:]):
            found[piece] = torch.from_numpy(self[piece])
        return found


def source_of(observations: Any) -> ArrayLike:
    """Observations (n, ...) of any real numbers, where they are: a tensor, or an array in a file.

    Raises:
        TypeError: for what is no array.
        ValueError: for an array that is empty, complex, sparse or masked, or has one axis.
    """
    found: Any = observations
    if not lies_elsewhere(observations):
        found = as_tensor(observations, "observations").detach().cpu().contiguous()
    unreal = isinstance(found, Tensor) and found.is_complex()
    if len(found.shape) < 2 or 0 in found.shape or unreal:
        raise ValueError(
            f"observations must be real numbers (n, ...), a row for each of n; got "
            f"{described(observations)}: give an array of two axes or more"
        )
    source: ArrayLike = found
    return source


def pieces(index: Int64[Tensor, " k"], shape: tuple[int, ...]) -> Iterator[Int64[Tensor, " p"]]:
    """The index in pieces of rows that can be read at once."""
    return iter(torch.split(index, rows_at_once(shape)))


def rows_at_once(shape: tuple[int, ...]) -> int:
    """How many observations of a shape are read at once."""
    return max(1, PIECE // max(1, int(np.prod(shape))))


def moments(source: ArrayLike, index: Int64[Tensor, " k"]) -> Moments:
    """The moments of the rows at `index`, read once.

    Raises:
        ValueError: for rows that are not finite; names them.

    Source: Chan, Golub & LeVeque 1983 (https://doi.org/10.1080/00031305.1983.10483115).
    """
    mean = torch.zeros(source.shape[1:], dtype=torch.float64, device="cpu")
    squares, seen = mean.clone(), 0
    for piece in pieces(index, tuple(source.shape[1:])):
        rows = read_rows(source, piece, "observations")
        if rows.is_floating_point():
            check_finite(rows, "observations", piece)
        rows = rows.to(torch.float64)
        own, both = rows.mean(0), seen + len(rows)
        gap = own - mean
        squares += (rows - own).square().sum(0) + gap.square() * (seen * len(rows) / both)
        mean += gap * (len(rows) / both)
        seen = both
    return Moments(mean, squares / seen)


def normalisation(found: Moments, how: Normalise, channel: int | None) -> Normalisation:
    """The normalisation of data with these moments.

    Args:
        found: of each element.
        how: "feature": each element by its own numbers; "channel": each channel; "whole": one mean
            and one deviation for all; "none": 0 and 1.
        channel: the channels' axis in an observation; None where it has none.

    What does not vary is divided by 1.
    """
    if how == "none":
        zero = torch.zeros((), dtype=torch.float64, device="cpu")
        return Normalisation(zero, zero + 1)
    axes = [*range(found.mean.dim())]
    if how == "channel" and channel is not None:
        axes.remove(channel % len(axes))
    mean, variance = found
    if how != "feature" and axes:
        mean = found.mean.mean(axes, keepdim=True)
        variance = (found.variance + (found.mean - mean).square()).mean(axes, keepdim=True)
    std = variance.sqrt()
    return Normalisation(mean, torch.where(std <= ROUNDING * mean.abs(), 1.0, std))


def split(
    n: int, held_out: float, generator: torch.Generator
) -> tuple[Int64[Tensor, " t"], Int64[Tensor, " h"]]:
    """The rows to train on and those that are held out, each in ascending order.

    Args:
        n: rows, 2 or more.
        held_out: their share, in [0, 1); one row at least is trained on.
        generator: draws them.

    Raises:
        ValueError: for numbers out of range.
    """
    if not 0 <= held_out < 1:
        raise ValueError(f"held_out must be in [0, 1); got {held_out}: give a share such as 0.1")
    if n < 2:
        raise ValueError(f"observations must be 2 or more; got {n}: give more rows")
    number = min(round(n * held_out), n - 1)
    order = torch.randperm(n, generator=generator, device=generator.device).cpu()
    return order[number:].sort().values, order[:number].sort().values
