"""The state of a training run as tensors by name, so that it can be kept without pickle."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from nashae_core.descriptions import as_json, description, first_difference
from nashae_core.observations.access import Observations, batches, evenly

# The entry of a state that says what its run is: JSON, as bytes.
ABOUT = "about"


def training_state(
    model: nn.Module,
    optimizers: Mapping[str, Optimizer],
    generators: Sequence[torch.Generator],
    step: int,
    records: Sequence[Mapping[str, Tensor]],
    about: Mapping[str, Any],
) -> dict[str, Tensor]:
    """A copy on the CPU of all that a run needs to go on after `step` steps.

    `about` says what the run is: what has to be equal in one that goes on from here.
    """
    state = {f"model/{name}": tensor for name, tensor in model.state_dict().items()}
    for player, optimizer in optimizers.items():
        for i, of_parameter in optimizer.state_dict()["state"].items():
            state |= {f"optimizer/{player}/{i}/{key}": value for key, value in of_parameter.items()}
    state |= {f"generator/{i}": g.get_state() for i, g in enumerate(generators)}
    if records:
        state |= {f"history/{name}": torch.stack([r[name] for r in records]) for name in records[0]}
    state["step"] = torch.tensor(step, device="cpu")
    state[ABOUT] = _written(about)
    # Copied, since the run goes on; a device's tensors all at once would be one copy each in any
    # case.
    return {name: tensor.detach().to("cpu", copy=True) for name, tensor in state.items()}


def restore_training_state(
    state: Mapping[str, Tensor],
    model: nn.Module,
    optimizers: Mapping[str, Optimizer],
    generators: Sequence[torch.Generator],
    about: Callable[[], Mapping[str, Any]],
) -> tuple[int, list[dict[str, Tensor]]]:
    """Put a `training_state` back, in place; the steps done and the records so far.

    `about` says what this run is; a state that does not say it of its own is not compared.

    Raises `ValueError` where the state is of another model, other optimisers or another run.
    """
    players = {name.split("/")[1] for name in state if name.startswith("optimizer/")}
    if not players <= optimizers.keys():
        raise ValueError(
            f"the state to resume from has the players {sorted(players)}; "
            f"this model has {sorted(optimizers)}"
        )
    try:
        moments = {player: _moments(player, state) for player in optimizers}
        for player, optimizer in optimizers.items():
            _check_optimizer(player, moments[player], optimizer)
        if ABOUT in state:
            _check_run(_read(state[ABOUT]), as_json(about()))
        model.load_state_dict(below("model", state))
        for player, optimizer in optimizers.items():
            fresh = optimizer.state_dict()
            optimizer.load_state_dict(fresh | {"state": fresh["state"] | moments[player]})
        for at, generator in enumerate(generators):
            generator.set_state(state[f"generator/{at}"])
        step = int(state["step"])
    except (KeyError, RuntimeError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ValueError(f"the state to resume from does not fit this model: {error}") from error
    device = next(model.parameters()).device
    history = {name: tensor.to(device) for name, tensor in below("history", state).items()}
    entries = len(next(iter(history.values()))) if history else 0
    return step, [{name: t[i] for name, t in history.items()} for i in range(entries)]


def evenly_spaced(rows: Tensor | Observations, most: int, device: torch.device) -> Tensor:
    """At most so many of the observations, the first and the last among them."""
    return next(iter(batches(rows, evenly(len(rows), most)[None], device)))


def fingerprint(sample: Tensor, rows: int) -> dict[str, object]:
    """What tells observations from others: how many, of what shape and type, a digest of some."""
    content = sample.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy()
    return {
        "rows": rows,
        "shape": list(sample.shape[1:]),
        "dtype": str(sample.dtype),
        "device": sample.device.type,
        "sample": hashlib.sha256(content).hexdigest()[:16],  # type: ignore[arg-type]
    }


def as_another(state: Mapping[str, Tensor], model: nn.Module) -> dict[str, Tensor]:
    """A state that `model` goes on from, which has come of the state's own model."""
    if ABOUT not in state:
        return dict(state)
    modules = description(model)["modules"]
    return {**state, ABOUT: _written(_read(state[ABOUT]) | {"modules": modules})}


def without_about(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A state that a run goes on from which is another on purpose."""
    return {name: tensor for name, tensor in state.items() if name != ABOUT}


def below(prefix: str, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The part of a state whose names begin with `prefix` and a slash, by the rest of them."""
    return {k.removeprefix(f"{prefix}/"): v for k, v in state.items() if k.startswith(f"{prefix}/")}


def _written(about: Mapping[str, Any]) -> Tensor:
    return torch.tensor([*json.dumps(about).encode()], dtype=torch.uint8, device="cpu")


def _read(about: Tensor) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(bytes(about.tolist()))
    return read


def _moments(player: str, state: Mapping[str, Tensor]) -> dict[int, dict[str, Tensor]]:
    found: dict[int, dict[str, Tensor]] = {}
    for name, value in below(f"optimizer/{player}", state).items():
        i, key = name.split("/")
        # A copy, which the optimiser will write to: a state may be resumed from twice.
        found.setdefault(int(i), {})[key] = value.clone()
    return found


def _check_run(kept: dict[str, Any], given: dict[str, Any]) -> None:
    if kept["observations"]["device"] != given["observations"]["device"]:
        # Another device rounds otherwise, and a run may go on there.
        for run in (kept, given):
            del run["observations"]["device"], run["observations"]["sample"]
    different = first_difference(kept, given)
    if different:
        name, before, now = different
        raise ValueError(
            f"the state to resume from is of another run: {name} is {before} there and {now} here: "
            "give what that run was given, or train from the start"
        )


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
