"""Data sets of disentanglement research: arrays beside the factors that made them."""

from importlib.metadata import version

from nashae_data.files.atomic import atomic_file
from nashae_data.observations.disk import DiskImages
from nashae_data.observations.packed import PackedImages
from nashae_data.observations.protocol import Observations
from nashae_data.records.attributes import AttributeDataset
from nashae_data.records.dataset import Dataset
from nashae_data.records.provenance import Provenance
from nashae_data.sets.beamsynthesis.archive import read_beamsynthesis
from nashae_data.sets.beamsynthesis.waveforms import (
    BEAMSYNTHESIS_MEAN,
    BEAMSYNTHESIS_STD,
    beamsynthesis,
)
from nashae_data.sets.cars3d import read_cars3d
from nashae_data.sets.celeba.folder import celeba
from nashae_data.sets.dsprites.published import read_dsprites
from nashae_data.sets.dsprites.sprites import dsprites, render_sprite
from nashae_data.sets.dsprites.variants import color_dsprites, noisy_dsprites
from nashae_data.sets.faces.dataset import synthetic_faces
from nashae_data.sets.faces.tree import write_celeba_tree
from nashae_data.sets.mpi3d import read_mpi3d
from nashae_data.sets.norb import read_small_norb
from nashae_data.sets.own import ImageFolder, OwnData, open_data
from nashae_data.sets.shapes3d import read_3dshapes
from nashae_data.sheet import face_sheet, factor_sheet
from nashae_data.storage import load_dataset, save_dataset

__all__ = [
    "BEAMSYNTHESIS_MEAN",
    "BEAMSYNTHESIS_STD",
    "AttributeDataset",
    "Dataset",
    "DiskImages",
    "ImageFolder",
    "Observations",
    "OwnData",
    "PackedImages",
    "Provenance",
    "atomic_file",
    "beamsynthesis",
    "celeba",
    "color_dsprites",
    "dsprites",
    "face_sheet",
    "factor_sheet",
    "load_dataset",
    "noisy_dsprites",
    "open_data",
    "read_3dshapes",
    "read_beamsynthesis",
    "read_cars3d",
    "read_dsprites",
    "read_mpi3d",
    "read_small_norb",
    "render_sprite",
    "save_dataset",
    "synthetic_faces",
    "write_celeba_tree",
]
__version__ = version("nashae-data")
