"""One loop that trains any model whose step is a sequence of turns."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Literal, NamedTuple

import torch
from jaxtyping import Int64
from torch import Tensor, nn
from torch.optim import Optimizer

from nashae_core.arguments import check_kind, on_known_device, seeded, whole
from nashae_core.arrays import described
from nashae_core.denormals import flushed_denormals
from nashae_core.objective import Objective
from nashae_core.observations import ObservationsLike, batches, on_device, weight_type
from nashae_core.state import restore_training_state, training_state

Precision = Literal["float32", "bfloat16"]


class Turn(NamedTuple):
    """One player's move within a step: `player` lowers `loss` by one step of its optimiser.

    `terms` are what the history shall keep, each a detached number (or one a run). `gradients` are
    those of `loss` in the player's parameters, in their order, where the model has worked them out
    itself; `loss` is then not looked at.
    """

    player: str
    loss: Tensor
    terms: Mapping[str, Tensor]
    gradients: Sequence[Tensor] | None = None


class Trainable(nn.Module, ABC):
    """What `train` asks of a model: its optimisers by player, and the turns of a step.

    A model with one loss has one player and one turn; NashAE has its predictors and its
    autoencoder, FactorVAE its autoencoder and its discriminator.
    """

    batches_per_step: int = 1
    objective: str | None = None
    """The term of the history that a run has to end lower than it began. None: the loss of the only
    player, and nothing of a game."""

    @abstractmethod
    def optimizers(self) -> Mapping[str, Optimizer]:
        """A fresh optimiser for each player, over that player's parameters alone."""

    @abstractmethod
    def turns(
        self, batches: Sequence[Tensor], step: int, generator: torch.Generator
    ) -> Iterator[Turn]:
        """The turns of step number `step` (from 0) on `batches_per_step` batches of observations.

        A turn is taken before the next one is asked for. Noise is drawn from `generator`, which is
        on the device of the model.
        """


@dataclass(frozen=True)
class TrainConfig:
    """How long and in what pieces to train. The defaults are the authors' for Beamsynthesis."""

    steps: int = 1000
    """Steps, each on fresh batches."""
    batch_size: int = 100
    """Observations a batch, drawn with replacement."""
    record_every: int = 10
    """Steps that one entry of the history averages, and between two calls of `on_record`."""
    precision: Precision = "float32"
    """bfloat16: the losses are computed under autocast; weights and optimisers stay float32."""
    channels_last: bool = False
    """Convolutions' weights lie in memory as tensor cores want them; no result depends on it but by
    rounding."""

    def __post_init__(self) -> None:
        for name in ("steps", "batch_size", "record_every"):
            whole(getattr(self, name), name)
        if self.precision not in ("float32", "bfloat16"):
            raise ValueError(f"precision must be float32 or bfloat16; got {self.precision!r}")


@dataclass(frozen=True)
class History:
    """What was lowered and how far, in k entries.

    `steps` (k,) counts the steps done; `terms` maps names to numbers (k,), or (k, runs).

    An entry is the mean over the steps since the entry before. All tensors are on the CPU.
    """

    steps: Tensor
    terms: Mapping[str, Tensor]


class Progress(NamedTuple):
    """What `on_record` is told: steps done, steps in all, the newest entry of the history.

    `terms` are still on the model's device, so reading one waits for it. `state()` copies all that
    a run needs to go on: weights, optimisers, generators and history, as tensors by name.
    """

    step: int
    steps: int
    terms: Mapping[str, Tensor]
    state: Callable[[], dict[str, Tensor]]


@flushed_denormals()
def train(
    model: Trainable,
    observations: ObservationsLike,
    config: TrainConfig,
    generator: torch.Generator | int | Sequence[torch.Generator | int],
    *,
    device: str | torch.device = "cpu",
    resume: Mapping[str, Tensor] | None = None,
    on_record: Callable[[Progress], None] | None = None,
) -> History:
    """Train `model` in place and return its history.

    - `observations`: (n, ...) floating point. A tensor, an array, a data frame, a list, or
      `PackedObservations` or `ImageObservations`: moved to `device` whole. A memory map, an HDF5
      data set or anything else with `shape`, `dtype` and `[index]`, or `StreamedImages`: read batch
      by batch, ahead (`StreamedObservations`). Any other `Observations`: asked for rows by an index
      on `device`.
    - `generator`: draws the batches, with replacement, and the seed of the model's own noise; an
      int seeds one. A sequence of them, one a run, for models that are trained side by side
      (`nashae_core.stack`).
    - `resume`: a `Progress.state()` of an earlier call with equal arguments. The run goes on from
      there and ends with the bits of a run that was not interrupted (same machine, CPU; layers that
      draw from PyTorch's global generator, such as dropout, excepted).
    - `on_record`: called every `config.record_every` steps.

    Parameters that do not require a gradient keep their values, and a module all of whose
    parameters are such is in evaluation mode, so that its running statistics stay as well. A player
    all of whose parameters are such skips its turns; its terms are reported all the same.

    Denormal numbers are taken for 0 while it lasts, by the calling thread.

    The loop itself never waits for the device between two records, so a run that diverges goes on
    and is found out at the end.

    Warns (`UserWarning`) where `model.objective` has ended at more than one and a half times what
    it was in the first step.

    Raises `TypeError` for observations that are no array; `ValueError` for such as are empty, not
    floating point, sparse, masked or (streamed ones when they are read) not finite, a model
    of which no parameter requires a gradient, a loss on which no such parameter of its player has
    an effect, an empty sequence of generators, and a state that does not fit the model;
    `FloatingPointError` at the end, where a term of the history is not finite.
    """
    check_kind(model, Trainable, "model", "give a model to train, such as NashAE(...)")
    check_kind(config, TrainConfig, "config", "give TrainConfig(...)")
    if on_record is not None and not callable(on_record):
        raise TypeError(f"on_record must be a function; got {described(on_record)}: give one")
    stacked = isinstance(generator, list | tuple)
    draws = [seeded(g) for g in (generator if isinstance(generator, list | tuple) else [generator])]
    if not draws:
        raise ValueError("generator is an empty sequence: give one generator, or one for each run")
    device = on_known_device(device)
    _set_training(model.to(device))
    if config.channels_last:
        model.to(memory_format=torch.channels_last)
    rows = on_device(observations, device, weight_type(model))
    # One seed from each, whichever is used, so that a run is the same alone and beside others.
    noise_seed, *_ = [int(_draw(2**62, (), g)) for g in draws]
    noise = torch.Generator(device).manual_seed(noise_seed)
    optimizers = model.optimizers()
    generators = [*draws, noise]
    shape = (model.batches_per_step, config.batch_size)
    done, records = 0, list[dict[str, Tensor]]()
    objective = Objective(model.objective, len(optimizers), resume)
    if resume is not None:
        done, records = restore_training_state(resume, model, optimizers, generators)
        steps = _steps(config)
        if len(records) > len(steps) or int(steps[len(records) - 1]) != done:
            raise ValueError(
                f"the state to resume from, {done} steps in {len(records)} entries of the history, "
                f"is of a run with another record_every than {config.record_every} "
                f"or beyond steps={config.steps}"
            )

    def state() -> dict[str, Tensor]:
        of_run = training_state(model, optimizers, generators, done, records)
        return of_run | objective.state()

    autocast = _autocast(device, config.precision)
    while done < config.steps:
        block = range(done, min(done + config.record_every, config.steps))
        # Of the whole block at once, so that they can be read ahead.
        index = torch.stack([_draw(len(rows), (len(block), *shape), g) for g in draws], -2)
        index = (index if stacked else index.squeeze(-2)).flatten(0, 1)
        drawn = batches(rows, index, device)
        taken = [
            _step(
                model.turns([next(drawn) for _ in range(shape[0])], step, noise),
                optimizers,
                autocast,
            )
            for step in block
        ]
        done = block.stop
        terms = [terms for terms, _ in taken]
        records.append({name: torch.stack([t[name] for t in terms]).mean(0) for name in terms[0]})
        objective.note(taken)
        if on_record is not None:
            on_record(Progress(done, config.steps, records[-1], state))
    model.eval()
    history = _history(records, config)
    objective.warn_of_rise()
    return history


def _set_training(model: nn.Module) -> None:
    """Training mode for what is trained: a network that is frozen whole keeps its statistics."""
    number = sum(1 for _ in model.parameters())
    if number and not any(p.requires_grad for p in model.parameters()):
        raise ValueError(
            f"{type(model).__name__} must have a parameter that requires a gradient; got none of "
            f"{number}: call requires_grad_(True) on the networks that are to be trained"
        )
    model.train()
    for module in model.modules():
        wanted = [p.requires_grad for p in module.parameters()]
        if wanted and not any(wanted):
            module.eval()


def _step(
    turns: Iterator[Turn],
    optimizers: Mapping[str, Optimizer],
    autocast: Callable[[], AbstractContextManager[object]],
) -> tuple[dict[str, Tensor], Tensor | None]:
    """Take every turn of a step; the terms that they report, and the last loss to be lowered."""
    terms, loss = dict[str, Tensor](), None
    while True:
        with autocast():  # not around the backward pass, where it has no business
            turn = next(turns, None)
        if turn is None:
            return terms, loss
        if turn.player not in optimizers:
            raise ValueError(
                f"no optimiser for player {turn.player!r}; there are {sorted(optimizers)}"
            )
        optimizer = optimizers[turn.player]
        parameters = [p for group in optimizer.param_groups for p in group["params"]]
        moving = [p for p in parameters if p.requires_grad]
        if turn.gradients is None:
            loss = turn.loss.detach().clone()  # it may be a parameter, which will move
        if turn.gradients is not None:
            for parameter, gradient in zip(parameters, turn.gradients, strict=True):
                parameter.grad = gradient if parameter.requires_grad else None
        elif moving and not turn.loss.requires_grad:
            raise ValueError(
                f"the loss of player {turn.player!r} must depend on its parameters; got one that "
                f"depends on none of the {len(moving)} that require a gradient: look for a "
                "detach() or no_grad() on the way, or freeze them too"
            )
        elif moving:
            optimizer.zero_grad()
            turn.loss.backward(inputs=moving)  # type: ignore[no-untyped-call]
        if moving:
            optimizer.step()
        terms.update(turn.terms)


def _draw(n: int, shape: tuple[int, ...], generator: torch.Generator) -> Int64[Tensor, "*shape"]:
    return torch.randint(n, shape, generator=generator, device=generator.device)


def _autocast(device: torch.device, precision: str) -> Callable[[], AbstractContextManager[object]]:
    if precision == "float32":
        return nullcontext
    return partial(torch.autocast, device.type, dtype=torch.bfloat16)


def _steps(config: TrainConfig) -> Int64[Tensor, "k"]:
    """The steps done at each entry of the history."""
    every = config.record_every
    return torch.arange(every, config.steps + every, every, device="cpu").clamp(max=config.steps)


def _history(records: Sequence[Mapping[str, Tensor]], config: TrainConfig) -> History:
    steps = _steps(config)
    terms = {name: torch.stack([r[name] for r in records]).cpu() for name in records[0]}
    for name, values in terms.items():
        bad = ~torch.isfinite(values.flatten(1) if values.dim() > 1 else values[:, None]).all(1)
        if bad.any():
            first = int(steps[bad.nonzero()[0, 0]])
            raise FloatingPointError(
                f"training diverged: {name} is not finite in the {config.record_every} steps "
                f"up to step {first}"
            )
    return History(steps, terms)
