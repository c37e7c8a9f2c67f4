"""What can be known of a model and its data before it is trained on them."""

from copy import deepcopy
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from nashae_core.arguments import check_kind
from nashae_core.factors.layers import first_linear, last_linear
from nashae_core.nashae import NashAE
from nashae_core.observations.access import Observations

# The observations that `missing_direction` wants.
FEWEST = 10


def check_game(model: Any, name: str = "model") -> None:
    """Raises `TypeError` where a model is no NashAE, `ValueError` for layers not linear."""
    check_kind(model, NashAE, name, "of another model no latents can be taken out")
    last_linear(model.encoder)
    first_linear(model.decoder)


def check_rows(observations: Observations) -> None:
    """Raises `ValueError` for fewer observations than a search can judge a latent by."""
    if len(observations) < FEWEST:
        raise ValueError(
            f"observations must have at least {FEWEST} rows, to find factors in; "
            f"got {len(observations)}"
        )


@torch.no_grad()
def check_networks(model: NashAE, x: Float[Tensor, "n ..."]) -> None:
    """Raises `ValueError` where the networks of a model do not take observations or give them back.

    `x`: a few of them, on the device that the model is to be trained on.
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
