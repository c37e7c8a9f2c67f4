"""One loop that trains any model whose step is a sequence of turns."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass
from functools import cached_property, partial
from typing import Literal, NamedTuple

import torch
from jaxtyping import Int64
from torch import Tensor, nn
from torch.optim import Optimizer

from nashae_core.arguments import check_kind, on_known_device, seeded, whole
from nashae_core.descriptions import description
from nashae_core.divergence import finite, first_bad, likely_causes
from nashae_core.kernels.denormals import flushed_denormals
from nashae_core.objective import Objective
from nashae_core.observations.access import (
    Observations,
    ObservationsLike,
    batches,
    on_device,
    weight_type,
)
from nashae_core.observations.arrays import described
from nashae_core.observations.fingerprint import evenly_spaced, fingerprint
from nashae_core.observations.inspection import Demands, inspect
from nashae_core.state import TrainingState

# Observations by which a state is told from one on other data.
SAMPLE = 16
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

    def demands(self) -> Demands:
        """What the model asks of its observations, which are looked at before training."""
        return Demands()

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
    a run needs to go on: weights, optimisers, generators and history, as tensors by name, and what
    the run is, which a run that goes on from it is compared with.

    It raises `ValueError` after `on_record` has returned, when the run has gone on, and
    `FloatingPointError` where a weight or a term is not finite: no run goes on from there.
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
    on_record: Callable[[Progress], object] | None = None,
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
    - `resume`: a `Progress.state()` of an earlier call with equal arguments; `config.steps` may be
      more. The run goes on from there and ends with the bits of a run that was not interrupted
      (same machine, CPU; layers that draw from PyTorch's global generator, such as dropout,
      excepted). To go on with other arguments on purpose, leave out the state's entry `about`.
    - `on_record`: called every `config.record_every` steps. Where it returns `True`, the training
      ends there: the history so far is returned, and the model is in evaluation mode.

    Parameters that do not require a gradient keep their values, and a module all of whose
    parameters are such is in evaluation mode, so that its running statistics stay as well. A player
    all of whose parameters are such skips its turns; its terms are reported all the same.

    Denormal numbers are taken for 0 while it lasts, by the calling thread.

    The loop itself never waits for the device between two records. Each entry of the history is
    looked at when the next one is recorded, so a run that diverges ends there.

    Some of the observations are looked at before training (`inspection.inspect`): what cannot be
    meant is refused, and what is likely wrong is warned of (`UserWarning`).

    Warns (`UserWarning`) where `model.objective` has ended at more than one and a half times what
    it was in the first step.

    Raises `TypeError` for observations that are no array; `ValueError` for such as are empty, not
    floating point, sparse, masked or (streamed ones when they are read) not finite, a model
    of which no parameter requires a gradient, a loss on which no such parameter of its player has
    an effect, an empty sequence of generators, and a state that does not fit the model or is of a
    run with other arguments; `FloatingPointError`, which names the likely causes, where a term of
    the history is not finite.
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
    if resume is None:
        inspect(rows, model, model.demands(), device)
    # One seed from each, whichever is used, so that a run is the same alone and beside others.
    noise_seed, *_ = [int(_draw(2**62, (), g)) for g in draws]
    noise = torch.Generator(device).manual_seed(noise_seed)
    optimizers = model.optimizers()
    generators = [*draws, noise]
    shape = (model.batches_per_step, config.batch_size)
    state = None if resume is None else TrainingState.from_tensors(resume)
    began = None if state is None else state.objective
    objective = Objective(model.objective, len(optimizers), began)
    run = _Run(model, rows, config, optimizers, generators, objective, device)
    if state is not None:
        run.restore(state)

    autocast = _autocast(device, config.precision)
    stop: object = None
    while stop is not True and run.done < config.steps:
        block = range(run.done, min(run.done + config.record_every, config.steps))
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
        terms = [terms for terms, _ in taken]
        objective.note(taken)
        run.record(
            block.stop, {name: torch.stack([t[name] for t in terms]).mean(0) for name in terms[0]}
        )
        if on_record is not None:
            stop = run.told(on_record)
    model.eval()
    run.check_history()
    objective.warn_of_rise()
    return run.history()


class _Run:
    """A run as far as it is: what it has recorded, what is kept of it, whether it diverged."""

    def __init__(
        self,
        model: Trainable,
        rows: Tensor | Observations,
        config: TrainConfig,
        optimizers: Mapping[str, Optimizer],
        generators: Sequence[torch.Generator],
        objective: Objective,
        device: torch.device,
    ) -> None:
        self.model, self.rows, self.config, self.device = model, rows, config, device
        self.optimizers, self.generators, self.objective = optimizers, generators, objective
        self.done, self.records = 0, list[dict[str, Tensor]]()
        self._telling = False
        self._last_is_finite: Callable[[], bool] = lambda: True
        # Before the first step, which may change what a module says of itself.
        self._about = {
            **description(model),
            "frozen": [name for name, p in model.named_parameters() if not p.requires_grad],
            "train": {name: v for name, v in asdict(config).items() if name != "steps"},
            "runs": len(generators) - 1,
        }

    def restore(self, state: TrainingState) -> None:
        """Resume from a state."""
        self.done = state.step
        self.records = state.restore(self.model, self.optimizers, self.generators, self.about)
        steps = _steps(self.config)
        entries = len(self.records)
        if entries > len(steps) or int(steps[entries - 1]) != self.done:
            raise ValueError(
                f"the state to resume from, {self.done} steps in {entries} entries of the history, "
                f"is of a run with another record_every than {self.config.record_every} "
                f"or beyond steps={self.config.steps}"
            )

    def record(self, done: int, terms: dict[str, Tensor]) -> None:
        """Add an entry to the history; the one before is looked at, which waits for no step."""
        self.done = done
        self.records.append(terms)
        if not self._last_is_finite():
            self.check_history()
        self._last_is_finite = finite(terms.values())

    def told(self, on_record: Callable[[Progress], object]) -> object:
        """What `on_record` returns of the newest entry."""
        state = partial(self._state, self.done)
        self._telling = True
        try:
            return on_record(Progress(self.done, self.config.steps, self.records[-1], state))
        finally:
            self._telling = False

    def about(self) -> dict[str, object]:
        """What the run is: what a run that goes on from it has to be, too."""
        return {**self._about, "observations": fingerprint(self._sample, len(self.rows))}

    def check_history(self) -> None:
        """Raise `FloatingPointError` where an entry is not finite."""
        if bad := first_bad(self.records):
            entry, name = bad
            every, step = self.config.record_every, int(_steps(self.config)[entry])
            raise self._diverged(f"{name} is not finite in the {every} steps up to step {step}")

    def history(self) -> History:
        """All entries so far."""
        terms = {n: torch.stack([r[n] for r in self.records]).cpu() for n in self.records[0]}
        return History(_steps(self.config)[: len(self.records)], terms)

    def _state(self, step: int) -> dict[str, Tensor]:
        if not self._telling or step != self.done:
            raise ValueError(
                f"state() must be called before on_record returns; got a call after that of step "
                f"{step}, when the weights had moved on: keep what it returns there"
            )
        self.check_history()
        state = TrainingState.of(
            self.model,
            self.optimizers,
            self.generators,
            self.records,
            step,
            self.about(),
            self.objective.began,
        )
        for name, _ in self.model.named_parameters():
            if not state.model[name].isfinite().all():
                raise self._diverged(f"the parameter {name} is not finite after step {step}")
        return state.to_tensors()

    def _diverged(self, what: str) -> FloatingPointError:
        causes = likely_causes(self._sample, self.optimizers, self.config.precision)
        return FloatingPointError(f"training diverged: {what}: {causes}")

    @cached_property
    def _sample(self) -> Tensor:
        return evenly_spaced(self.rows, SAMPLE, self.device)


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
