"""Explicitness (Ridgeway & Mozer 2018)."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from jaxtyping import Float64, Int64

from nashae_metrics.ground.active_latents import ActiveLatents
from nashae_metrics.ground.choices import chosen
from nashae_metrics.ground.intervals import check_repeats, repeated_fields
from nashae_metrics.ground.metric import Metric
from nashae_metrics.ground.ranks import doubled_midranks
from nashae_metrics.ground.sample import Sample, checked_sample
from nashae_metrics.ground.scikit_learn import logistic_regression
from nashae_metrics.ground.score import Score
from nashae_metrics.ground.splits import SplitSizes, split_rows
from nashae_metrics.ground.standardisation import standardised

Classifier = Literal["multinomial", "one-vs-rest"]


class _Settings(NamedTuple):
    classifier: Classifier
    sizes: SplitSizes


PROTOCOLS = {
    "standard": _Settings("multinomial", SplitSizes(10_000, 5_000)),
    "locatello2019": _Settings("one-vs-rest", SplitSizes(10_000, 5_000, strict=True)),
    "locatello2019-multinomial": _Settings("multinomial", SplitSizes(10_000, 5_000, strict=True)),
}


@dataclass(frozen=True, eq=False, kw_only=True)
class ExplicitnessScore(Score):
    """`score` is the mean of `factors` (k,), each the mean AUROC of a factor's classes.

    All are of the test rows and means over the repeats; scores (repeats,): of each; train_score: of
    the train rows. classes: for each factor the AUROC (size,) of its classes, NaN for a class
    without test rows. classifier: "multinomial" or "one-vs-rest". train, test: how many rows.
    """

    factors: Float64[np.ndarray, " k"]
    classes: tuple[Float64[np.ndarray, " _"], ...]
    train_score: float
    scores: Float64[np.ndarray, " repeats"]
    classifier: str
    train: int
    test: int


def explicitness(
    codes: npt.ArrayLike,
    factors: npt.ArrayLike,
    *,
    rng: np.random.Generator,
    protocol: str = "standard",
    repeats: int = 1,
    active: str | ActiveLatents | npt.ArrayLike = "constant",
    factor_bins: int | None = None,
    missing: float | int | None = None,
) -> ExplicitnessScore:
    """Explicitness: how well logistic regression on all latents ranks the rows of each class.

    The AUROC of each class's probability, class against rest, on test rows; the mean over the
    classes of a factor, then over the factors. Codes are standardised by the train rows. The score
    is in [0, 1]; .5 is chance and the score without active latents; more is better. A class without
    train rows has .5.

    Protocols:

    - "standard": multinomial logistic regression (L2, C = 1), 10,000 train and 5,000 test rows, or,
      of fewer, two thirds and the rest.
    - "locatello2019": one regression for each class against the rest (LIBLINEAR, which penalises
      the intercept too), their probabilities scaled to sum 1, as scikit-learn's default was before
      0.22 and so in the study; 10,000 + 5,000 rows or none.
    - "locatello2019-multinomial": what the study's code gives under today's scikit-learn: .986 on a
      perfect code of dSprites, where "locatello2019" gives .935, because one line cannot separate a
      class in the middle from the others.

    Args:
        codes: (n, m), finite real numbers, n >= 3.
        factors: (n, k), whole numbers, or real ones together with `factor_bins`.
        rng: draws the rows.
        protocol: the name of a protocol above.
        repeats: how often rows are drawn; the score is the mean, and has an interval from two on.
        active: a rule of active latents, its name, or a mask (m,).
        factor_bins: how many classes of equal counts a continuous factor is cut into.
        missing: the label of an unknown factor, such as -1 or nan; rows that have it are left out.

    Raises:
        ValueError: an argument is not as described.
        NotApplicable: a factor is constant, or the protocol takes more rows.

    disentanglement_lib divides an inactive latent by its deviation, 0, and fails.

    Source: Ridgeway & Mozer 2018, section 3, https://arxiv.org/abs/1802.05312; the settings are
    those of Locatello et al. 2019, https://arxiv.org/abs/1811.12359

    Example:
        >>> factors = np.random.default_rng(0).integers(0, 2, (300, 2))
        >>> explicitness(factors + 0.0, factors, rng=np.random.default_rng(1)).score
        1.0
    """
    sample = checked_sample(codes, factors, active=active, factor_bins=factor_bins, missing=missing)
    return explicitness_of(sample, protocol=protocol, rng=rng, repeats=repeats)


def explicitness_of(
    sample: Sample, *, protocol: str = "standard", rng: np.random.Generator, repeats: int = 1
) -> ExplicitnessScore:
    """The explicitness of a checked sample, whose train and test rows are drawn."""
    classifier, sizes = chosen("protocol of explicitness", protocol, PROTOCOLS)
    check_repeats(repeats)
    trained, tested = [], []
    for _ in range(repeats):
        train, test = split_rows(len(sample), sizes, rng, protocol=protocol)
        pairs = _areas(sample, train, test, classifier)
        trained.append(np.array([_mean(area) for area, _ in pairs]))
        tested.append([area for _, area in pairs])
    factors = np.array([[_mean(area) for area in areas] for areas in tested])
    scores = factors.mean(1)
    return ExplicitnessScore(
        **repeated_fields(scores),
        **sample.common_fields(protocol, rng, samples=len(train) + len(test)),
        factors=factors.mean(0),
        classes=tuple(_mean_known(np.array(areas)) for areas in zip(*tested, strict=True)),
        train_score=float(np.mean(trained)),
        classifier=classifier,
        train=len(train),
        test=len(test),
    )


def _areas(
    sample: Sample,
    train: Int64[np.ndarray, " train"],
    test: Int64[np.ndarray, " test"],
    classifier: Classifier,
) -> list[tuple[Float64[np.ndarray, " _"], Float64[np.ndarray, " _"]]]:
    """For each factor the AUROC of its classes on the train and on the test rows."""
    codes = standardised(*(sample.used[rows] for rows in (train, test)))
    areas = []
    for factor, size in zip(sample.classes.T, sample.sizes, strict=True):
        of_train, of_test = _probabilities(*codes, factor[train], size, classifier)
        areas.append((class_areas(of_train, factor[train]), class_areas(of_test, factor[test])))
    return areas


def _probabilities(
    train: Float64[np.ndarray, "n a"],
    test: Float64[np.ndarray, "n2 a"],
    classes: Int64[np.ndarray, " n"],
    size: int,
    classifier: Classifier,
) -> tuple[Float64[np.ndarray, "n size"], Float64[np.ndarray, "n2 size"]]:
    """The probability of each class for train and test rows; 0 for a class without train rows."""
    of_train, of_test = np.zeros((len(train), size)), np.zeros((len(test), size))
    present = np.unique(classes)
    if train.shape[1] == 0 or len(present) < 2:
        return of_train, of_test
    model = logistic_regression(train, classes, classifier)
    of_train[:, present] = model.predict_proba(train)
    of_test[:, present] = model.predict_proba(test)
    return of_train, of_test


def class_areas(
    scores: Float64[np.ndarray, "n size"], classes: Int64[np.ndarray, " n"]
) -> Float64[np.ndarray, " size"]:
    """AUROC of each class's score, class against rest; below .5 if the score points the other way.

    NaN for a class that no row has, or all have.
    """
    n, size = scores.shape
    positives = np.bincount(classes, minlength=size)
    doubled = doubled_midranks(scores)[classes, np.arange(n)]
    ranks = np.bincount(classes, weights=doubled, minlength=size)
    pairs = positives * (n - positives)
    area = (ranks - positives * (positives + 1)) / np.maximum(2 * pairs, 1)
    result: Float64[np.ndarray, " size"] = np.where(pairs > 0, area, np.nan)
    return result


def _mean(areas: Float64[np.ndarray, " size"]) -> float:
    """The mean over the classes that have an AUROC, .5 if none has."""
    known = areas[~np.isnan(areas)]
    return float(known.mean()) if known.size else 0.5


def _mean_known(areas: Float64[np.ndarray, "repeats size"]) -> Float64[np.ndarray, " size"]:
    known = ~np.isnan(areas)
    total = np.where(known, areas, 0.0).sum(0)
    result: Float64[np.ndarray, " size"] = np.where(
        known.any(0), total / np.maximum(known.sum(0), 1), np.nan
    )
    return result


METRIC = Metric(
    function=explicitness,
    summary="AUROC of each class of each factor by logistic regression",
    source="Ridgeway & Mozer 2018",
    range="0 … 1, chance .5",
    cost=2.0,
    protocols=tuple(PROTOCOLS),
    of=explicitness_of,
)
