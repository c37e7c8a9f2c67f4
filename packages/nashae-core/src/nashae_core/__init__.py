"""NashAE: disentangled representations by adversarial covariance minimisation (ECCV 2022)."""

from importlib.metadata import version

from nashae_core.encoding import encode
from nashae_core.factors.aligning import align_axes
from nashae_core.factors.axes import Axes, AxesConfig, AxesProgress, Stage
from nashae_core.factors.count import Count, CountConfig, CountProgress, Decision
from nashae_core.factors.counting import count_factors
from nashae_core.factors.independence import dependence, redundancy
from nashae_core.factors.missing import missing_direction
from nashae_core.factors.pruning import Pruning, train_pruned
from nashae_core.factors.surgery import add_latent, remove_latents
from nashae_core.fitted.architecture import Architecture
from nashae_core.fitted.fit import fit
from nashae_core.fitted.model import FittedNashAE
from nashae_core.fitted.rows import Normalisation
from nashae_core.kernels.activations import SELU, ActivationName, selu
from nashae_core.kernels.optimizers import adagrad, adam
from nashae_core.losses import (
    covariance_loss,
    predictor_loss,
    reconstruction_loss,
    weighted_loss,
)
from nashae_core.mlp import MLP
from nashae_core.nashae import NashAE, NashAEConfig, NashAEOutput
from nashae_core.networks import conv_decoder, conv_encoder, initialise
from nashae_core.observations.access import Observations
from nashae_core.observations.images import ImageObservations, StreamedImages
from nashae_core.observations.inspection import Demands
from nashae_core.observations.packed import PackedObservations
from nashae_core.observations.streams import StreamedObservations
from nashae_core.predictors import Predictors
from nashae_core.run import History, Precision, Progress, TrainConfig
from nashae_core.stacking import train_many
from nashae_core.trainable import Batches, Trainable, Turn, Turns
from nashae_core.training import train
from nashae_core.weights import load_weights, read_tensors, save_tensors, save_weights

__version__ = version("nashae-core")

__all__ = [
    "MLP",
    "SELU",
    "ActivationName",
    "Architecture",
    "Axes",
    "AxesConfig",
    "AxesProgress",
    "Batches",
    "Count",
    "CountConfig",
    "CountProgress",
    "Decision",
    "Demands",
    "FittedNashAE",
    "History",
    "ImageObservations",
    "NashAE",
    "NashAEConfig",
    "NashAEOutput",
    "Normalisation",
    "Observations",
    "PackedObservations",
    "Precision",
    "Predictors",
    "Progress",
    "Pruning",
    "Stage",
    "StreamedImages",
    "StreamedObservations",
    "TrainConfig",
    "Trainable",
    "Turn",
    "Turns",
    "adagrad",
    "adam",
    "add_latent",
    "align_axes",
    "conv_decoder",
    "conv_encoder",
    "count_factors",
    "covariance_loss",
    "dependence",
    "encode",
    "fit",
    "initialise",
    "load_weights",
    "missing_direction",
    "predictor_loss",
    "read_tensors",
    "reconstruction_loss",
    "redundancy",
    "remove_latents",
    "save_tensors",
    "save_weights",
    "selu",
    "train",
    "train_many",
    "train_pruned",
    "weighted_loss",
]
