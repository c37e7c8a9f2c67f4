"""Separated attribute predictability (Kumar et al. 2018)."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from jaxtyping import Float64, Int64

from nashae_metrics.ground.active_latents import ActiveLatents
from nashae_metrics.ground.choices import chosen
from nashae_metrics.ground.intervals import check_repeats, repeated_fields
from nashae_metrics.ground.metric import Metric
from nashae_metrics.ground.reductions import gaps
from nashae_metrics.ground.sample import Sample, checked_sample
from nashae_metrics.ground.score import Score
from nashae_metrics.ground.splits import SplitSizes, split_rows
from nashae_metrics.ground.standardisation import standardised
from nashae_metrics.prediction.linear_svm import fitted_lines, line_classes

# Whether codes are standardised, and the sizes of the split.
PROTOCOLS = {
    "standard": (True, SplitSizes(10_000, 5_000)),
    "locatello2019": (False, SplitSizes(10_000, 5_000, strict=True)),
}


@dataclass(frozen=True, eq=False, kw_only=True)
class SAPScore(Score):
    """`score` is the mean of `gaps` (k,), each the gap of the two best latents of a factor.

    predictability (m, k): accuracy on the test rows of a linear SVM of one latent, R² for
    continuous factors; NaN for inactive latents. chance (k,): the accuracy, or R², without any
    latent. All are means over the repeats; scores (repeats,): of each. train, test: how many rows.
    """

    gaps: Float64[np.ndarray, " k"]
    predictability: Float64[np.ndarray, "m k"]
    chance: Float64[np.ndarray, " k"]
    scores: Float64[np.ndarray, " repeats"]
    train: int
    test: int


def sap(
    codes: npt.ArrayLike,
    factors: npt.ArrayLike,
    *,
    rng: np.random.Generator,
    protocol: str = "standard",
    repeats: int = 1,
    active: str | ActiveLatents | npt.ArrayLike = "constant",
    factor_bins: int | None = None,
    missing: float | int | None = None,
) -> SAPScore:
    """Separated attribute predictability: the gap between the two best latents of each factor.

    A class is predicted from one latent by a linear SVM, one class against the rest (squared hinge,
    C = 0.01, balanced); the latent's predictability is the accuracy on test rows. For a continuous
    factor it is the squared correlation with the factor's own values on the train rows, whatever
    its bins. The score is the mean over the factors of the gap between the two best latents, in [0,
    1], mostly far below 1 (a linear SVM on one latent separates few of many classes); more is
    better. If fewer than two latents are active, the missing ones predict by chance: the commonest
    train class, and R² = 0; with none the score is 0.

    Args:
        codes: (n, m), finite real numbers, n >= 3.
        factors: (n, k), whole numbers (classes), or real ones together with `factor_bins`.
        rng: draws the rows.
        protocol: "standard" standardises the codes by the train rows and takes 10,000 + 5,000 rows,
            or, of fewer, two thirds and the rest. "locatello2019" takes raw codes, on whose scale
            the score depends, and 10,000 + 5,000 rows or none.
        repeats: how often rows are drawn; the score is the mean, and has an interval from two on.
        active: a rule of active latents, its name, or a mask (m,).
        factor_bins: how many classes of equal counts a continuous factor is cut into.
        missing: the label of an unknown factor, such as -1 or nan; rows that have it are left out.

    Raises:
        ValueError: an argument is not as described.
        NotApplicable: a factor is constant, or the protocol takes more rows.

    In disentanglement_lib an inactive latent has a classifier too, which predicts one class by a
    rounding error if there are two; one latent alone is an IndexError.

    Source: Kumar et al. 2018, section 3, https://arxiv.org/abs/1711.00848; the SVM's settings are
    those of Locatello et al. 2019, https://arxiv.org/abs/1811.12359

    Example:
        >>> factors = np.random.default_rng(0).integers(0, 2, (300, 2))
        >>> result = sap(factors + 0.0, factors, rng=np.random.default_rng(1))
        >>> result.score > 0.4
        True
    """
    sample = checked_sample(codes, factors, active=active, factor_bins=factor_bins, missing=missing)
    return sap_of(sample, protocol=protocol, rng=rng, repeats=repeats)


def sap_of(
    sample: Sample, *, protocol: str = "standard", rng: np.random.Generator, repeats: int = 1
) -> SAPScore:
    """The SAP of a checked sample, whose train and test rows are drawn."""
    standardize, sizes = chosen("protocol of sap", protocol, PROTOCOLS)
    check_repeats(repeats)
    predictabilities, chances, gaps_of_repeats = [], [], []
    for _ in range(repeats):
        train, test = split_rows(len(sample), sizes, rng, protocol=protocol)
        predicted, chance = _predictability(sample, train, test, standardize=standardize)
        predictabilities.append(predicted)
        chances.append(chance)
        gaps_of_repeats.append(gaps(_ranked(predicted, chance)))
    scores = np.mean(gaps_of_repeats, axis=1)
    return SAPScore(
        **repeated_fields(scores),
        **sample.common_fields(protocol, rng, samples=len(train) + len(test)),
        gaps=np.mean(gaps_of_repeats, axis=0),
        predictability=sample.spread(np.mean(predictabilities, axis=0), missing=np.nan),
        chance=np.mean(chances, axis=0),
        train=len(train),
        test=len(test),
    )


def _ranked(
    predicted: Float64[np.ndarray, "a k"], chance: Float64[np.ndarray, " k"]
) -> Float64[np.ndarray, "rows k"]:
    """At least two rows: chance stands in for missing latents."""
    return predicted if len(predicted) > 1 else np.vstack([predicted, chance, chance])


def _predictability(
    sample: Sample,
    train: Int64[np.ndarray, " train"],
    test: Int64[np.ndarray, " test"],
    *,
    standardize: bool,
) -> tuple[Float64[np.ndarray, "a k"], Float64[np.ndarray, " k"]]:
    """The predictability of the active latents, and chance."""
    codes, tested_codes = (sample.used[rows].astype(np.float64) for rows in (train, test))
    if standardize:
        codes, tested_codes = standardised(codes, tested_codes)
    predicted = np.zeros((codes.shape[1], len(sample.sizes)))
    chance = np.zeros(len(sample.sizes))
    discrete = np.flatnonzero(~sample.binned)
    for factor in np.flatnonzero(sample.binned):
        predicted[:, factor] = _squared_correlation(codes, sample.values[train, factor])
    if discrete.size:
        classes, tested = sample.classes[train][:, discrete], sample.classes[test][:, discrete]
        lines = fitted_lines(codes, classes, tuple(sample.sizes[factor] for factor in discrete))
        for place, factor in enumerate(discrete):
            right = line_classes(tested_codes, lines[place]) == tested[:, [place]]
            predicted[:, factor] = right.mean(0)
            commonest = np.bincount(classes[:, place]).argmax()
            chance[factor] = np.mean(tested[:, place] == commonest)
    return predicted, chance


def _squared_correlation(
    codes: Float64[np.ndarray, "n a"], values: Float64[np.ndarray, " n"]
) -> Float64[np.ndarray, " a"]:
    """R² of each latent with a factor; 0 if one of them is constant."""
    centred, target = codes - codes.mean(0), values - values.mean()
    product = (centred**2).sum(0) * (target**2).sum()
    covered = (centred * target[:, None]).sum(0) ** 2
    share: Float64[np.ndarray, " a"] = covered / np.where(product > 0, product, 1.0)
    return np.minimum(np.where(product > 0, share, 0.0), 1.0)


METRIC = Metric(
    function=sap,
    summary="gap between the two best single latents in predicting each factor",
    source="Kumar et al. 2018",
    cost=0.2,
    protocols=tuple(PROTOCOLS),
    interval_over="draws",
    of=sap_of,
)
