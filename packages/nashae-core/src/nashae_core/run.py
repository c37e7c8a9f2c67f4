"""A training run: its settings, what it has recorded, and its state."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property, partial
from typing import Literal, NamedTuple, get_args

import torch
from jaxtyping import Int64
from torch import Tensor
from torch.optim import Optimizer

from nashae_core.arguments import check_choice, whole
from nashae_core.descriptions import description
from nashae_core.divergence import finite, first_bad, likely_causes
from nashae_core.objective import Objective
from nashae_core.observations.access import Observations
from nashae_core.observations.fingerprint import evenly_spaced, fingerprint
from nashae_core.state import TrainingState
from nashae_core.trainable import Trainable

# Observations whose digest a state keeps, to be refused on other data.
SAMPLE = 16
Precision = Literal["float32", "bfloat16"]


@dataclass(frozen=True)
class TrainConfig:
    """How long and on what batches to train. The defaults are the authors' for Beamsynthesis."""

    steps: int = 1000
    """Steps in all, each on new batches."""
    batch_size: int = 100
    """Observations per batch, drawn with replacement."""
    record_every: int = 10
    """Steps between two entries of the history, and two calls of `on_record`."""
    precision: Precision = "float32"
    """bfloat16 computes the losses under autocast; weights and optimisers stay float32."""
    channels_last: bool = False
    """Whether convolutions' weights are laid out as tensor cores need them; results are the same
    up to rounding."""

    def __post_init__(self) -> None:
        for name in ("steps", "batch_size", "record_every"):
            whole(getattr(self, name), name)
        check_choice(self.precision, "precision", get_args(Precision))


@dataclass(frozen=True)
class History:
    """The losses of a training in k entries, each the mean since the entry before, on the CPU.

    Args:
        steps: (k,), the steps done by each entry.
        terms: By the name of a loss (k,), or (k, runs).
    """

    steps: Tensor
    terms: Mapping[str, Tensor]


class Progress(NamedTuple):
    """What `on_record` gets.

    Args:
        step: Steps done.
        steps: Steps in all.
        terms: The newest entry of the history, on the model's device: reading one waits for it.
        state: Makes a copy of all that `train(resume=...)` needs: weights, optimisers, generators,
            history and a description of the run, as tensors by name. It raises `ValueError` after
            `on_record` has returned, and `FloatingPointError` if a weight or a term is not finite.
    """

    step: int
    steps: int
    terms: Mapping[str, Tensor]
    state: Callable[[], dict[str, Tensor]]


class Run:
    """A run so far: its history, its state, and whether it diverged."""

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
        # Before the first step, which may change a module's `extra_repr`.
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
        """Add an entry to the history; the one before is checked, so that no step is waited for."""
        self.done = done
        self.records.append(terms)
        if not self._last_is_finite():
            self.check_history()
        self._last_is_finite = finite(terms.values())

    def tell(self, on_record: Callable[[Progress], object]) -> object:
        """The result of `on_record` for the newest entry."""
        state = partial(self._state, self.done)
        self._telling = True
        try:
            return on_record(Progress(self.done, self.config.steps, self.records[-1], state))
        finally:
            self._telling = False

    def about(self) -> dict[str, object]:
        """A description of the run, which a run that resumes it must share."""
        return {**self._about, "observations": fingerprint(self._sample, len(self.rows))}

    def check_history(self) -> None:
        """Raise `FloatingPointError` if an entry is not finite."""
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


def _steps(config: TrainConfig) -> Int64[Tensor, "k"]:
    """The steps done at each entry of the history."""
    every = config.record_every
    return torch.arange(every, config.steps + every, every, device="cpu").clamp(max=config.steps)
