"""Data sets of disentanglement research: arrays beside the factors that made them."""

from importlib.metadata import version

from nashae_data.archive import read_beamsynthesis
from nashae_data.dataset import Dataset, Observations, Provenance
from nashae_data.files import load_dataset, save_dataset
from nashae_data.waveforms import BEAMSYNTHESIS_MEAN, BEAMSYNTHESIS_STD, beamsynthesis

__all__ = [
    "BEAMSYNTHESIS_MEAN",
    "BEAMSYNTHESIS_STD",
    "Dataset",
    "Observations",
    "Provenance",
    "beamsynthesis",
    "load_dataset",
    "read_beamsynthesis",
    "save_dataset",
]
__version__ = version("nashae-data")
