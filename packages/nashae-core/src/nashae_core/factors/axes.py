"""What a search for the factors' axes is told, and what it finds."""

from dataclasses import dataclass, field
from typing import NamedTuple

from nashae_core.arguments import check_fields, check_multiples
from nashae_core.factors.pruning import Pruning
from nashae_core.nashae import NashAE


@dataclass(frozen=True)
class Stage:
    """So many steps with noise on the codes (`NashAEConfig.code_noise` and `logit_weight`)."""

    steps: int
    code_noise: float
    logit_weight: float


@dataclass(frozen=True)
class AxesConfig:
    """How a model is trained with noise, merged and judged.

    Set on Beamsynthesis, on seeds that no published number is of.
    """

    batch_size: int = 100
    """Observations a batch, drawn with replacement."""
    covariance_weight: float = 0.9
    """λ/(1 − λ) in units of the standardised data's variance, as in `CountConfig`."""
    warm_up: int = 50
    """Steps over which λ rises from 0 at the start."""
    spare: int = 6
    """Latents more than factors with which a try begins, at most; those of the model beyond are
    taken out before. The more there are, the fewer of them the first stage leaves to be merged."""
    pruning: Pruning = field(default_factory=Pruning)
    """When latents that die in the first stage are taken out."""
    first: Stage = Stage(1000, 0.2, 1e-3)
    """Strong noise, under which the latents form."""
    merge: Stage = Stage(450, 0.1, 5e-4)
    """After each merge."""
    last: Stage = Stage(400, 0.05, 1e-4)
    """At the end, for a sharper reconstruction."""
    fit_steps: int = 200
    """Steps for which the decoder of each candidate of a merge is trained, its encoder held."""
    most_dependence: float = 0.03
    """Where two latents depend on each other more than this, another try is made."""
    tries: int = 3
    """Tries at most."""
    record_every: int = 10
    """Steps between two calls of `on_progress`."""

    def __post_init__(self) -> None:
        whole = "batch_size", "spare", "fit_steps", "tries", "record_every"
        check_fields(self, "at least 1", *whole)
        check_fields(self, "in (0, 1]", "most_dependence")
        check_fields(self, "at least 0", "covariance_weight")
        stages = {f"{name}.steps": getattr(self, name).steps for name in ("first", "merge", "last")}
        stages["pruning.every"] = self.pruning.every
        check_multiples(stages, self.record_every, "record_every")
        if self.first.steps < self.pruning.last:
            raise ValueError(
                f"first must take at least pruning.last steps; got {self.first.steps} "
                f"and {self.pruning.last}"
            )


class Try(NamedTuple):
    """One try: its latents, and the most that two of them depend on each other.

    That is `dependence` of the codes, not of their ranks.
    """

    latents: int
    dependence: float


class Axes(NamedTuple):
    """The trained `model`, of all `tries` that with the least dependence.

    `independent`: whether it has the latents that were asked for, they depend on each other no
    more than is allowed, and it explains at least a third of the variance; where not, `reason` says
    what is missing. A model that is not has probably mixed its factors; one that is may have all
    the same, with three factors or few observations. `explained` is 1 − error/variance, as in
    `Count`. The model takes the data as they are (`NashAE.standardise`).
    """

    model: NashAE
    tries: tuple[Try, ...]
    independent: bool
    explained: float
    reason: str


class AxesProgress(NamedTuple):
    """What is being done, in words; its steps done and in all; what came of earlier tries."""

    doing: str
    step: int
    steps: int
    tries: tuple[Try, ...]
