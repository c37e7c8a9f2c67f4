"""The record of a data set: all that the apps know about it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

from torch import Tensor

from apps.recipes.inputs import Inputs
from apps.recipes.networks import Networks
from nashae_core import Observations, TrainConfig
from nashae_data import AttributeDataset, Dataset, Provenance

DataName = Literal["beamsynthesis", "dsprites", "synthetic-faces", "celeba", "own"]


@dataclass(frozen=True)
class Unlabelled:
    """Observations without factors or attributes."""

    observations: Any
    provenance: Provenance
    names: tuple[str, ...] = ()


AnyDataset = Dataset | AttributeDataset | Unlabelled
# Called with the number of faces that are done and the number of all.
OnFaces = Callable[[int, int], object]


class Setting(NamedTuple):
    """The settings of a method on a data set, and a note on where they come from."""

    config: Any
    note: str


@dataclass(frozen=True)
class DataSet:
    """A data set: how it is loaded, how networks see it, and how methods are trained on it."""

    name: DataName
    title: str
    """The name as text has it."""
    load: Callable[[Path, OnFaces | None], AnyDataset]
    """Computes the data, or reads them from a folder; calls back while faces are made."""
    observations: int
    """n, their number."""
    inputs: Inputs
    networks: Networks
    latents: int
    """m of its recipes."""
    train: TrainConfig
    """Training of its recipes, whatever the method."""
    settings: tuple[Setting, ...]
    """One for each of its recipes."""
    kept: tuple[str, ...] = ()
    """Which arrays of the loaded data set a run folder keeps beside the codes."""
    on_disk: bool = False
    """Whether it is read from disk: a run's record then names its source."""
    made_by: Callable[[], Mapping[str, str]] = dict
    """What else decides the observations; another value makes their runs stale."""
    trained: Callable[[Any, str], Tensor | Observations] | None = None
    """The inputs that are trained on; None for all of `inputs.of`."""
    table: str = ""
    """The table whose published rows say how long its runs take."""

    def input_scale(self) -> dict[str, Any]:
        """What decides the networks' inputs, as a run folder keeps it."""
        return {**self.inputs.scale, **self.made_by()}
