"""Settings and results of the search for the number of factors."""

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
# A test within this factor of its threshold could have gone the other way.
NEAR = 1.2
# A removal needs 1.5 times the error, and without its only latent a model's error is at most the
# variance: below this share explained even that latent is removed.
LEAST_EXPLAINED = 1 / 3
TINY = 1e-30


@dataclass(frozen=True)
class CountConfig:
    """When latents are pruned and tested, and by which thresholds.

    V is the variance of the standardised data: half the mean square of x less the mean observation.
    The thresholds were set on data sets of one to three factors from nashae-data's generator.
    """

    batch_size: int = 100
    """Observations per batch, drawn with replacement."""
    covariance_weight: float = 0.9
    """λ/(1 − λ), the weight of the covariance against the reconstruction, in units of V. At 0.9,
    λ is 0.2 on Beamsynthesis, as in the paper."""
    warm_up: int = 50
    """Steps over which λ rises from 0 at the start."""
    pruning: Pruning = field(default_factory=Pruning)
    """The first stage: training until the last pruning."""
    test_steps: int = 300
    """Steps for which each side of a removal test is trained, on the same batches."""
    removal_ratio: float = 1.5
    """A latent is removed if the error without it is below this many times the error with it."""
    least_share: float = 0.025
    """A latent is removed, whatever the ratio, if it lowers the error by less than this share of V:
    where the error is near 0 every ratio is large."""
    growth_steps: int = 900
    """Steps for which each side of a growth test is trained, unless the new latent becomes inactive
    before. A factor with little effect on the error takes this long to be learned."""
    growth_warm_up: int = 300
    """Steps over which λ rises again after a latent is added: the decoder has to use it first."""
    growth_ratio: float = 1.05
    """A latent is added if the error without it is at least this many times the error with it, and
    it is active at the end: training makes a latent inactive that the others predict."""
    growth_share: float = 0.01
    """A latent is not added if it lowers the error by less than this share of V: noise in a few
    dimensions looks like independent factors of small effect."""
    most_redundancy: float = 0.8
    """A latent whose `redundancy` is above this needs twice the ratio: it may share a factor with
    another, as two latents carry one factor with less error than one does."""
    growth_redundancy: float = 0.5
    """The same for an added latent, which starts from what the others do not explain."""
    most_dependence: float = 0.28
    """With two latents `dependence` is used instead, and above this `dependent_share` is needed."""
    dependent_share: float = 0.055
    """The share of V by which a dependent latent must lower the error: a duplicate latent only
    traces the curve of its factor more finely."""
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
    """The test of one latent: the errors with it and without it, and what was decided.

    Args:
        kind: "remove" or "add".
        step: The step before which the two models compared are the same.
        latent: The latent's index among the `latents` of the larger model.
        latents: The number of latents with it.
        ratio: The error without it over the error with it.
        share: The difference of the two errors, as a share of the data's variance.
        dependence: How far it depends on the other latents; 1 is the most allowed.
        worth: The smallest ratio of a measured value (of an added latent also its range) to its
            threshold. A latent is kept if worth ≥ 1.
        adopted: Whether the latent was removed, or added.
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
        """The factor by which `worth` is above or below 1; at least 1."""
        return max(self.worth, 1 / max(self.worth, TINY))


def assured(decisions: Sequence[Decision], config: CountConfig) -> set[int]:
    """The indices, by now, of latents that pass their test however far they depend on others.

    After another latent is removed they pass it again, so it is not repeated.
    """
    indices, share = set[int](), max(config.least_share, config.dependent_share)
    for _, tests in groupby(decisions, lambda test: test.step):
        for test in (ordered := list(tests)):
            if test.ratio >= 2 * config.removal_ratio and test.share >= share:
                indices.add(test.latent)
        for test in ordered:
            if test.adopted:
                indices = {i - (i > test.latent) for i in indices if i != test.latent}
    return indices


class Count(NamedTuple):
    """The result of `count_factors`.

    Args:
        model: The trained model, in evaluation mode; it takes the data as given.
        latents: Its number of latents, the estimate of the number of factors.
        decisions: Every test, in order.
        error: ½·mean (x′ − x)² over the data, in the data's units squared.
        history: Of the run that led to `model`; its losses are those of standardised data.
        explained: 1 − error/variance: 0 for a model that gives the mean observation, 1 for perfect
            reconstructions.
    """

    model: NashAE
    latents: int
    decisions: tuple[Decision, ...]
    error: float
    history: History
    explained: float

    @property
    def margin(self) -> float:
        """The margin of the closest round of tests; infinite if nothing was tested.

        A round is decided by its latent of least worth.
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
        """Why the number is not sure; empty if it is.

        Either the model explains less than a third of the variance, or a round of tests was within
        a factor of 1.2 of its threshold.
        """
        reasons = [too_little(self.explained)]
        if self.margin < NEAR:
            reasons.append(f"a test was within a factor of {self.margin:.2f} of its threshold")
        return "; ".join(filter(None, reasons))


def too_little(explained: float) -> str:
    """Why no latent of a model can be tested that explains so much of the variance, or ""."""
    if explained >= LEAST_EXPLAINED:
        return ""
    return (
        f"the model explains {explained:.0%} of the variance, too little to test its latents: "
        "bring columns to similar means and scales, train longer, or give larger networks or more "
        "latents"
    )


class CountProgress(NamedTuple):
    """What a search is doing, for `on_progress`.

    Args:
        doing: In words.
        step: Steps done of it.
        steps: Its steps in all.
        decisions: The tests so far.
        state: Makes a copy of what `count_factors` resumes from: this moment while it prunes,
            afterwards the beginning of the current tests.
    """

    doing: str
    step: int
    steps: int
    decisions: tuple[Decision, ...]
    state: Callable[[], dict[str, Tensor]]
