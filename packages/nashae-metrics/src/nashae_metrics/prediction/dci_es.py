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

ERRORS = 2.0  # standard errors by which a predictor must beat guessing


@dataclass(frozen=True, eq=False, kw_only=True)
class DCIESScore(Score):
    """`score` is the explicitness E, the mean of `factor_explicitness` (k,).

    size: factors per active latent, 0 without one. disentanglement, completeness, informativeness:
    of the predictor of the greatest capacity. losses (capacities, k): the share of test rows
    misclassified at each of `capacities` (capacities,), trees per class. guess (k,): the same for
    the commonest train class. importance (m, k). All are means over the repeats; scores (repeats,):
    of each. predictor: its name. train, test: how many rows.
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
    """Explicitness and size: how small a predictor predicts the factors, and from how many latents.

    Predictors of rising capacity κ are trained for each factor; ℓ(κ) is the least test loss up to
    κ, ℓ* the least of all, ℓb that of guessing. Explicitness is 1 - 2 ∫ (ℓ - ℓ*) dκ / ((κ_max -
    κ_min)(ℓb - ℓ*)): 1 if the smallest predictor does as well as any, 0 if the loss falls along a
    line, below 0 (to -1) if only the largest help. A factor predicted no better than by guessing
    (by less than two standard errors) counts as 0; with no active latent all do. Size is k over the
    active latents. Read both beside the informativeness: a factor that is poorly predicted can be
    explicit. The predictor is "fast-gradient-boosting" of `dci` after 1, 2, 4 ... 100 trees a
    class, κ the logarithm of their number.

    Args:
        codes: (n, m), finite real numbers, n >= 3.
        factors: (n, k), whole numbers, or real ones together with `factor_bins`.
        rng: draws the rows and ties between latents.
        protocol: "standard", the only one: trains on 10,000 standardised rows and tests on 5,000,
            or, of fewer, on two thirds and the rest.
        repeats: how often rows are drawn; the score is the mean, and has an interval from two on.
        active: a rule of active latents, its name, or a mask (m,).
        factor_bins: how many classes of equal counts a continuous factor is cut into.
        missing: the label of an unknown factor, such as -1 or nan; rows that have it are left out.

    Raises:
        ValueError: an argument is not as described.
        NotApplicable: a factor is constant.

    Source: Eastwood et al. 2023, section 4, https://arxiv.org/abs/2210.00364. There trees vary in
    depth, networks and random features in their number of parameters, on the same logarithmic
    scale; in their code ℓ* is 0 in the denominator, and ℓb that of guessing uniformly.
    """
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
    """The explicitness of loss-capacity curves; 0 if guessing is beaten by `least` or less."""
    # Differs from the paper: a predictor worse than guessing counts as guessing, so E >= -1.
    curve = np.minimum.accumulate(np.minimum(losses, guess))
    lowest = curve[-1]
    steps = np.diff(capacities)[:, None]
    area = ((curve[:-1] + curve[1:] - 2 * lowest) * steps).sum(0) / 2
    gained = guess - lowest
    # Differs from the paper: undefined there for a factor that no predictor beats guessing at.
    predictable = gained > least
    whole = (capacities[-1] - capacities[0]) * np.where(predictable, gained, 1.0)
    return np.where(predictable, 1.0 - 2.0 * area / whole, 0.0)


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
    summary="how small a predictor suffices for the factors",
    source="Eastwood et al. 2023",
    range="−1 … 1",
    cost=15.0,
    protocols=("standard",),
    of=dci_es_of,
    shares=trained_predictors,
    stream="dci",
)
