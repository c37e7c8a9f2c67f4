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
from nashae_metrics.ground.score import Score
from nashae_metrics.ground.sklearn_warnings import silenced
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
    inactive latents. latents (m,), NaN for inactive ones, and compact (k,): the terms whose means
    InfoM and InfoC are; explicit (k,): those of InfoE. All are means over the repeats; scores
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
    """InfoM, InfoC, InfoE: whether latents know of one factor, factors are in one latent, linearly.

    codes (n, m), any real numbers; factors (n, k), whole numbers, or real ones that are cut into
    `factor_bins` classes of equal counts. From I_dk = I(z_d; v_k)/H(v_k), by nearest neighbours:
    - InfoM, the score: mean over the active latents of (max_k I_dk/Σ_k I_dk - 1/k)/(1 - 1/k);
    - InfoC: mean over the factors of (max_d I_dk/Σ_d I_dk - 1/a)/(1 - 1/a) for a active latents;
    - InfoE: mean over the factors of (H - H′)/H, with H′ the log loss of a multinomial logistic
      regression without penalty on the standardised latents, and H that without latents, H(v_k).
    All are in [0, 1]; more is better. A latent or a factor without information counts 0 in InfoM
    or InfoC (the authors' code divides 0 by 0). With one factor, or one active latent, there is
    nothing to be mixed with: what has information counts 1. Without active latents all three are 0.

    protocol: "standard"; "hsu2023" as the authors' code: latents whose range is at most a twentieth
    of the largest are inactive too, though InfoE is told by all, and the regression weighs classes
    alike, which changes InfoE where classes are not of equal counts.
    Both take 10,000 rows, drawn by `rng`, or all where there are no more, and are not split: InfoE
    is that of the rows learnt from. repeats: how often rows are drawn; from two on the score has an
    interval. It has none, and `rng` is not needed, where all rows are taken. active: a rule's name,
    an `ActiveLatents`, or a mask (m,).

    Tied codes are counted as they are, not parted by random noise as in the authors' code, so that
    quantised latents need no estimator of their own. Rows that are repeated, as in a small data set
    drawn from with replacement, are not their own neighbours: they leave InfoM and InfoC as they
    are, which the authors' code makes 0.
    missing: a label that stands for an unknown one, such as -1 or nan; rows that have it in any
    factor are left out.

    Raises `ValueError` for codes that are not finite or not (n >= 2, m >= 1), factors that are
    constant, of another length, or continuous without `factor_bins`, an unknown rule or protocol,
    and fewer than one neighbour or repeat.

    Source: Hsu et al. 2023 ("Disentanglement via latent quantization"), section 5 and code.
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
    """InfoM, InfoC and InfoE of a sample that is checked."""
    check_choice("protocol of infomec", protocol, PROTOCOLS)
    check_repeats(repeats)
    linear, balanced = sample.used, protocol == "hsu2023"
    if balanced:
        linear, sample = sample.codes[:, np.ptp(sample.codes, axis=0) > 0], _pruned(sample)
    found, explicit = [], []
    for _ in range(repeats if len(sample) > ROWS else 1):
        rows = np.arange(len(sample))
        if len(sample) > ROWS:
            rows = drawn_rows(len(sample), ROWS, rng, protocol=protocol)
        found.append(_information(sample, rows, neighbours))
        explicit.append(_explicit(linear[rows], sample.classes[rows], balanced=balanced))
    terms = [_one_sided(information) for information in found]
    compact = [_one_sided(information.T) for information in found]
    scores = np.array([float(mean(term)) for term in terms])
    return InfoMECScore(
        **repeated_fields(scores),
        **sample.common_fields(protocol, rng, samples=len(rows)),
        modularity=float(scores.mean()),
        compactness=float(np.mean(compact)),
        explicitness=float(np.mean(explicit)),
        information=sample.spread(np.mean(found, axis=0)),
        latents=sample.spread(np.mean(terms, axis=0), missing=np.nan),
        compact=np.mean(compact, axis=0),
        explicit=np.mean(explicit, axis=0),
        neighbours=neighbours,
    )


def _pruned(sample: Sample) -> Sample:
    """Without the latents that move a twentieth of what the one moves that moves most."""
    ranges = np.ptp(sample.codes.astype(np.float64), axis=0)
    wide = sample.active & (ranges > ranges.max() / PRUNED)
    return replace(sample, active=wide, rule=f"{sample.rule}, range > max/{PRUNED}")


def _information(
    sample: Sample, rows: Int64[np.ndarray, " rows"], neighbours: int
) -> Float64[np.ndarray, "a k"]:
    """Information over the factor's entropy; of finitely many rows it may be a little above 1."""
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
    """By how much each row's information is in one column: 1 all of it, 0 spread out, or none."""
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
    # Without latents the best guess is the classes' shares; balanced, it is the same for all.
    entropy = float(np.log(len(present))) if balanced else _entropy(numbers)
    weighing = "balanced" if balanced else None
    model = LogisticRegression(C=np.inf, max_iter=ITERATIONS, class_weight=weighing)
    with silenced():
        model.fit(features, numbers)
    told = model.predict_proba(features)[np.arange(len(numbers)), numbers]
    loss = -float(np.log(np.maximum(told, np.finfo(np.float64).eps)).mean())
    return min(max(1 - loss / entropy, 0.0), 1.0)


METRIC = Metric(
    function=infomec,
    summary="InfoM, InfoC and InfoE: shares of information, by nearest neighbours",
    source="Hsu et al. 2023",
    range="0 … 1",
    better="high",
    cost=4.0,
    protocols=PROTOCOLS,
    of=infomec_of,
)
