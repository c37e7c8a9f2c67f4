"""The codes of a whole data set, made once, as a table that every metric reads."""

from collections.abc import Callable
from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor, nn

from nashae_core.observations import ObservationsLike, batches, on_device, weight_type


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
    make_codes: Callable[[Tensor], Tensor] | None = getattr(model, "encode", None)
    if make_codes is None:
        raise TypeError(f"{type(model).__name__} has no method encode(observations)")
    if batch_size < 1:
        raise ValueError(f"batch_size must be at least 1; got {batch_size}")
    device = torch.device(device)
    model.to(device).eval()
    rows = on_device(observations, device, weight_type(model))
    bounds = [*range(0, len(rows), batch_size), len(rows)]
    index = (torch.arange(a, b) for a, b in pairwise(bounds))
    return torch.cat([make_codes(batch) for batch in batches(rows, index, device)]).cpu()
