"""Data of one's own: where they are, and what was found when they were looked at."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from jaxtyping import Int64
from torch import Tensor

from nashae_core.fitted.architecture import Channels, Kind, architecture_for
from nashae_core.fitted.fit import NORMALISED
from nashae_core.fitted.rows import Normalise, moments, normalisation, source_of, split
from nashae_core.observations.access import evenly
from nashae_data import OwnData, open_data

# Observations from which the range of an image's pixels is known.
LOOKED_AT = 200


Labels = Literal["none", "factors", "attributes"]


@dataclass(frozen=True)
class Source:
    """Where data of one's own are, and all that was found when they were looked at.

    With it a run folder says how its networks and inputs were made, also without the data.
    """

    path: str
    """The file or folder, absolute."""
    key: str
    """The name of the observations in it; "" where there is nothing else."""
    n: int
    shape: tuple[int, ...]
    """Of one observation."""
    kind: Kind
    channels: Channels
    normalise: Normalise
    mean: tuple[float, ...]
    """One number, one a channel or one an element; so `std`."""
    std: tuple[float, ...]
    low: float
    """What is drawn black in images, and `high` white."""
    high: float
    held_out: float
    """The share of observations that are not trained on, drawn by seed 0."""
    labels: Labels
    """What is beside them."""
    factors: str | None = None
    """The name of the factors, if it is not the usual one; so `attributes`."""
    attributes: str | None = None
    size: tuple[int, int] | None = None
    """To which the images of a folder are resized."""

    @property
    def rows(self) -> tuple[Int64[Tensor, " t"], Int64[Tensor, " h"]]:
        """The rows that are trained on and those that are held out, each in ascending order."""
        return _split(self.n, self.held_out)

    @property
    def stem(self) -> str:
        """A name for runs: that of the file, in letters that any folder's name can have."""
        letters = (c if c.isalnum() or c in "-_" else "-" for c in Path(self.path).stem.lower())
        return "".join(letters).strip("-") or "own"

    def open(self) -> OwnData:
        """Open the data again.

        Raises:
            ValueError: where they are of another shape than they were.
        """
        data = open_data(
            self.path,
            self.key or None,
            factors=self.factors,
            attributes=self.attributes,
            size=self.size,
        )
        if tuple(data.observations.shape) != (self.n, *self.shape):
            raise ValueError(
                f"{self.path} must hold {self.n} observations {self.shape}, as when it was first "
                f"looked at; got {tuple(data.observations.shape)}: train on it anew"
            )
        return data


def look_at(
    path: Path,
    key: str | None = None,
    *,
    factors: str | None = None,
    attributes: str | None = None,
    size: tuple[int, int] | None = None,
    kind: Kind | Literal["auto"] = "auto",
    normalise: Normalise = "auto",
    held_out: float = 0.1,
) -> Source:
    """Look at data of one's own, all of them once.

    Args:
        path: what `nashae_data.open_data` opens.
        key: the name of the observations; so `factors` and `attributes`.
        factors: see `open_data`.
        attributes: see `open_data`.
        size: (height, width) to which the images of a folder are resized.
        kind: of the networks, as in `nashae_core.fit`.
        normalise: as in `nashae_core.fit`.
        held_out: the share of observations that are not trained on, in [0, 1).

    Raises:
        ValueError: for data that cannot be read or trained on; says what to do.
    """
    data = open_data(path, key, factors=factors, attributes=attributes, size=size)
    source = source_of(data.observations)
    n, *shape = source.shape
    networks = architecture_for(tuple(shape), 2, kind)
    trained, _ = _split(n, held_out)
    how = NORMALISED[networks.kind] if normalise == "auto" else normalise
    by = normalisation(moments(source, trained), how, networks.channel)
    sample = np.asarray(data.observations[evenly(n, LOOKED_AT).numpy()])
    bytes_ = sample.dtype == np.uint8
    return Source(
        path=str(path.resolve()),
        key=data.key,
        n=n,
        shape=tuple(shape),
        kind=networks.kind,
        channels=networks.channels,
        normalise=how,
        mean=tuple(by.mean.flatten().tolist()),
        std=tuple(by.std.flatten().tolist()),
        low=0.0 if bytes_ else float(sample.min()),
        high=255.0 if bytes_ else float(sample.max()),
        held_out=held_out,
        labels=_labels(data),
        factors=factors,
        attributes=attributes,
        size=size,
    )


def _split(n: int, held_out: float) -> tuple[Int64[Tensor, " t"], Int64[Tensor, " h"]]:
    return split(n, held_out, torch.Generator().manual_seed(0))


def _labels(data: OwnData) -> Labels:
    if data.factors is not None:
        return "factors"
    return "none" if data.attributes is None else "attributes"
