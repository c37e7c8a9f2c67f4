"""The state of a training run: typed in memory, tensors by name on disk."""

import json
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from nashae_core.descriptions import as_json, description, first_difference

# Of each player, of each of its parameters by number, what the optimiser keeps, by its name.
Moments = Mapping[str, Mapping[int, Mapping[str, Tensor]]]


@dataclass(frozen=True)
class TrainingState:
    """All that a run needs to go on after `step` steps; every tensor is on the CPU."""

    model: Mapping[str, Tensor]
    """The model's `state_dict`."""
    moments: Moments
    """What the optimisers keep."""
    generators: Sequence[Tensor]
    """The states of the generators that draw the batches, then of the one that draws the noise."""
    history: Mapping[str, Tensor]
    """Of each term its entries so far."""
    step: int
    about: Mapping[str, Any] | None = None
    """What the run is (JSON values). A run that resumes must be equal; with None nothing is
    compared."""
    objective: Tensor | None = None
    """The objective in the first step (`Objective`)."""

    @classmethod
    def of(
        cls,
        model: nn.Module,
        optimizers: Mapping[str, Optimizer],
        generators: Sequence[torch.Generator],
        records: Sequence[Mapping[str, Tensor]],
        step: int,
        about: Mapping[str, Any],
        objective: Tensor | None,
    ) -> "TrainingState":
        """A copy of what a run is at; `records` are the entries of its history."""
        terms = records[0] if records else ()
        moments = {
            player: {
                i: {key: _copied(value) for key, value in of_parameter.items()}
                for i, of_parameter in optimizer.state_dict()["state"].items()
            }
            for player, optimizer in optimizers.items()
        }
        return cls(
            _weights(model),
            moments,
            [generator.get_state() for generator in generators],
            {name: _copied(torch.stack([r[name] for r in records])) for name in terms},
            step,
            about,
            None if objective is None else _copied(objective),
        )

    def to_tensors(self, under: str = "") -> dict[str, Tensor]:
        """The state as tensors by name, as it is written to disk; names begin with `under`."""
        tensors = {f"model/{name}": tensor for name, tensor in self.model.items()}
        for player, of_player in self.moments.items():
            for i, of_parameter in of_player.items():
                tensors |= {f"optimizer/{player}/{i}/{k}": t for k, t in of_parameter.items()}
        tensors |= {f"generator/{i}": tensor for i, tensor in enumerate(self.generators)}
        tensors |= {f"history/{name}": tensor for name, tensor in self.history.items()}
        tensors["step"] = torch.tensor(self.step, device="cpu")
        if self.about is not None:
            content = [*json.dumps(self.about).encode()]
            tensors["about"] = torch.tensor(content, dtype=torch.uint8, device="cpu")
        if self.objective is not None:
            tensors["objective"] = self.objective
        return {under + name: tensor for name, tensor in tensors.items()}

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, Tensor], under: str = "") -> "TrainingState":
        """The state that `to_tensors` gave; the tensors are shared.

        Raises `ValueError` where they are no such state.
        """
        tensors = _below(under, tensors)
        moments: dict[str, dict[int, dict[str, Tensor]]] = {}
        try:
            for name, tensor in _below("optimizer/", tensors).items():
                player, i, key = name.rsplit("/", 2)
                moments.setdefault(player, {}).setdefault(int(i), {})[key] = tensor
            generators = _below("generator/", tensors)
            about = tensors.get("about")
            return cls(
                _below("model/", tensors),
                moments,
                [generators[str(i)] for i in range(len(generators))],
                _below("history/", tensors),
                int(tensors["step"]),
                None if about is None else json.loads(bytes(about.tolist())),
                tensors.get("objective"),
            )
        except (KeyError, ValueError, RuntimeError) as error:
            raise _unfit(error) from error

    def with_weights(self, model: nn.Module, moments: Moments | None = None) -> "TrainingState":
        """The state with the weights of `model`, which was made from the state's own model."""
        about = self.about
        if about is not None:
            about = {**about, "modules": description(model)["modules"]}
        moments = self.moments if moments is None else moments
        return replace(self, model=_weights(model), moments=moments, about=about)

    def restore(
        self,
        model: nn.Module,
        optimizers: Mapping[str, Optimizer],
        generators: Sequence[torch.Generator],
        about: Callable[[], Mapping[str, Any]],
    ) -> list[dict[str, Tensor]]:
        """Put the state into a run, in place; returns the entries of the history.

        Raises `ValueError` where it is of another model, other optimisers or another run than
        `about` says.
        """
        if not self.moments.keys() <= optimizers.keys():
            raise ValueError(
                f"the state to resume from has the players {sorted(self.moments)}; "
                f"this model has {sorted(optimizers)}"
            )
        try:
            for player, optimizer in optimizers.items():
                _check_optimizer(player, self.moments.get(player, {}), optimizer)
            if self.about is not None:
                _check_run(as_json(self.about), as_json(about()))
            model.load_state_dict(self.model)
            for player, optimizer in optimizers.items():
                fresh = optimizer.state_dict()
                # Copies, which the optimiser writes to: a state may be resumed from twice.
                moments = {
                    i: {key: tensor.clone() for key, tensor in of_parameter.items()}
                    for i, of_parameter in self.moments.get(player, {}).items()
                }
                optimizer.load_state_dict(fresh | {"state": fresh["state"] | moments})
            for at, generator in enumerate(generators):
                generator.set_state(self.generators[at])
        except (KeyError, IndexError, RuntimeError) as error:
            raise _unfit(error) from error
        device = next(model.parameters()).device
        history = {name: tensor.to(device) for name, tensor in self.history.items()}
        entries = len(next(iter(history.values()))) if history else 0
        return [{name: t[i] for name, t in history.items()} for i in range(entries)]


def _unfit(error: Exception) -> ValueError:
    return ValueError(f"the state to resume from does not fit this model: {error}")


def _below(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors whose names begin with `prefix`, by the rest of their names."""
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}


def _copied(tensor: Tensor) -> Tensor:
    return tensor.detach().to("cpu", copy=True)


def _weights(model: nn.Module) -> dict[str, Tensor]:
    return {name: _copied(tensor) for name, tensor in model.state_dict().items()}


def _check_run(saved: dict[str, Any], given: dict[str, Any]) -> None:
    if saved["observations"]["device"] != given["observations"]["device"]:
        # Another device rounds differently; a run may still resume there.
        for run in (saved, given):
            del run["observations"]["device"], run["observations"]["sample"]
    if different := first_difference(saved, given):
        name, before, now = different
        raise ValueError(
            f"the state to resume from is of another run: {name} is {before} there and {now} here: "
            "give what that run was given, or train from the start"
        )


def _check_optimizer(
    player: str, moments: Mapping[int, Mapping[str, Tensor]], optimizer: Optimizer
) -> None:
    # What an optimiser keeps of a parameter is known only after a step: a copy takes one.
    trial = deepcopy(optimizer)
    for parameter in (p for group in trial.param_groups for p in group["params"]):
        parameter.grad = torch.zeros_like(parameter)
    trial.step()
    expected = trial.state_dict()["state"]
    for i, of_parameter in moments.items():
        if of_parameter.keys() != expected.get(i, {}).keys():
            raise ValueError(
                f"the state to resume from is of another optimiser for {player!r}: "
                f"it keeps {sorted(of_parameter)} of parameter {i}, "
                f"{type(optimizer).__name__} {sorted(expected.get(i, {}))}"
            )
