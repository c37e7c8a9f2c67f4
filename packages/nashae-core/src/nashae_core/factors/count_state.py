"""What a search for the number of factors resumes from: typed in memory, tensors on disk."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from nashae_core.factors.count import Decision, Kind
from nashae_core.factors.standard import Standard
from nashae_core.state import TrainingState

KINDS: tuple[Kind, ...] = ("remove", "add")


@dataclass(frozen=True)
class CountState:
    """The run that a search trains, and the tests before."""

    standard: Standard
    """The moments of the observations."""
    run: TrainingState
    """The run so far while it prunes; afterwards as it was before the current tests."""
    decisions: Sequence[Decision] | None = None
    """Those before the current tests; None while it prunes."""
    warm_up: tuple[int, int] = (0, 0)
    """The step at which λ began to rise, and the steps that takes."""

    def to_tensors(self) -> dict[str, Tensor]:
        """The state as tensors by name, as it is written to disk."""
        data = {"data": torch.tensor(self.standard, dtype=torch.float64, device="cpu")}
        under = "pruning/" if self.decisions is None else "run/"
        run = {name: tensor.clone() for name, tensor in self.run.to_tensors(under).items()}
        if self.decisions is None:
            return data | run
        rows = [(KINDS.index(kind), *measured) for kind, *measured in self.decisions]
        growing = bool(self.decisions) and self.decisions[-1].kind == "add"
        return {
            **data,
            "tests": torch.tensor(rows, dtype=torch.float64, device="cpu").reshape(len(rows), 9),
            "growing": torch.tensor(growing, device="cpu"),
            "warm_up": torch.tensor(self.warm_up, device="cpu"),
            **run,
        }

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, Tensor]) -> "CountState":
        """The state that `to_tensors` gave.

        Raises `ValueError` where they are no such state.
        """
        if "data" not in tensors:
            raise ValueError(
                "the state to resume from is not of a search for the number of factors"
            )
        standard = Standard(*tensors["data"].tolist())
        if "tests" not in tensors:
            return cls(standard, TrainingState.from_tensors(tensors, "pruning/"))
        decisions = []
        for row in tensors["tests"].tolist():
            kind, step, latent, latents = map(int, row[:4])
            ratio, share, dependence, worth, adopted = row[4:]
            measured = ratio, share, dependence, worth, bool(adopted)
            decisions.append(Decision(KINDS[kind], step, latent, latents, *measured))
        warm_up_from, warm_up = tensors["warm_up"].tolist()
        run = TrainingState.from_tensors(tensors, "run/")
        return cls(standard, run, decisions, (warm_up_from, warm_up))
