"""Checks of a model and its data before a search trains on them."""

from copy import deepcopy
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from nashae_core.arguments import check_kind
from nashae_core.factors.layers import first_linear, last_linear
from nashae_core.nashae import NashAE
from nashae_core.observations.access import Observations

# As many observations as `missing_direction` needs.
FEWEST = 10


def check_game(model: Any, name: str = "model") -> None:
    """Raises `TypeError` where a model is no NashAE, `ValueError` where a layer is not linear."""
    check_kind(model, NashAE, name, "only a NashAE can lose latents")
    last_linear(model.encoder)
    first_linear(model.decoder)


def check_rows(observations: Observations) -> None:
    """Raises `ValueError` where there are too few observations to judge a latent by."""
    if len(observations) < FEWEST:
        raise ValueError(
            f"observations must be at least {FEWEST}, to find factors in; got {len(observations)}"
        )


@torch.no_grad()
def check_networks(model: NashAE, x: Float[Tensor, "n ..."]) -> None:
    """Raises `ValueError` where the networks do not take, or do not reconstruct, observations.

    `x` is a few of them, on the device of the training.
    """
    trial = deepcopy(model).to(x.device).eval()
    given = f"observations {tuple(x.shape[1:])}"
    try:
        reconstruction = trial.decode(trial.encode(x))
    except (ValueError, RuntimeError) as error:
        raise ValueError(f"model must have networks that take {given}; got: {error}") from error
    if reconstruction.shape != x.shape:
        raise ValueError(
            f"model must have a decoder that gives {given} back; "
            f"got {tuple(reconstruction.shape[1:])}"
        )
