"""The codes of a whole data set, made once, as a table that every metric reads."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from nashae_core.arguments import applied, check_network, on_known_device, whole
from nashae_core.observations.access import ObservationsLike, batches, on_device, weight_type


@torch.no_grad()
def encode(
    model: nn.Module,
    observations: ObservationsLike,
    *,
    batch_size: int = 1000,
    device: str | torch.device = "cpu",
) -> Float[Tensor, "n m"]:
    """Codes (n, m) of all observations (n, ...), on the CPU, in their order, without gradients.

    `model` is any module with a method `encode`: NashAE (codes in (0, 1)), a VAE (posterior mean),
    your own. It is moved to `device` and put into evaluation mode; what it encodes must be floating
    point and finite.

    `observations` are as `train` takes them.

    Raises `ValueError` for observations that are empty, not floating point or not finite, a batch
    size below 1, or a model without parameters; `TypeError` for a model without `encode`, and for
    observations that are no array.
    """
    if isinstance(model, nn.Module) and not hasattr(model, "encode"):
        raise TypeError(
            f"model must make codes; got one that cannot: {type(model).__name__} has no method "
            "encode(observations)"
        )
    check_network(model, "model")
    batch_size, device = whole(batch_size, "batch_size"), on_known_device(device)
    model.to(device).eval()
    rows = on_device(observations, device, weight_type(model))
    bounds = [*range(0, len(rows), batch_size), len(rows)]
    index = (torch.arange(a, b, device="cpu") for a, b in pairwise(bounds))
    return torch.cat([_codes(model, x) for x in batches(rows, index, device)]).cpu()


def _codes(model: nn.Module, x: Tensor) -> Float[Tensor, "batch m"]:
    encode: Callable[[Tensor], Any] = model.encode  # type: ignore[assignment]
    name = f"{type(model).__name__}.encode"
    codes = applied(encode, x, name)
    if codes.dim() != 2 or len(codes) != len(x):
        raise ValueError(
            f"model must have an encode that gives codes (batch, m); got {tuple(codes.shape)} for "
            f"observations {tuple(x.shape)}"
        )
    return codes
