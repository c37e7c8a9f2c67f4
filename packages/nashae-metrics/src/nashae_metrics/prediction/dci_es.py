"""Explicitness and size, which extend DCI (Eastwood et al. 2023)."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from jaxtyping import Float64

from nashae_metrics.ground.active_latents import ActiveLatents
from nashae_metrics.ground.choices import check_choice
from nashae_metrics.ground.intervals import repeated_fields
from nashae_metrics.ground.metric import Metric
from nashae_metrics.ground.sample import Sample, checked_sample
from nashae_metrics.ground.score import Score
from nashae_metrics.prediction.dci import concentration, repeated_predictors, trained_predictors
from nashae_metrics.prediction.predictors import FAST, FactorPredictors

ERRORS = 2.0  # standard errors by which a factor must be told better than by guessing


@dataclass(frozen=True, eq=False, kw_only=True)
class DCIESScore(Score):
    """`score` is the explicitness, the mean of `factor_explicitness` (k,).

    size: factors per active latent, 0 without one. disentanglement, completeness, informativeness:
    of the predictor of the greatest capacity. losses (capacities, k): the share of test rows told
    wrong at each of `capacities` (capacities,), trees per class. guess (k,): that of the class
    commonest in the rows learnt from. importance (m, k). All are means over the repeats; scores
    (repeats,): of each. predictor: its name. train, test: rows.
    """

    size: float
    disentanglement: float
    completeness: float
    informativeness: float
    factor_explicitness: Float64[np.ndarray, " k"]
    losses: Float64[np.ndarray, "capacities k"]
    capacities: tuple[int, ...]
    guess: Float64[np.ndarray, " k"]
    importance: Float64[np.ndarray, "m k"]
    scores: Float64[np.ndarray, " repeats"]
    predictor: str
    train: int
    test: int


def dci_es(
    codes: npt.ArrayLike,
    factors: npt.ArrayLike,
    *,
    rng: np.random.Generator,
    protocol: str = "standard",
    repeats: int = 1,
    active: str | ActiveLatents | npt.ArrayLike = "constant",
    factor_bins: int | None = None,
    missing: float | int | None = None,
) -> DCIESScore:
    """How small a predictor suffices to tell the factors (E), and how many latents they take (S).

    codes (n, m), any real numbers; factors (n, k), whole numbers, or real ones that are cut into
    `factor_bins` classes of equal counts. Predictors of rising capacity κ learn each factor; ℓ(κ)
    is the least loss on other rows up to κ, ℓ* the least of all, ℓb that of guessing. Explicitness
    is 1 - 2 ∫ (ℓ - ℓ*) dκ / ((κ_max - κ_min)(ℓb - ℓ*)): 1 where the smallest predictor does as well
    as any, 0 where the loss falls along a line, below 0 (to -1) where only the largest help. Size
    is k over the active latents. Read both beside the informativeness: a factor that is poorly told
    can be told explicitly.

    The predictor is "fast-gradient-boosting" of `dci` after 1, 2, 4 ... 100 trees a class, κ the
    logarithm of their number. protocol: "standard" standardises, learns from 10,000 rows and tests
    on 5,000 others, or, of fewer, on two thirds and the rest. rng draws the rows and ties between
    latents; repeats: how often; the score is their mean, and has an interval from two on. active: a
    rule's name, an `ActiveLatents`, or a mask (m,). A factor that is told no better than by
    guessing (by less than two standard errors) has no explicitness and counts as 0; with no active
    latent all do.
    missing: a label that stands for an unknown one, such as -1 or nan; rows that have it in any
    factor are left out.

    Raises `ValueError` for codes that are not finite or not (n >= 3, m >= 1), factors that are
    constant, of another length, or continuous without `factor_bins`, an unknown rule or protocol,
    and fewer than one repeat.

    Source: Eastwood et al. 2023, section 4. There trees vary in depth, networks and random features
    in their number of parameters, on the same logarithmic scale as here; ℓ* is 0 in their code's
    denominator, and ℓb that of guessing uniformly.
    """
    check_choice("protocol of dci_es", protocol, METRIC.protocols)
    sample = checked_sample(codes, factors, active=active, factor_bins=factor_bins, missing=missing)
    return dci_es_of(sample, protocol=protocol, rng=rng, repeats=repeats)


def dci_es_of(
    sample: Sample,
    *,
    protocol: str = "standard",
    rng: np.random.Generator,
    repeats: int = 1,
    shared: FactorPredictors | None = None,
) -> DCIESScore:
    """The DCI-ES of a checked sample; `shared`: the predictors of its one repeat, if trained."""
    check_choice("protocol of dci_es", protocol, METRIC.protocols)
    trained = repeated_predictors(sample, rng=rng, repeats=repeats, shared=shared)
    train, test = trained[-1].train, trained[-1].test
    results = [_once(sample, predictors) for predictors in trained]
    means = {name: np.mean([getattr(r, name) for r in results], axis=0) for name in _Once._fields}
    scores = np.array([r.explicitness.mean() for r in results])
    active, k = int(sample.active.sum()), len(sample.sizes)
    return DCIESScore(
        **repeated_fields(scores),
        **sample.common_fields(protocol, rng, samples=len(train) + len(test)),
        size=k / active if active else 0.0,
        disentanglement=float(means["disentanglement"]),
        completeness=float(means["completeness"]),
        informativeness=float(1.0 - means["losses"][-1].mean()),
        factor_explicitness=means["explicitness"],
        losses=means["losses"],
        capacities=trained[-1].stages,
        guess=means["guess"],
        importance=sample.spread(means["importance"]),
        predictor=FAST,
        train=len(train),
        test=len(test),
    )


def explicitness_of_losses(
    losses: Float64[np.ndarray, "capacities k"],
    guess: Float64[np.ndarray, " k"],
    capacities: Float64[np.ndarray, " capacities"],
    least: Float64[np.ndarray, " k"],
) -> Float64[np.ndarray, " k"]:
    """The explicitness of loss-capacity curves; 0 where guessing is beaten by `least` or less."""
    # Differs from the paper: a predictor worse than guessing counts as guessing, so E >= -1.
    curve = np.minimum.accumulate(np.minimum(losses, guess))
    lowest = curve[-1]
    steps = np.diff(capacities)[:, None]
    area = ((curve[:-1] + curve[1:] - 2 * lowest) * steps).sum(0) / 2
    gained = guess - lowest
    # Differs from the paper: undefined there for a factor that no predictor tells.
    told = gained > least
    whole = (capacities[-1] - capacities[0]) * np.where(told, gained, 1.0)
    return np.where(told, 1.0 - 2.0 * area / whole, 0.0)


class _Once(NamedTuple):
    explicitness: Float64[np.ndarray, " k"]
    losses: Float64[np.ndarray, "capacities k"]
    guess: Float64[np.ndarray, " k"]
    importance: Float64[np.ndarray, "a k"]
    disentanglement: float
    completeness: float


def _once(sample: Sample, predictors: FactorPredictors) -> _Once:
    train, test, importance = predictors.train, predictors.test, predictors.importance
    common = [np.bincount(classes).argmax() for classes in sample.classes[train].T]
    guess = (sample.classes[test] != common).mean(0)
    losses = 1.0 - predictors.test_accuracy
    error = ERRORS * np.sqrt(guess * (1 - guess) / len(test))
    disentangled, latent_weights = concentration(importance, importance.shape[1])
    complete, factor_weights = concentration(importance.T, len(importance))
    return _Once(
        explicitness_of_losses(losses, guess, np.log(np.array(predictors.stages, float)), error),
        losses,
        guess,
        importance,
        float(disentangled @ latent_weights),
        float(complete @ factor_weights),
    )


METRIC = Metric(
    function=dci_es,
    summary="how small a predictor can tell the factors",
    source="Eastwood et al. 2023",
    range="−1 … 1",
    better="high",
    cost=15.0,
    protocols=("standard",),
    of=dci_es_of,
    shares=trained_predictors,
    stream="dci",
)
