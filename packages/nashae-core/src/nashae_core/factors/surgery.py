"""Remove latents from a NashAE, or add one, while it is trained."""

from collections.abc import Mapping, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from nashae_core.arguments import check_kind, seeded, whole_numbers
from nashae_core.factors.fork import Fork
from nashae_core.factors.layers import last_linear
from nashae_core.nashae import NashAE
from nashae_core.observations.arrays import NumbersLike, as_tensor
from nashae_core.state import TrainingState


def remove_latents(
    model: NashAE,
    latents: Sequence[int],
    values: Float[Tensor, " m"] | NumbersLike,
    state: Mapping[str, Tensor] | None = None,
) -> tuple[NashAE, dict[str, Tensor]]:
    """A copy of `model` without some latents, and of the `state` to resume it from.

    What a removed latent contributes at its value goes into the decoder's first bias and into the
    predictors' first biases, so no output changes where the latent has that value. All other
    weights, and the optimisers' moments, keep their bits.

    Args:
        model: Its encoder ends, and its decoder begins, with a linear layer with a bias.
        latents: Indices in 0 ... m − 1, each once, not all. Higher ones move up.
        values: (m,), the codes at which the removed latents are held, such as their means.
        state: A `Progress.state()` of `model`.

    Returns:
        The model, and the state to train it on from: {} if none was given.

    Raises:
        ValueError: Latents that are none, all, repeated or out of range; values that are not (m,)
            and finite; networks without such layers.
        TypeError: `model` is no NashAE; latents or values that are no numbers.

    Example:
        >>> from nashae_core import MLP, NashAE, Predictors, remove_latents
        >>> model = NashAE(MLP((6, 3), generator=0), MLP((3, 6), generator=0),
        ...                Predictors(3, generator=0))
        >>> smaller, _ = remove_latents(model, [2], values=[0.5, 0.5, 0.5])
        >>> smaller.predictors.latents
        2
    """
    check_kind(model, NashAE, "model", "give a NashAE")
    m = model.predictors.latents
    latents = whole_numbers(latents, "latents")
    if not 0 < len(set(latents)) == len(latents) < m or not 0 <= min(latents) <= max(latents) < m:
        raise ValueError(
            f"latents must be some of 0 ... {m - 1}, each once, and not all; got {latents}"
        )
    values = as_tensor(values, "values")
    numbers = not values.is_complex() and values.dtype != torch.bool
    if values.shape != (m,) or not numbers or not torch.isfinite(values).all():
        raise ValueError(
            f"values must be ({m},), one finite number for each latent; got {tuple(values.shape)}"
            f"{'' if values.shape != (m,) else f' {values.tolist()}'}"
        )
    return _as_tensors(_fork(model, state).without(latents, values))


def add_latent(
    model: NashAE,
    generator: torch.Generator | int,
    state: Mapping[str, Tensor] | None = None,
    row: tuple[Float[Tensor, " hidden"], Float[Tensor, ""]] | None = None,
) -> tuple[NashAE, dict[str, Tensor]]:
    """A copy of `model` with one latent more, its last, and of the `state` to resume it from.

    The new column of the decoder, and the weights through which the other predictors see the new
    latent, are zero, so no output changes. Its moments are zero.

    Args:
        model: Its encoder ends, and its decoder begins, with a linear layer with a bias.
        generator: Draws the new predictor, and the encoder's row if none is given, as fresh ones
            are drawn; an int seeds one. It may be on another device than the model.
        state: A `Progress.state()` of `model`.
        row: The weight (hidden,) and the bias () of the encoder's last layer for the new latent,
            such as `missing_direction` gives.

    Returns:
        The model, and the state to train it on from: {} if none was given.

    Raises:
        ValueError: A row of another shape; networks without such layers.
        TypeError: `model` is no NashAE.

    Example:
        >>> from nashae_core import MLP, NashAE, Predictors, add_latent
        >>> model = NashAE(MLP((6, 3), generator=0), MLP((3, 6), generator=0),
        ...                Predictors(3, generator=0))
        >>> larger, _ = add_latent(model, generator=1)
        >>> larger.predictors.latents
        4
    """
    check_kind(model, NashAE, "model", "give a NashAE")
    generator = seeded(generator, model.predictors.weight1.device)
    if row is not None:
        row = _checked(row, last_linear(model.encoder)[0].shape[1])
    return _as_tensors(_fork(model, state).with_latent(generator, row))


def _checked(row: Sequence[NumbersLike], inputs: int) -> tuple[Tensor, Tensor]:
    """A weight (inputs,) and a bias ()."""
    parts = [as_tensor(part, "row") for part in row]
    if [tuple(part.shape) for part in parts] != [(inputs,), ()]:
        raise ValueError(
            f"row must be a weight ({inputs},) and a bias (); got "
            f"{', '.join(str(tuple(part.shape)) for part in parts)}: see missing_direction"
        )
    weight, bias = parts
    return weight, bias


def _fork(model: NashAE, state: Mapping[str, Tensor] | None) -> Fork:
    return Fork(model, None if state is None else TrainingState.from_tensors(state))


def _as_tensors(fork: Fork) -> tuple[NashAE, dict[str, Tensor]]:
    return fork.model, {} if fork.state is None else fork.state.to_tensors()
