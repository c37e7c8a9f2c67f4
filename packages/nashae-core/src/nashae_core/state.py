"""The state of a training run as tensors by name, so that it can be kept without pickle."""

from collections.abc import Mapping, Sequence
from copy import deepcopy

import torch
from torch import Tensor, nn
from torch.optim import Optimizer


def training_state(
    model: nn.Module,
    optimizers: Mapping[str, Optimizer],
    generators: Sequence[torch.Generator],
    step: int,
    records: Sequence[Mapping[str, Tensor]],
) -> dict[str, Tensor]:
    """A copy on the CPU of all that a run needs to go on after `step` steps."""
    state = {f"model/{name}": tensor for name, tensor in model.state_dict().items()}
    for player, optimizer in optimizers.items():
        for i, of_parameter in optimizer.state_dict()["state"].items():
            state |= {f"optimizer/{player}/{i}/{key}": value for key, value in of_parameter.items()}
    state |= {f"generator/{i}": g.get_state() for i, g in enumerate(generators)}
    if records:
        state |= {f"history/{name}": torch.stack([r[name] for r in records]) for name in records[0]}
    state["step"] = torch.tensor(step, device="cpu")
    # Copied, since the run goes on; a device's tensors all at once would be one copy each in any
    # case.
    return {name: tensor.detach().to("cpu", copy=True) for name, tensor in state.items()}


def restore_training_state(
    state: Mapping[str, Tensor],
    model: nn.Module,
    optimizers: Mapping[str, Optimizer],
    generators: Sequence[torch.Generator],
) -> tuple[int, list[dict[str, Tensor]]]:
    """Put a `training_state` back, in place; the steps done and the records so far.

    Raises `ValueError` where the state is of another model or other optimisers.
    """
    players = {name.split("/")[1] for name in state if name.startswith("optimizer/")}
    if not players <= optimizers.keys():
        raise ValueError(
            f"the state to resume from has the players {sorted(players)}; "
            f"this model has {sorted(optimizers)}"
        )
    try:
        model.load_state_dict(below("model", state))
        for player, optimizer in optimizers.items():
            found: dict[int, dict[str, Tensor]] = {}
            for name, value in below(f"optimizer/{player}", state).items():
                i, key = name.split("/")
                # A copy, which the optimiser will write to: a state may be resumed from twice.
                found.setdefault(int(i), {})[key] = value.clone()
            _check_optimizer(player, found, optimizer)
            fresh = optimizer.state_dict()
            optimizer.load_state_dict(fresh | {"state": fresh["state"] | found})
        for at, generator in enumerate(generators):
            generator.set_state(state[f"generator/{at}"])
        step = int(state["step"])
    except (KeyError, RuntimeError) as error:
        raise ValueError(f"the state to resume from does not fit this model: {error}") from error
    device = next(model.parameters()).device
    history = {name: tensor.to(device) for name, tensor in below("history", state).items()}
    entries = len(next(iter(history.values()))) if history else 0
    return step, [{name: t[i] for name, t in history.items()} for i in range(entries)]


def below(prefix: str, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The part of a state whose names begin with `prefix` and a slash, by the rest of them."""
    return {k.removeprefix(f"{prefix}/"): v for k, v in state.items() if k.startswith(f"{prefix}/")}


def _check_optimizer(
    player: str, found: Mapping[int, Mapping[str, Tensor]], optimizer: Optimizer
) -> None:
    # What an optimiser keeps of a parameter is known only once it has taken a step: a copy does.
    trial = deepcopy(optimizer)
    for parameter in (p for group in trial.param_groups for p in group["params"]):
        parameter.grad = torch.zeros_like(parameter)
    trial.step()
    kept = trial.state_dict()["state"]
    for i, of_parameter in found.items():
        if of_parameter.keys() != kept.get(i, {}).keys():
            raise ValueError(
                f"the state to resume from is of another optimiser for {player!r}: "
                f"it keeps {sorted(of_parameter)} of parameter {i}, "
                f"{type(optimizer).__name__} {sorted(kept.get(i, {}))}"
            )
