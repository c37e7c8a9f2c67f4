"""InfoM, InfoC and InfoE (Hsu et al. 2023)."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from jaxtyping import Float, Float64, Int64

from nashae_metrics.ground.active_latents import ActiveLatents
from nashae_metrics.ground.choices import check_choice
from nashae_metrics.ground.intervals import check_repeats, repeated_fields
from nashae_metrics.ground.metric import Metric
from nashae_metrics.ground.reductions import mean, shares
from nashae_metrics.ground.sample import Sample, checked_sample
from nashae_metrics.ground.scikit_learn import silenced
from nashae_metrics.ground.score import Score
from nashae_metrics.ground.splits import drawn_rows
from nashae_metrics.ground.standardisation import standardised
from nashae_metrics.information.neighbours import neighbour_information, numbered_combinations

PROTOCOLS = ("standard", "hsu2023")
ROWS = 10_000
ITERATIONS = 100  # of L-BFGS; in ten times as many InfoE grows by some .002
PRUNED = 20  # "hsu2023" prunes latents of less than the largest range over this


@dataclass(frozen=True, eq=False, kw_only=True)
class InfoMECScore(Score):
    """`score` is `modularity` (InfoM); compactness (InfoC) and explicitness (InfoE) beside it.

    The paper has three numbers and no mean of them. information (m, k): I(z_d; v_k)/H(v_k), 0 for
    inactive latents. latents (m,), NaN for inactive ones, and compact (k,): the terms of the means
    InfoM and InfoC; explicit (k,): those of InfoE. All are means over the repeats; scores
    (repeats,): InfoM of each. neighbours: of the estimate of information.
    """

    modularity: float
    compactness: float
    explicitness: float
    information: Float64[np.ndarray, "m k"]
    latents: Float64[np.ndarray, " m"]
    compact: Float64[np.ndarray, " k"]
    explicit: Float64[np.ndarray, " k"]
    scores: Float64[np.ndarray, " repeats"]
    neighbours: int


def infomec(
    codes: npt.ArrayLike,
    factors: npt.ArrayLike,
    *,
    rng: np.random.Generator | None = None,
    protocol: str = "standard",
    repeats: int = 1,
    neighbours: int = 10,
    active: str | ActiveLatents | npt.ArrayLike = "constant",
    factor_bins: int | None = None,
    missing: float | int | None = None,
) -> InfoMECScore:
    """InfoM, InfoC, InfoE: latents know one factor, factors are in one latent, and linearly.

    With I_dk = I(z_d; v_k)/H(v_k), estimated by nearest neighbours:

    - InfoM, the score: mean over the active latents of (max_k I_dk/Σ_k I_dk - 1/k)/(1 - 1/k);
    - InfoC: mean over the factors of (max_d I_dk/Σ_d I_dk - 1/a)/(1 - 1/a) for a active latents;
    - InfoE: mean over the factors of (H - H′)/H, with H′ the log loss of a multinomial logistic
      regression without penalty on the standardised latents, and H that without latents, H(v_k).

    All are in [0, 1]; more is better. A latent or a factor without information counts 0 in InfoM or
    InfoC (the authors' code divides 0 by 0). With one factor, or one active latent, what has
    information counts 1. Without active latents all three are 0.

    Tied codes are counted as such, not separated by random noise as in the authors' code, so
    quantised latents need no estimator of their own. Repeated rows, as in a small data set drawn
    from with replacement, are not their own neighbours: they do not change InfoM and InfoC,
    where the authors' code gives 0.

    Args:
        codes: (n, m), finite real numbers, n >= 2.
        factors: (n, k), whole numbers, or real ones together with `factor_bins`.
        rng: draws the rows; not needed if all are taken.
        protocol: "standard", or "hsu2023" as the authors' code: latents whose range is at most a
            twentieth of the largest are inactive too, though InfoE uses all, and the regression
            weighs classes equally, which changes InfoE if their counts differ. Both take 10,000
            rows, or all if there are no more, and do not split them: InfoE is that of the training
            rows.
        repeats: how often rows are drawn; from two on the score has an interval, unless all rows
            are taken.
        neighbours: of the estimate of information.
        active: a rule of active latents, its name, or a mask (m,).
        factor_bins: how many classes of equal counts a continuous factor is cut into.
        missing: the label of an unknown factor, such as -1 or nan; rows that have it are left out.

    Raises:
        ValueError: an argument is not as described.
        NotApplicable: a factor is constant.

    Source: Hsu et al. 2023, section 5 and code, https://arxiv.org/abs/2305.18378

    Example:
        >>> factors = np.random.default_rng(0).integers(0, 3, (300, 2))
        >>> result = infomec(factors[:, :1] + 0.0, factors)  # one latent, which is the first factor
        >>> round(result.modularity, 2), round(result.compactness, 2)
        (1.0, 0.5)
    """
    sample = checked_sample(codes, factors, active=active, factor_bins=factor_bins, missing=missing)
    return infomec_of(sample, protocol=protocol, rng=rng, repeats=repeats, neighbours=neighbours)


def infomec_of(
    sample: Sample,
    *,
    protocol: str = "standard",
    rng: np.random.Generator | None = None,
    repeats: int = 1,
    neighbours: int = 10,
) -> InfoMECScore:
    """InfoM, InfoC and InfoE of a checked sample."""
    check_choice("protocol of infomec", protocol, PROTOCOLS)
    check_repeats(repeats)
    linear, balanced = sample.used, protocol == "hsu2023"
    if balanced:
        linear, sample = sample.codes[:, np.ptp(sample.codes, axis=0) > 0], _pruned(sample)
    tables, explicit = [], []
    for _ in range(repeats if len(sample) > ROWS else 1):
        rows = np.arange(len(sample))
        if len(sample) > ROWS:
            rows = drawn_rows(len(sample), ROWS, rng, protocol=protocol)
        tables.append(_information(sample, rows, neighbours))
        explicit.append(_explicit(linear[rows], sample.classes[rows], balanced=balanced))
    terms = [_one_sided(information) for information in tables]
    compact = [_one_sided(information.T) for information in tables]
    scores = np.array([float(mean(term)) for term in terms])
    return InfoMECScore(
        **repeated_fields(scores),
        **sample.common_fields(protocol, rng, samples=len(rows)),
        modularity=float(scores.mean()),
        compactness=float(np.mean(compact)),
        explicitness=float(np.mean(explicit)),
        information=sample.spread(np.mean(tables, axis=0)),
        latents=sample.spread(np.mean(terms, axis=0), missing=np.nan),
        compact=np.mean(compact, axis=0),
        explicit=np.mean(explicit, axis=0),
        neighbours=neighbours,
    )


def _pruned(sample: Sample) -> Sample:
    """The sample without latents whose range is at most a twentieth of the largest."""
    ranges = np.ptp(sample.codes.astype(np.float64), axis=0)
    wide = sample.active & (ranges > ranges.max() / PRUNED)
    return replace(sample, active=wide, rule=f"{sample.rule}, range > max/{PRUNED}")


def _information(
    sample: Sample, rows: Int64[np.ndarray, " rows"], neighbours: int
) -> Float64[np.ndarray, "a k"]:
    """Information over the factor's entropy; in finite samples it may be a little above 1."""
    classes = sample.classes[rows]
    information = neighbour_information(
        sample.used[rows],
        classes,
        sample.sizes,
        neighbours=neighbours,
        combinations=numbered_combinations(sample.values[rows]),
    )
    entropies = np.array([_entropy(factor) for factor in classes.T])
    return shares(information, np.broadcast_to(entropies, information.shape))


def _entropy(factor: Int64[np.ndarray, " n"]) -> float:
    counts = np.bincount(factor)
    share = counts[counts > 0] / len(factor)
    return float(-(share * np.log(share)).sum())


def _one_sided(information: Float64[np.ndarray, "rows columns"]) -> Float64[np.ndarray, " rows"]:
    """How concentrated each row's information is: 1 in one column, 0 spread out or none."""
    number = information.shape[1]
    if number == 0:
        return np.zeros(len(information))
    total = information.sum(1)
    share = shares(information.max(1), total)
    if number > 1:
        share = (share - 1 / number) / (1 - 1 / number)
    result: Float64[np.ndarray, " rows"] = np.where(total > 0, np.clip(share, 0.0, 1.0), 0.0)
    return result


def _explicit(
    codes: Float[np.ndarray, "n a"], classes: Int64[np.ndarray, "n k"], *, balanced: bool
) -> Float64[np.ndarray, " k"]:
    """The share of each factor's entropy that a linear classifier removes."""
    if codes.shape[1] == 0:
        return np.zeros(classes.shape[1])
    features, _ = standardised(codes, codes[:0])
    return np.array([_removed(features, factor, balanced=balanced) for factor in classes.T])


def _removed(
    features: Float64[np.ndarray, "n a"], factor: Int64[np.ndarray, " n"], *, balanced: bool
) -> float:
    from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]

    present, numbers = np.unique(factor, return_inverse=True)
    if len(present) < 2:
        return 0.0
    # Without latents the best prediction is the classes' shares; balanced, equal ones.
    entropy = float(np.log(len(present))) if balanced else _entropy(numbers)
    weighing = "balanced" if balanced else None
    model = LogisticRegression(C=np.inf, max_iter=ITERATIONS, class_weight=weighing)
    with silenced():
        model.fit(features, numbers)
    likelihoods = model.predict_proba(features)[np.arange(len(numbers)), numbers]
    loss = -float(np.log(np.maximum(likelihoods, np.finfo(np.float64).eps)).mean())
    return min(max(1 - loss / entropy, 0.0), 1.0)


METRIC = Metric(
    function=infomec,
    summary="InfoM, InfoC and InfoE: shares of information, by nearest neighbours",
    source="Hsu et al. 2023",
    cost=4.0,
    protocols=PROTOCOLS,
    of=infomec_of,
)
