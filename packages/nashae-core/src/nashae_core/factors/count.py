"""What a search for the number of factors is told, and what it finds."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Literal, NamedTuple

from torch import Tensor

from nashae_core.arguments import check_fields, check_multiples
from nashae_core.factors.pruning import Pruning
from nashae_core.nashae import NashAE
from nashae_core.run import History

Kind = Literal["remove", "add"]
# A round of tests with a smaller margin could have gone the other way.
NEAR = 1.2
# Below this share of the variance not even the only latent can be missed by the 1.5 times that are
# asked: without it the error is at most the variance.
LEAST_EXPLAINED = 1 / 3
TINY = 1e-30


@dataclass(frozen=True)
class CountConfig:
    """When latents are pruned and tested, and by which thresholds.

    The thresholds were set on sets of one to three factors made by nashae-data's generator.
    """

    batch_size: int = 100
    """Observations a batch, drawn with replacement."""
    covariance_weight: float = 0.9
    """λ/(1 − λ), the covariance's weight against the reconstruction, in units of the variance V of
    the standardised data: half the mean square of x less the mean observation. At 0.9 λ is 0.2 on
    Beamsynthesis as the paper has it."""
    warm_up: int = 50
    """Steps over which λ rises from 0 at the start."""
    pruning: Pruning = field(default_factory=Pruning)
    """The first stage: training until the last pruning."""
    test_steps: int = 300
    """Steps that each side of a removal's test is trained, on the same batches."""
    removal_ratio: float = 1.5
    """A latent is removed where the error without it is below so many times the error with it."""
    least_share: float = 0.025
    """A latent that lowers the error by less than this share of V is removed, whatever the ratio:
    where the error is near 0 every ratio is large."""
    growth_steps: int = 900
    """Steps that each side of a growth test is trained, where the new latent is not dead before. A
    factor that is worth little to the error takes them to be learned."""
    growth_warm_up: int = 300
    """Steps over which λ rises again when a latent is put in: the decoder has to use it first."""
    growth_ratio: float = 1.05
    """A latent is added where the error without it is at least so many times the error with it,
    and where it is learned at the end: one that the others tell is killed by the game."""
    growth_share: float = 0.01
    """A latent is not added where it lowers the error by less than this share of V: noise in a few
    dimensions is as good as independent factors of small effect."""
    most_redundancy: float = 0.8
    """From a latent that the others tell better than this (`redundancy`) twice the ratio is asked:
    it may share a factor, which two latents carry with less error than one."""
    growth_redundancy: float = 0.5
    """The same of a latent that is put in, which begins with what the others do not tell."""
    most_dependence: float = 0.28
    """Where two latents depend on each other more than this (`dependence`), `dependent_share` is
    asked instead."""
    dependent_share: float = 0.055
    """The share of V by which one of them has to lower the error: the second latent of one factor
    only draws its curve more finely."""
    record_every: int = 10
    """Steps between two measurements of the error."""

    def __post_init__(self) -> None:
        check_fields(self, "at least 1", "batch_size", "test_steps", "record_every")
        check_fields(self, "above 1", "removal_ratio", "growth_ratio")
        check_fields(self, "at least 0", "covariance_weight")
        check_fields(self, "in (0, 1]", "least_share", "growth_share", "dependent_share")
        check_fields(self, "in (0, 1]", "most_redundancy", "growth_redundancy", "most_dependence")
        shorter = {"test_steps": self.test_steps, "growth_warm_up": self.growth_warm_up}
        stages = {"growth_steps": self.growth_steps, "pruning.every": self.pruning.every}
        check_multiples(shorter | stages, self.record_every, "record_every")
        for name, steps in shorter.items():
            if self.growth_steps < steps:
                raise ValueError(
                    f"growth_steps must be at least {name}; got {self.growth_steps} and {steps}"
                )


class Decision(NamedTuple):
    """One test of a latent's right to exist, at step number `step`.

    `latent` is its number among the `latents` that there were with it; `ratio` the error without it
    over the error with it, `share` the difference of the two as a share of the data's variance, and
    `dependence` how far the latent depends on the others, where 1 is the most that is allowed.
    `worth` says how many times they are what is asked, and of a latent that was put in also its
    range: one that is worth 1 has its right to exist. `adopted`: the latent was removed or added.
    """

    kind: Kind
    step: int
    latent: int
    latents: int
    ratio: float
    share: float
    dependence: float
    worth: float
    adopted: bool

    @property
    def margin(self) -> float:
        """By which factor the worth is above 1 or below; at least 1."""
        return max(self.worth, 1 / max(self.worth, TINY))


def assured(decisions: Sequence[Decision], config: CountConfig) -> set[int]:
    """The latents, as they are numbered now, that were worth their place whatever they depend on.

    Without another latent the error grows no less when they are removed: they need no new test.
    """
    found, share = set[int](), max(config.least_share, config.dependent_share)
    for _, tests in groupby(decisions, lambda test: test.step):
        for test in (ordered := list(tests)):
            if test.ratio >= 2 * config.removal_ratio and test.share >= share:
                found.add(test.latent)
        for test in ordered:
            if test.adopted:
                found = {i - (i > test.latent) for i in found if i != test.latent}
    return found


class Count(NamedTuple):
    """What was found: the trained `model`, its number of `latents`, and every test on the way.

    `error` is ½·mean (x′ − x)² over the data, and `explained` is 1 − error/variance: 0 where the
    model knows no more than the mean observation, 1 where it reconstructs all. Scale and offset of
    the data change `error` alone, in proportion. `history` is that of the run that led to `model`,
    its losses those of the standardised data. The model takes the data as they are
    (`NashAE.standardise`).
    """

    model: NashAE
    latents: int
    decisions: tuple[Decision, ...]
    error: float
    history: History
    explained: float

    @property
    def margin(self) -> float:
        """That of the closest round of tests; infinite where nothing was tested.

        Whether a round takes a latent out is decided by the one that is worth least.
        """
        rounds = groupby(self.decisions, lambda test: (test.step, test.kind))
        deciding = [min(tests, key=lambda test: test.worth) for _, tests in rounds]
        return min((test.margin for test in deciding), default=math.inf)

    @property
    def near(self) -> bool:
        """Whether the number could as well be another; `reason` says why."""
        return bool(self.reason)

    @property
    def reason(self) -> str:
        """Why the number is not sure; empty where it is.

        The model explains less than a third of the variance, so that no latent can be missed as
        much as is asked, or some round of tests was so close to a threshold that it could have gone
        the other way.
        """
        reasons = [too_little(self.explained)]
        if self.margin < NEAR:
            reasons.append(f"a test was within a factor of {self.margin:.2f} of its threshold")
        return "; ".join(filter(None, reasons))


def too_little(explained: float) -> str:
    """Why a model that explains so much of the variance cannot be asked; empty where it can."""
    if explained >= LEAST_EXPLAINED:
        return ""
    return (
        f"the model explains {explained:.0%} of the variance, too little to be asked: "
        "give columns alike means and scales, train longer, or give larger networks or more latents"
    )


class CountProgress(NamedTuple):
    """What is being done, in words; its steps done and in all; what has been decided so far.

    `state()` copies what a search needs to go on: from here while it prunes, afterwards from the
    beginning of the tests at hand.
    """

    doing: str
    step: int
    steps: int
    decisions: tuple[Decision, ...]
    state: Callable[[], dict[str, Tensor]]
