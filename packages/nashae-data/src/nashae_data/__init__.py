"""Data sets of disentanglement research: arrays beside the factors that made them."""

from importlib.metadata import version

from nashae_data.archive import read_beamsynthesis
from nashae_data.attributes import AttributeDataset
from nashae_data.cars3d import read_cars3d
from nashae_data.celeba import celeba
from nashae_data.dataset import Dataset, Observations, Provenance
from nashae_data.disk import DiskImages
from nashae_data.faces import face_sheet, synthetic_faces, write_celeba_tree
from nashae_data.files import load_dataset, save_dataset
from nashae_data.mpi3d import read_mpi3d
from nashae_data.norb import read_small_norb
from nashae_data.packed import PackedImages
from nashae_data.shapes3d import read_3dshapes
from nashae_data.sheet import factor_sheet
from nashae_data.sprite_files import read_dsprites
from nashae_data.sprites import dsprites, render_sprite
from nashae_data.variants import color_dsprites, noisy_dsprites
from nashae_data.waveforms import BEAMSYNTHESIS_MEAN, BEAMSYNTHESIS_STD, beamsynthesis

__all__ = [
    "BEAMSYNTHESIS_MEAN",
    "BEAMSYNTHESIS_STD",
    "AttributeDataset",
    "Dataset",
    "DiskImages",
    "Observations",
    "PackedImages",
    "Provenance",
    "beamsynthesis",
    "celeba",
    "color_dsprites",
    "dsprites",
    "face_sheet",
    "factor_sheet",
    "load_dataset",
    "noisy_dsprites",
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
