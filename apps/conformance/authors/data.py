"""A few observations of each data set, as input of the authors' models."""

import numpy as np
import torch
from torch import Tensor

from apps.recipes import DataName
from nashae_data import beamsynthesis, dsprites, synthetic_faces

SPRITES = 400
FACES = 60


def raw_observations(data: DataName) -> Tensor:
    """Observations before normalisation, float64: (n, 1000), or (n, channels, 64, 64)."""
    rng = np.random.default_rng(0)
    if data == "beamsynthesis":
        return torch.tensor(beamsynthesis().observations[:]).double()
    if data == "dsprites":
        images = dsprites().observations
        rows = np.sort(rng.choice(len(images), SPRITES, replace=False))
        return torch.tensor(np.asarray(images[rows])).double().reshape(SPRITES, 1, 64, 64)
    faces = torch.tensor(np.asarray(synthetic_faces(FACES, rng).observations[:]))
    return faces.permute(0, 3, 1, 2).contiguous().double() / 255
