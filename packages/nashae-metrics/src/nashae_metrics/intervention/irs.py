"""Interventional robustness score (Suter et al. 2019)."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from jaxtyping import Float, Float64, Int64, Shaped

from nashae_metrics.ground.active_latents import ActiveLatents
from nashae_metrics.ground.intervals import Bootstrap, drawn_resamples
from nashae_metrics.ground.metric import Metric
from nashae_metrics.ground.not_applicable import NotApplicable
from nashae_metrics.ground.sample import PROTOCOL_ROWS, Sample, protocol_sample
from nashae_metrics.ground.score import Score
from nashae_metrics.intervention.factor_index import check_shared, groups

BINS = 20  # of each factor under "locatello2019"


@dataclass(frozen=True, eq=False, kw_only=True)
class IRSScore(Score):
    """`score` is the mean of `robustness` (m,) over the active latents, weighted by `weights` (m,).

    matrix (m, k): how robust each latent is if each factor alone is held fixed; robustness: its
    maximum over the factors; parents (m,): the factor of that maximum. weights (m,): each latent's
    maximal deviation from its mean, in standard deviations if the protocol standardises. All are 0,
    and parents -1, for inactive latents. quantile: which deviation of a group counts. bins: into
    how many classes of equal width each factor was cut, None if its own values are the groups.
    single (k,): how many groups of one row were left out.
    """

    matrix: Float64[np.ndarray, "m k"]
    robustness: Float64[np.ndarray, " m"]
    parents: Int64[np.ndarray, " m"]
    weights: Float64[np.ndarray, " m"]
    quantile: float
    bins: int | None
    single: Int64[np.ndarray, " k"]


def irs(
    codes: npt.ArrayLike,
    factors: npt.ArrayLike,
    *,
    protocol: str = "standard",
    quantile: float = 0.99,
    active: str | ActiveLatents | npt.ArrayLike = "constant",
    factor_bins: int | None = None,
    missing: float | int | None = None,
    rng: np.random.Generator | None = None,
    bootstrap: Bootstrap | None = None,
) -> IRSScore:
    """Interventional robustness score: how little each latent moves while its factor is held fixed.

    Rows are grouped by a factor's value; a group's deviation is the `quantile` of |z - mean of the
    group|; a latent's robustness to the other factors is 1 - the mean of that over the groups, in
    units of max |z - mean|. The score takes each latent's best factor, and is in [0, 1]; more is
    better. With no active latent it is 0, with one that latent's robustness. Small groups look
    robust: compare models at equal numbers of samples. It does not see that factors are missing in
    the codes, or that several latents have the same factor.

    Protocols:

    - "standard": latents are standardised, so their scale does not matter; all rows; groups of one
      row, which cannot deviate, are left out; a robustness below 0 counts 0.
    - "locatello2019": 10,000 rows, drawn by `rng`, raw codes, and 20 bins of equal width for each
      factor (so duplicated perfect codes of dSprites have .986, not 1). disentanglement_lib counts
      its active latents wrong (it sums their codes); here `active_count` is their number.

    Args:
        codes: (n, m), finite real numbers, n >= 2.
        factors: (n, k), whole numbers, or real ones together with `factor_bins`.
        protocol: "standard" or "locatello2019".
        quantile: of the deviations of a group, in (0, 1]; the paper takes 1.
        active: a rule of active latents, its name, or a mask (m,).
        factor_bins: how many classes of equal counts a continuous factor is cut into.
        missing: the label of an unknown factor, such as -1 or nan; rows that have it are left out.
        rng: draws the rows and the interval.
        bootstrap: how the interval is drawn. It costs 200 times as much as the score, so by default
            there is none.

    Raises:
        ValueError: an argument is not as described.
        NotApplicable: no two rows share a value of a factor, or the protocol takes more rows.

    Source: Suter et al. 2019, section 3, https://arxiv.org/abs/1811.00007

    Example:
        >>> factors = np.indices((3, 4)).reshape(2, -1).T
        >>> irs(factors + 0.0, factors).score
        1.0
    """
    sample = protocol_sample(
        codes,
        factors,
        protocol=protocol,
        active=active,
        factor_bins=factor_bins,
        missing=missing,
        rng=rng,
    )
    return irs_of(sample, protocol=protocol, rng=rng, bootstrap=bootstrap, quantile=quantile)


def irs_of(
    sample: Sample,
    *,
    protocol: str = "standard",
    rng: np.random.Generator | None = None,
    bootstrap: Bootstrap | None = None,
    quantile: float = 0.99,
) -> IRSScore:
    """The interventional robustness score of a checked sample."""
    if not 0 < quantile <= 1:
        raise ValueError(f"quantile must be in (0, 1]; got {quantile}")
    published = protocol == "locatello2019"
    classes = _histogram_classes(sample.values) if published else sample.classes
    single = _single(classes, sample.columns, protocol if published else None)
    codes = sample.used
    matrix, weights = _robustness(codes, classes, quantile, standardise=not published)
    score, best = _score(matrix, weights, clipped=not published)
    parents = np.full(len(sample.active), -1)
    parents[sample.active] = matrix.argmax(1)

    interval = None
    if resamples := drawn_resamples(len(sample), bootstrap, rng):
        multiplicities = resamples.weights.astype(np.int64)[:, resamples.blocks]
        draws = []
        for rows in (np.repeat(np.arange(len(sample)), times) for times in multiplicities):
            resample = codes[rows], classes[rows]
            robustness = _robustness(*resample, quantile, standardise=not published)
            draws.append(_score(*robustness, clipped=not published)[0])
        interval = resamples.interval(score, np.array(draws), lowest=-np.inf)

    return IRSScore(
        score=score,
        interval=interval,
        **sample.common_fields(protocol, rng),
        matrix=sample.spread(matrix),
        robustness=sample.spread(best),
        parents=parents,
        weights=sample.spread(weights),
        quantile=quantile,
        bins=BINS if published else None,
        single=single,
    )


def _histogram_classes(values: Shaped[np.ndarray, "n k"]) -> Int64[np.ndarray, "n k"]:
    """The bins of equal width that disentanglement_lib cuts every factor into."""
    classes = np.empty(values.shape, dtype=np.int64)
    for column, factor in enumerate(values.astype(np.float64).T):
        edges = np.histogram_bin_edges(factor, BINS)[:-1]
        classes[:, column] = np.searchsorted(edges, factor, side="right")
    return classes


def _single(
    classes: Int64[np.ndarray, "n k"], names: tuple[int, ...], strict: str | None
) -> Int64[np.ndarray, " k"]:
    """How many groups of each factor have one row; raises if all have, or any if strict."""
    single = np.zeros(classes.shape[1], dtype=np.int64)
    for column, (name, factor) in enumerate(zip(names, classes.T, strict=True)):
        _, count = np.unique(factor, return_counts=True)
        single[column] = np.count_nonzero(count == 1)
        check_shared(len(count), int(single[column]), len(factor), f"factors column {name}")
        if strict is not None and single[column]:
            raise NotApplicable(
                f"under protocol {strict!r} each bin of factors column {name} must have two rows; "
                f"got {single[column]} of {len(count)} bins with one: leave it out, or use "
                "protocol 'standard'"
            )
    return single


def _robustness(
    codes: Float[np.ndarray, "n a"],
    classes: Int64[np.ndarray, "n k"],
    quantile: float,
    *,
    standardise: bool,
) -> tuple[Float64[np.ndarray, "a k"], Float64[np.ndarray, " a"]]:
    """Robustness of each latent under each factor, and each latent's maximal deviation.

    Both are 0 for a latent that does not vary.
    """
    # Differences to one row are exact; the mean of huge numbers is not.
    latents = np.ascontiguousarray((codes - codes[0]).T, dtype=np.float64)
    latents -= latents.mean(1, keepdims=True)
    largest = np.abs(latents).max(1)
    varies = largest > 0
    latents /= np.where(varies, largest, 1.0)[:, None]
    deviation = np.stack([_mean_deviation(latents, factor, quantile) for factor in classes.T], 1)
    matrix = np.where(varies[:, None], 1 - deviation, 0.0)
    if not standardise:
        return matrix, largest
    # Differs from the paper: the weights are maximal deviations in deviations of the latent.
    spread = np.sqrt(np.mean(latents**2, axis=1))
    return matrix, np.where(varies, 1 / np.where(varies, spread, 1.0), 0.0)


def _mean_deviation(
    latents: Float64[np.ndarray, "a n"], factor: Int64[np.ndarray, " n"], quantile: float
) -> Float64[np.ndarray, " a"]:
    """Mean over a factor's groups of the quantile of each latent's distance to the group's mean."""
    deviations = []
    for rows in groups(factor):
        group = np.take(latents, rows, axis=1)
        group -= group.mean(1, keepdims=True)
        deviations.append(_quantile(np.abs(group, out=group), quantile))
    # A resample may have no group of two rows: then the robustness is 0.
    return np.mean(deviations, axis=0) if deviations else np.ones(len(latents))


def _quantile(values: Float64[np.ndarray, "a size"], quantile: float) -> Float64[np.ndarray, " a"]:
    """Quantile of each row, linear between two order statistics, as `np.quantile`."""
    place = quantile * (values.shape[1] - 1)
    low = int(place)
    high = min(low + 1, values.shape[1] - 1)
    ordered = np.partition(values, (low, high), axis=1)
    result: Float64[np.ndarray, " a"] = ordered[:, low] + (place - low) * (
        ordered[:, high] - ordered[:, low]
    )
    return result


def _score(
    matrix: Float64[np.ndarray, "a k"], weights: Float64[np.ndarray, " a"], *, clipped: bool
) -> tuple[float, Float64[np.ndarray, " a"]]:
    """The score, 0 where no latent varies, and the robustness of each latent."""
    best = matrix.max(1)
    if clipped:
        # Differs from the paper: there the robustness is negative if rows are farther from their
        # group's mean than any row is from the mean of all.
        best = np.maximum(best, 0.0)
    total = weights.sum()
    return (float(best @ weights / total) if total > 0 else 0.0), best


METRIC = Metric(
    function=irs,
    summary="how little a latent moves while its factor is held fixed",
    source="Suter et al. 2019",
    interval_over=None,  # resamples cost two hundred times as much as the score
    of=irs_of,
    rows=PROTOCOL_ROWS,
)
