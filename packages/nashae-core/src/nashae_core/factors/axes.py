"""Settings and results of the search for the factors' axes."""

from dataclasses import dataclass, field
from typing import NamedTuple

from nashae_core.arguments import check_fields, check_multiples
from nashae_core.factors.pruning import Pruning
from nashae_core.nashae import NashAE


@dataclass(frozen=True)
class Stage:
    """A number of steps with noise on the codes (`NashAEConfig.code_noise`, `logit_weight`)."""

    steps: int
    code_noise: float
    logit_weight: float


@dataclass(frozen=True)
class AxesConfig:
    """How a model is trained with noise, merged and judged.

    Set on Beamsynthesis, with seeds that no published number uses.
    """

    batch_size: int = 100
    """Observations per batch, drawn with replacement."""
    covariance_weight: float = 0.9
    """λ/(1 − λ) in units of the standardised data's variance, as in `CountConfig`."""
    warm_up: int = 50
    """Steps over which λ rises from 0 at the start."""
    spare: int = 6
    """Latents beyond the number of factors with which a try begins, at most; the rest are removed
    first. The more there are, the fewer remain to be merged after the first stage."""
    pruning: Pruning = field(default_factory=Pruning)
    """When latents that become inactive in the first stage are removed."""
    first: Stage = Stage(1000, 0.2, 1e-3)
    """Strong noise, under which the latents form."""
    merge: Stage = Stage(450, 0.1, 5e-4)
    """After each merge."""
    last: Stage = Stage(400, 0.05, 1e-4)
    """At the end, for a sharper reconstruction."""
    fit_steps: int = 200
    """Steps for which the decoder of each candidate merge is trained, the encoder fixed."""
    most_dependence: float = 0.03
    """If two latents depend on each other more than this, another try is made."""
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
    """One try: its number of latents, and the largest `dependence(codes, ranked=False)` of two."""

    latents: int
    dependence: float


class Axes(NamedTuple):
    """The result of `align_axes`.

    Args:
        model: The trained model of the try with the least dependence; it takes the data as given.
        tries: All tries.
        independent: Whether the model has as many latents as factors, they depend on each other no
            more than allowed, and it explains at least a third of the variance. If not, its latents
            are probably mixtures of factors. If so, they may still be, with three factors or few
            observations.
        explained: 1 − error/variance, as in `Count`.
        reason: Why it is not independent; empty if it is.
    """

    model: NashAE
    tries: tuple[Try, ...]
    independent: bool
    explained: float
    reason: str


class AxesProgress(NamedTuple):
    """What a search is doing, in words; its steps done and in all; the tries before this one."""

    doing: str
    step: int
    steps: int
    tries: tuple[Try, ...]
