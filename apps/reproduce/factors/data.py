"""Data sets with a known number of factors, on which the search for that number is tested."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from apps.recipes.data_sets.beamsynthesis import normalised
from nashae_data import Dataset, beamsynthesis

NOISE = 0.3  # deviation, where that of the normalised waveforms is 1


def _duty(levels: int) -> npt.NDArray[np.float64]:
    return np.linspace(0.2, 0.8, levels + 1)[:levels]


WIDE = np.linspace(0.1, 1.0, 12)
RAMPS = np.linspace(0.05, 0.6, 6)
# Complete grids of independent factors. The first is the paper's data set.
COUNT_DATA: dict[str, Callable[[], Dataset]] = {
    "beamsynthesis": beamsynthesis,
    "15 Hz alone": lambda: beamsynthesis([15.0]),
    "one duty cycle, 120 frequencies": lambda: beamsynthesis(np.linspace(10, 20, 120), [0.5]),
    "10 frequencies": lambda: beamsynthesis(np.linspace(10, 20, 10)),
    "12 duty cycles": lambda: beamsynthesis(duty_cycles=_duty(12)),
    "480 duty cycles": lambda: beamsynthesis(duty_cycles=_duty(480)),
    "with noise": beamsynthesis,
    "15 Hz, 20 amplitudes": lambda: beamsynthesis(
        [15.0], _duty(20), amplitudes=np.linspace(0.1, 1.0, 20)
    ),
    "12 amplitudes": lambda: beamsynthesis(duty_cycles=_duty(12), amplitudes=WIDE),
    "6 ramp times": lambda: beamsynthesis(duty_cycles=_duty(24), ramp_times=RAMPS),
    "5 amplitudes, 5 ramp times": lambda: beamsynthesis(
        duty_cycles=_duty(12), amplitudes=np.linspace(0.2, 1.0, 5), ramp_times=RAMPS[1:]
    ),
}
PAPERS = "beamsynthesis"


def count_data(name: str) -> tuple[Dataset, Tensor]:
    """A data set and its observations (n, 1000) as the networks see them.

    White noise with 0.3 of the waveforms' deviation, equal at each call, is added to the noisy one.
    """
    dataset = COUNT_DATA[name]()
    x = normalised(dataset.observations).float()
    if name == "with noise":
        x += NOISE * torch.randn(x.shape, generator=torch.Generator().manual_seed(0))
    return dataset, x


def true_factors(dataset: Dataset) -> int:
    """The factors that have more than one level."""
    return sum(size > 1 for size in dataset.sizes)
