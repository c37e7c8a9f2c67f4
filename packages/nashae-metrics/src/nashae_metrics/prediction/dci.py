"""Disentanglement, completeness and informativeness (Eastwood & Williams 2018)."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from jaxtyping import Float64

from nashae_metrics.ground.active_latents import ActiveLatents
from nashae_metrics.ground.choices import check_choice, chosen
from nashae_metrics.ground.intervals import check_repeats, repeated_fields
from nashae_metrics.ground.metric import Metric
from nashae_metrics.ground.sample import Sample, checked_sample
from nashae_metrics.ground.score import Score
from nashae_metrics.ground.splits import SplitSizes
from nashae_metrics.prediction.predictors import (
    FAST,
    PREDICTORS,
    FactorPredictors,
    factor_predictors,
)


class DCIProtocol(NamedTuple):
    """What a protocol of DCI fixes: standardised or raw codes, the split, the number of latents.

    counts_inactive: completeness compares with importances spread over all latents, inactive ones
    too.
    """

    standardize: bool
    sizes: SplitSizes
    counts_inactive: bool


PROTOCOLS = {
    "standard": DCIProtocol(True, SplitSizes(10_000, 5_000), False),
    "locatello2019": DCIProtocol(False, SplitSizes(10_000, 5_000, strict=True), True),
}


@dataclass(frozen=True, eq=False, kw_only=True)
class DCIScore(Score):
    """`score` is the disentanglement, the mean of `scores` (repeats,).

    completeness; informativeness: the accuracy on the test rows, mean over the factors;
    train_informativeness: on the train rows. importance (m, k): how much the factor's predictor
    uses the latent, of sum 1 for each factor (0 for a factor of one class). latent_disentanglement
    (m,), latent_weights (m,): the score is the sum of their product. factor_completeness (k,),
    factor_weights (k,): completeness likewise. test_accuracy (k,), train_accuracy (k,). All are
    means over the repeats. predictor: its name. train, test: how many rows.
    """

    completeness: float
    informativeness: float
    train_informativeness: float
    importance: Float64[np.ndarray, "m k"]
    latent_disentanglement: Float64[np.ndarray, " m"]
    latent_weights: Float64[np.ndarray, " m"]
    factor_completeness: Float64[np.ndarray, " k"]
    factor_weights: Float64[np.ndarray, " k"]
    test_accuracy: Float64[np.ndarray, " k"]
    train_accuracy: Float64[np.ndarray, " k"]
    scores: Float64[np.ndarray, " repeats"]
    predictor: str
    train: int
    test: int


def dci(
    codes: npt.ArrayLike,
    factors: npt.ArrayLike,
    *,
    rng: np.random.Generator,
    protocol: str = "standard",
    repeats: int = 1,
    predictor: str = FAST,
    active: str | ActiveLatents | npt.ArrayLike = "constant",
    factor_bins: int | None = None,
    missing: float | int | None = None,
) -> DCIScore:
    """DCI: whether a latent serves one factor, a factor needs one latent, and all are predicted.

    For each factor a predictor is trained on the codes; R (m, k) is the importance of each latent
    to it. With p the shares of a row of R, a latent's disentanglement is 1 - H(p)/log k, weighted
    by its share of all R; with the shares of a column a factor's completeness is 1 - H(p)/log m,
    weighted by its share. Both and the informativeness (accuracy) are in [0, 1]; more is better.
    The values depend on the predictor and, much, on the number of rows. If nothing is important (no
    active latent, no factor with two classes in the train rows) the score and the completeness are
    0; with a single factor the score, and with a single latent the completeness, is 1.

    Predictors:

    - "fast-gradient-boosting": the published trees, grown by this package in 1/10 of the time; the
      same up to ties between latents that split equally well, which are drawn.
    - "gradient-boosting": scikit-learn's GradientBoostingClassifier (100 trees, depth 3, rate 0.1).
    - "random-forest": 100 trees, depth 10.
    - "logistic": L1-logistic regression (C = 1) on standardised codes, each class against the rest;
      a latent's importance is the mean size of its weights.

    Args:
        codes: (n, m), finite real numbers, n >= 3.
        factors: (n, k), whole numbers, or real ones together with `factor_bins`.
        rng: draws the rows and the predictor's ties.
        protocol: "standard" trains on 10,000 rows and tests on 5,000, or, of fewer, on two thirds
            and the rest. "locatello2019" takes raw codes, 10,000 + 5,000 rows or none, and counts
            inactive latents in log m, which raises the completeness.
        repeats: how often rows are drawn; the score is the mean, and has an interval from two on.
        predictor: the name of a predictor above.
        active: a rule of active latents, its name, or a mask (m,).
        factor_bins: how many classes of equal counts a continuous factor is cut into.
        missing: the label of an unknown factor, such as -1 or nan; rows that have it are left out.

    Raises:
        ValueError: an argument is not as described.
        NotApplicable: a factor is constant, or the protocol takes more rows.

    scikit-learn's trees see codes as float32 and no difference below 1e-7; ours do.

    Source: Eastwood & Williams 2018, section 2, https://openreview.net/forum?id=By-7dz-AZ; settings
    of Locatello et al. 2019, https://arxiv.org/abs/1811.12359

    Example:
        >>> factors = np.random.default_rng(0).integers(0, 3, (300, 2))
        >>> round(dci(factors + 0.0, factors, rng=np.random.default_rng(1)).score, 6)
        1.0
    """
    sample = checked_sample(codes, factors, active=active, factor_bins=factor_bins, missing=missing)
    return dci_of(sample, protocol=protocol, rng=rng, repeats=repeats, predictor=predictor)


def dci_of(
    sample: Sample,
    *,
    protocol: str = "standard",
    rng: np.random.Generator,
    repeats: int = 1,
    predictor: str = FAST,
    shared: FactorPredictors | None = None,
) -> DCIScore:
    """The DCI of a checked sample; `shared`: the predictors of its one repeat, if trained."""
    settings = chosen("protocol of dci", protocol, PROTOCOLS)
    check_choice("predictor", predictor, PREDICTORS)
    trained = repeated_predictors(
        sample, protocol=protocol, rng=rng, repeats=repeats, predictor=predictor, shared=shared
    )
    latents = len(sample.active) if settings.counts_inactive else int(sample.active.sum())
    results = [_once(predictors, latents) for predictors in trained]
    train, test = trained[-1].train, trained[-1].test
    means = {name: np.mean([getattr(r, name) for r in results], axis=0) for name in _Once._fields}
    scores = np.array([r.disentanglement @ r.latent_weights for r in results])
    completeness = np.array([r.completeness @ r.factor_weights for r in results])
    return DCIScore(
        **repeated_fields(scores),
        **sample.common_fields(protocol, rng, samples=len(train) + len(test)),
        completeness=float(completeness.mean()),
        informativeness=float(means["test_accuracy"].mean()),
        train_informativeness=float(means["train_accuracy"].mean()),
        importance=sample.spread(means["importance"]),
        latent_disentanglement=sample.spread(means["disentanglement"]),
        latent_weights=sample.spread(means["latent_weights"]),
        factor_completeness=means["completeness"],
        factor_weights=means["factor_weights"],
        test_accuracy=means["test_accuracy"],
        train_accuracy=means["train_accuracy"],
        predictor=predictor,
        train=len(train),
        test=len(test),
    )


def trained_predictors(
    sample: Sample,
    *,
    rng: np.random.Generator,
    protocol: str = "standard",
    predictor: str = FAST,
) -> FactorPredictors:
    """Train the predictors of one repeat; by default those that `dci_es` takes as well."""
    standardize, sizes, _ = chosen("protocol of dci", protocol, PROTOCOLS)
    return factor_predictors(
        sample, sizes, protocol=protocol, predictor=predictor, standardize=standardize, rng=rng
    )


def repeated_predictors(
    sample: Sample,
    *,
    rng: np.random.Generator,
    repeats: int,
    shared: FactorPredictors | None,
    protocol: str = "standard",
    predictor: str = FAST,
) -> list[FactorPredictors]:
    """The predictors of each repeat: the `shared` ones, or newly trained."""
    check_repeats(repeats)
    if shared is not None:
        return [shared]
    return [
        trained_predictors(sample, rng=rng, protocol=protocol, predictor=predictor)
        for _ in range(repeats)
    ]


def concentration(
    importance: Float64[np.ndarray, "rows columns"], outcomes: int
) -> tuple[Float64[np.ndarray, " rows"], Float64[np.ndarray, " rows"]]:
    """1 - H/log outcomes of each row's shares, in [0, 1], and the row's share of all.

    0 for a row of zeros; 1 for others if there is one outcome only.
    """
    total = importance.sum(1)
    known = total > 0
    shares = importance / np.where(known, total, 1.0)[:, None]
    entropy = -(shares * np.log(np.where(shares > 0, shares, 1.0))).sum(1)
    concentrated = np.where(known, 1.0 - entropy / np.log(max(outcomes, 2)), 0.0)
    everything = total.sum()
    return np.clip(concentrated, 0.0, 1.0), total / (everything if everything > 0 else 1.0)


class _Once(NamedTuple):
    importance: Float64[np.ndarray, "a k"]
    disentanglement: Float64[np.ndarray, " a"]
    latent_weights: Float64[np.ndarray, " a"]
    completeness: Float64[np.ndarray, " k"]
    factor_weights: Float64[np.ndarray, " k"]
    test_accuracy: Float64[np.ndarray, " k"]
    train_accuracy: Float64[np.ndarray, " k"]


def _once(predictors: FactorPredictors, latents: int) -> _Once:
    importance = predictors.importance
    return _Once(
        importance,
        *concentration(importance, importance.shape[1]),
        *concentration(importance.T, latents),
        predictors.test_accuracy[-1],
        predictors.train_accuracy[-1],
    )


METRIC = Metric(
    function=dci,
    summary="disentanglement: whether a predictor uses each latent for one factor only",
    source="Eastwood & Williams 2018",
    cost=15.0,
    protocols=tuple(PROTOCOLS),
    of=dci_of,
    shares=trained_predictors,
)
