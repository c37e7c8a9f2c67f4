"""Latents taken out of a NashAE and put into it while it is trained, the rest going on as it was.

A run is cut into calls of `train`; between two of them these functions change the model together
with the state that the next call resumes from. What stays keeps its weights and its optimisers'
moments, bit for bit.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor, nn

from nashae_core.arguments import check_kind, seeded, whole_numbers
from nashae_core.mlp import MLP
from nashae_core.nashae import NashAE
from nashae_core.observations.arrays import NumbersLike, as_tensor
from nashae_core.state import as_another

State = Mapping[str, Tensor]
# Codes that are nearer to 0 or 1 are taken to be at this distance.
SATURATED = 1e-6


@torch.no_grad()
def remove_latents(
    model: NashAE,
    latents: Sequence[int],
    values: Float[Tensor, " m"] | NumbersLike,
    state: State | None = None,
) -> tuple[NashAE, dict[str, Tensor]]:
    """A copy of `model` without some latents, and of the `state` to resume it from.

    - `latents`: their numbers in 0 ... m − 1, each once, and not all. Those of the others move up.
    - `values`: (m,) the codes at which the removed latents are held from now on, such as their
      means. What they contribute there goes into the decoder's first bias and into the predictors',
      so that no output changes where a removed latent has its value.
    - `state`: a `Progress.state()` of `model`; without one the state that is returned is empty.

    Raises `ValueError` for latents that are none, all, repeated or out of range, values that are
    not (m,) and finite, and where the encoder's last layer or the decoder's first is not linear, or
    a bias is missing there; `TypeError` where `model` is no NashAE or the others no numbers.
    """
    check_kind(model, NashAE, "model", "give a NashAE")
    m = model.predictors.latents
    latents = whole_numbers(latents, "latents")
    gone = sorted(latents)
    if not gone or len(set(gone)) < len(gone) or not 0 <= gone[0] <= gone[-1] < m or len(gone) == m:
        raise ValueError(
            f"latents must be some of 0 ... {m - 1}, each once, and not all; got {list(latents)}"
        )
    values = as_tensor(values, "values")
    numbers = not values.is_complex() and values.dtype != torch.bool
    if values.shape != (m,) or not numbers or not torch.isfinite(values).all():
        raise ValueError(
            f"values must be ({m},), one finite number a latent; got {tuple(values.shape)}"
            f"{'' if values.shape != (m,) else f' {values.tolist()}'}"
        )
    smaller = deepcopy(model)
    predictors, (weight, bias) = smaller.predictors, first_linear(smaller.decoder)
    held = values.to(weight)[gone]
    bias.add_(weight[:, gone] @ held)
    seen = torch.einsum("nih,i->nh", predictors.weight1[:, gone], held)
    predictors.bias1.add_(seen[:, None])
    keep = torch.tensor([i for i in range(m) if i not in gone], device="cpu")

    def cut(tensor: Tensor, dim: int) -> Tensor:
        return tensor.index_select(dim, keep.to(tensor.device))

    moments = _changed(smaller, len(keep), cut, state)
    return smaller, _state(smaller, moments, state)


@torch.no_grad()
def add_latent(
    model: NashAE,
    generator: torch.Generator | int,
    state: State | None = None,
    row: tuple[Float[Tensor, " hidden"], Float[Tensor, ""]] | None = None,
) -> tuple[NashAE, dict[str, Tensor]]:
    """A copy of `model` with one latent more, its last, and of the `state` to resume it from.

    Its predictor, and its row of the encoder where that is not given, are drawn from `generator`,
    as fresh ones are, also where that is on another device than the model. Its column of the
    decoder, and the weights through which the other predictors see it, are zero, so that no output
    changes. Its moments are zero.

    - `state`: as in `remove_latents`.
    - `row`: weight and bias, such as `missing_direction` gives.

    Raises `ValueError` for a row of another shape, and where the encoder's last layer or the
    decoder's first is not linear, or a bias is missing there; `TypeError` where `model` is no
    NashAE.
    """
    check_kind(model, NashAE, "model", "give a NashAE")
    generator = seeded(generator, model.predictors.weight1.device)
    larger, m = deepcopy(model), model.predictors.latents

    def extended(tensor: Tensor, dim: int) -> Tensor:
        one = list(tensor.shape)
        one[dim] = 1
        return torch.cat([tensor, tensor.new_zeros(one)], dim)

    moments = _changed(larger, m + 1, extended, state)
    # Only now is there room for what is drawn.
    weight, bias = last_linear(larger.encoder)
    if row is None:
        inputs = weight.shape[1]
        bound = 1 / math.sqrt(inputs)
        empty = partial(torch.empty, dtype=weight.dtype, device=generator.device)
        row = (
            nn.init.normal_(empty(inputs), std=bound, generator=generator),
            nn.init.uniform_(empty(1), -bound, bound, generator=generator)[0],
        )
    given = [as_tensor(part, "row") for part in row]
    if [tuple(part.shape) for part in given] != [weight.shape[1:], ()]:
        raise ValueError(
            f"row must be a weight ({weight.shape[1]},) and a bias (); got "
            f"{', '.join(str(tuple(part.shape)) for part in given)}: see missing_direction"
        )
    weight[m], bias[m] = (part.to(weight) for part in given)
    fresh = type(model.predictors)(m + 1, model.predictors.hidden, generator=generator)
    for name, parameter in larger.predictors.named_parameters():
        parameter[m] = fresh.get_parameter(name)[m].to(parameter)
    return larger, _state(larger, moments, state)


@torch.no_grad()
def fold_latent(
    model: NashAE,
    latent: int,
    into: int,
    share: float,
    codes: Float[Tensor, "n m"],
    state: State | None = None,
) -> tuple[NashAE, dict[str, Tensor]]:
    """A copy of `model` in which one latent carries another besides, and the other is removed.

    To the logit of `into` goes `share` times that of `latent` less its mean; then `latent` is
    removed at its mean.

    - `codes`: (n, m) those of the data, from which the means are taken.
    - `state`: as in `remove_latents`.

    Raises `ValueError` where `into` is `latent` or no latent, and as `remove_latents` does.
    """
    m = model.predictors.latents
    if into == latent or not 0 <= into < m:
        raise ValueError(f"into must be one of 0 ... {m - 1} other than {latent}; got {into}")
    folded = deepcopy(model)
    weight, bias = last_linear(folded.encoder)
    mean = torch.logit(codes[:, latent].double(), eps=SATURATED).mean().to(bias)
    weight[into] += share * weight[latent]
    bias[into] += share * (bias[latent] - mean)
    return remove_latents(folded, [latent], codes.mean(0), state)


def with_weights(model: NashAE, state: State) -> dict[str, Tensor]:
    """`state` with the weights of `model` in place of its own."""
    return _state(model, {}, state)


def resized_like(model: NashAE, state: State) -> NashAE:
    """`model`, or a copy, with as many latents as `state` is of a model with; weights yet to load.

    Raises `ValueError` where the state is of no NashAE, and as `remove_latents` does.
    """
    if "model/predictors.weight1" not in state:
        raise ValueError("the state to resume from is not of a NashAE")
    m, wanted = model.predictors.latents, state["model/predictors.weight1"].shape[1]
    for _ in range(m, wanted):
        model, _ = add_latent(model, torch.Generator(model.predictors.weight1.device))
    if wanted < m:
        model, _ = remove_latents(model, range(wanted, m), torch.zeros(m, device="cpu"))
    return model


def last_linear(network: nn.Module) -> tuple[Tensor, Tensor]:
    """The weight (outputs, inputs) and bias of the layer that makes a network's output.

    Raises `ValueError` where that is no linear layer with a bias.
    """
    return _linear(network, -1)


def first_linear(network: nn.Module) -> tuple[Tensor, Tensor]:
    """The weight (outputs, inputs) and bias of the layer that a network's input meets first.

    Raises `ValueError` where that is no linear layer with a bias.
    """
    return _linear(network, 0)


def _linear(network: nn.Module, end: int) -> tuple[Tensor, Tensor]:
    layer = _layer(network, end)
    if isinstance(layer, MLP):
        return layer.weights[end], layer.biases[end]
    if isinstance(layer, nn.Linear) and layer.bias is not None:
        return layer.weight, layer.bias
    which = "first" if end == 0 else "last"
    raise ValueError(
        f"the {which} layer of {type(network).__name__} is {type(layer).__name__}: latents are "
        "taken out and put in where it is an nn.Linear with a bias, as in MLP or nn.Sequential"
    )


def _layer(network: nn.Module, end: int) -> nn.Module:
    """The first (0) or the last (−1) layer of a network."""
    while isinstance(network, nn.Sequential) and len(network):
        network = network[end]
    return network


def _changed(
    model: NashAE, m: int, change: Callable[[Tensor, int], Tensor], state: State | None
) -> dict[str, Tensor]:
    """Change every tensor that counts latents, of the model and of the state, in those dimensions.

    Returns the state's moments; the model is changed in place.
    """
    dims = _latent_dims(model)
    moments = {} if state is None else _moments(model, dims, change, state)
    for name, parameter in model.named_parameters():
        for dim in dims.get(name, ()):
            parameter.data = change(parameter.data, dim)
    _tell_sizes(model, m)
    return moments


def _latent_dims(model: NashAE) -> dict[str, tuple[int, ...]]:
    """The dimensions of each parameter that count latents."""
    of: dict[int, tuple[int, ...]] = {}
    for p in (*last_linear(model.encoder), *model.predictors.parameters()):
        of[id(p)] = (0,)
    of[id(model.predictors.weight1)] = (0, 1)
    of[id(first_linear(model.decoder)[0])] = (1,)
    return {name: of[id(p)] for name, p in model.named_parameters() if id(p) in of}


def _moments(
    model: NashAE,
    dims: Mapping[str, tuple[int, ...]],
    change: Callable[[Tensor, int], Tensor],
    state: State,
) -> dict[str, Tensor]:
    names = {id(p): name for name, p in model.named_parameters()}
    changed = {}
    for player, optimizer in model.optimizers().items():
        parameters = [p for group in optimizer.param_groups for p in group["params"]]
        for i, parameter in enumerate(parameters):
            for key in [k for k in state if k.startswith(f"optimizer/{player}/{i}/")]:
                moment = state[key]
                if moment.dim():  # the number of steps has none
                    for dim in dims.get(names[id(parameter)], ()):
                        moment = change(moment, dim)
                changed[key] = moment
    return changed


def _tell_sizes(model: NashAE, m: int) -> None:
    """What layers say of themselves."""
    model.predictors.latents = m
    model.predictors._kept_room = None
    for network, end in ((model.encoder, -1), (model.decoder, 0)):
        layer = _layer(network, end)
        if isinstance(layer, MLP):
            sizes = list(layer.sizes)
            sizes[end] = m
            layer.sizes = tuple(sizes)
        elif isinstance(layer, nn.Linear):
            setattr(layer, "out_features" if end else "in_features", m)


def _state(model: NashAE, moments: State, state: State | None) -> dict[str, Tensor]:
    """The state with what has become of the model and of the moments."""
    if state is None:
        return {}
    weights = {
        f"model/{name}": tensor.detach().to("cpu", copy=True)
        for name, tensor in model.state_dict().items()
    }
    return {**as_another(state, model), **moments, **weights}
