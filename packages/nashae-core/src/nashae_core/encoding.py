"""The codes of a whole data set, as one table."""

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
    """The codes of all observations, in their order, on the CPU, without gradients.

    Args:
        model: Any module with a method `encode`: NashAE (codes in (0, 1)), a VAE (posterior means),
            your own. It is moved to `device` and put into evaluation mode.
        observations: (n, ...), as for `train`.
        batch_size: Observations encoded at once.
        device: Where to encode.

    Returns:
        (n, m).

    Raises:
        ValueError: Observations that are empty, not floating point or not finite; a batch size
            below 1; a model without parameters; codes of another shape.
        TypeError: A model without `encode`; no array.

    Example:
        >>> import torch
        >>> from nashae_core import MLP, NashAE, Predictors, encode
        >>> model = NashAE(MLP((6, 3), generator=0), MLP((3, 6), generator=0),
        ...                Predictors(3, generator=0))
        >>> encode(model, torch.rand(50, 6)).shape
        torch.Size([50, 3])
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
