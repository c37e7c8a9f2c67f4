"""The data sets of the recipes, and how the networks see them."""

from collections.abc import Callable
from typing import Literal, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from nashae_core import PackedObservations
from nashae_data import BEAMSYNTHESIS_MEAN, BEAMSYNTHESIS_STD, Dataset, beamsynthesis, dsprites

DataName = Literal["beamsynthesis", "dsprites"]

# Both are computed: no file is read.
DATA_SETS: dict[DataName, Callable[[], Dataset]] = {
    "beamsynthesis": beamsynthesis,
    "dsprites": dsprites,
}


class _HasData(Protocol):
    @property
    def data(self) -> DataName: ...


@runtime_checkable
class _Packed(Protocol):
    @property
    def packed(self) -> npt.NDArray[np.uint8]: ...


def load_data(recipe: _HasData) -> Dataset:
    """The data set of a recipe."""
    return DATA_SETS[recipe.data]()


def network_inputs(dataset: Dataset) -> Tensor | PackedObservations:
    """The observations as the networks see them.

    Packed images stay packed, and are raw: 0 and 1 of each pixel, flat. All others are waveforms
    (n, samples), normalised.
    """
    if isinstance(dataset.observations, _Packed):
        return PackedObservations(dataset.observations.packed)
    return normalise(torch.tensor(dataset.observations[:]))


def normalise(observations: Tensor) -> Tensor:
    """Beamsynthesis as the networks see it, by the authors' mean and deviation."""
    return (observations - BEAMSYNTHESIS_MEAN) / BEAMSYNTHESIS_STD


def denormalise(observations: Tensor) -> Tensor:
    """The inverse of `normalise`."""
    return observations * BEAMSYNTHESIS_STD + BEAMSYNTHESIS_MEAN
