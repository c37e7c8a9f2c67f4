"""Mean correlation coefficient of latents and factors matched one to one."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from jaxtyping import Float64, Int64, Shaped

from nashae_metrics.ground.active_latents import ActiveLatents
from nashae_metrics.ground.choices import check_choice
from nashae_metrics.ground.intervals import BOOTSTRAP, Bootstrap, Resamples, drawn_resamples
from nashae_metrics.ground.metric import Metric
from nashae_metrics.ground.ranks import doubled_midranks
from nashae_metrics.ground.sample import Sample, checked_sample
from nashae_metrics.ground.score import Score
from nashae_metrics.ground.splits import SplitSizes, split_rows


@dataclass(frozen=True, eq=False, kw_only=True)
class MCCScore(Score):
    """`score` is the mean of `correlations` (k,), each that of a factor and its latent.

    matching (k,): the latent of each factor, -1 for none. matrix (m, k): absolute correlations on
    the test rows, 0 for inactive latents. correlation: "pearson" or "spearman". train, test: how
    many rows the matching was fitted on, and how many were scored.
    """

    correlations: Float64[np.ndarray, " k"]
    matching: Int64[np.ndarray, " k"]
    matrix: Float64[np.ndarray, "m k"]
    correlation: str
    train: int
    test: int


def mcc(
    codes: npt.ArrayLike,
    factors: npt.ArrayLike,
    *,
    rng: np.random.Generator,
    protocol: str = "standard",
    correlation: str = "pearson",
    active: str | ActiveLatents | npt.ArrayLike = "constant",
    missing: float | int | None = None,
    bootstrap: Bootstrap | None = BOOTSTRAP,
) -> MCCScore:
    """Mean correlation coefficient of factors and latents, matched one to one.

    The matching maximises the sum of absolute correlations on one half of the observations, drawn
    by `rng`; the score is the mean of the matched correlations on the other half, in [0, 1]; more
    is better. A factor without a latent counts 0, and so does a column that is constant in a half.

    Args:
        codes: (n, m), finite real numbers, n >= 3.
        factors: (n, k), any real numbers; their own values are used, not classes.
        rng: draws the halves and the interval.
        protocol: "standard", the only one.
        correlation: "pearson" for linear, "spearman" for any monotone dependence. Neither sees that
            a factor is a circle or a set of classes without order.
        active: a rule of active latents, its name, or a mask (m,).
        missing: the label of an unknown factor, such as -1 or nan; rows that have it are left out.
        bootstrap: how the interval over the test rows is drawn, the matching held fixed; None for
            none. "spearman" has none, because ranks cannot be resampled by weights.

    Raises:
        ValueError: an argument is not as described.
        NotApplicable: a factor is constant.

    Source: Hyvärinen & Morioka 2016, section 5, https://arxiv.org/abs/1605.06336; the two halves
    are those of Khemakhem et al. 2020.

    Example:
        >>> factors = np.random.default_rng(0).normal(size=(100, 2))
        >>> round(mcc(factors[:, ::-1], factors, rng=np.random.default_rng(1)).score, 6)
        1.0
    """
    sample = checked_sample(codes, factors, active=active, missing=missing, every_value=True)
    return mcc_of(sample, protocol=protocol, rng=rng, bootstrap=bootstrap, correlation=correlation)


def mcc_of(
    sample: Sample,
    *,
    protocol: str = "standard",
    rng: np.random.Generator,
    bootstrap: Bootstrap | None = None,
    correlation: str = "pearson",
) -> MCCScore:
    """The mean correlation coefficient of a checked sample."""
    from scipy.optimize import linear_sum_assignment  # type: ignore[import-untyped]

    check_choice("protocol of mcc", protocol, METRIC.protocols)
    check_choice("correlation", correlation, ("pearson", "spearman"))
    half = len(sample) // 2
    sizes = SplitSizes(half, len(sample) - half)
    train, test = split_rows(len(sample), sizes, rng, protocol=protocol)
    fitted = _correlations(*_columns(sample, train, correlation))
    codes, values = _columns(sample, test, correlation)
    scored = _correlations(codes, values)
    latents, factors = linear_sum_assignment(fitted, maximize=True)
    matched = np.zeros(len(sample.sizes))
    matched[factors] = scored[latents, factors]
    matching = np.full(len(sample.sizes), -1)
    matching[factors] = np.flatnonzero(sample.active)[latents]
    score = float(matched.mean())
    interval = None
    # Ranks do not resample by weights.
    if correlation == "pearson" and (resamples := drawn_resamples(len(codes), bootstrap, rng)):
        draws = _drawn_correlations(codes[:, latents], values[:, factors], resamples)
        interval = resamples.interval(score, draws.sum(-1) / len(matched))
    return MCCScore(
        score=score,
        interval=interval,
        **sample.common_fields(protocol, rng),
        correlations=matched,
        matching=matching,
        matrix=sample.spread(scored),
        correlation=correlation,
        train=len(train),
        test=len(test),
    )


def _columns(
    sample: Sample, rows: Int64[np.ndarray, " rows"], correlation: str
) -> tuple[Float64[np.ndarray, "rows a"], Float64[np.ndarray, "rows k"]]:
    """Latents and factors, or their ranks, at mean 0 and norm 1; constant columns are 0."""
    return _normed(sample.used[rows], correlation), _normed(sample.values[rows], correlation)


def _normed(
    columns: Shaped[np.ndarray, "rows c"], correlation: str
) -> Float64[np.ndarray, "rows c"]:
    if correlation == "spearman":
        columns = doubled_midranks(columns).T
    varying = columns.max(0) > columns.min(0)
    centred = columns.astype(np.float64)
    centred -= centred.mean(0)
    # Scaled to a largest value of 1 first, so that squares neither overflow nor vanish.
    centred /= np.where(varying, np.abs(centred).max(0), 1.0)
    centred -= centred.mean(0)
    norm = np.sqrt((centred**2).sum(0))
    normed: Float64[np.ndarray, "rows c"] = np.where(
        varying, centred / np.where(varying, norm, 1.0), 0.0
    )
    return normed


def _correlations(
    codes: Float64[np.ndarray, "rows a"], values: Float64[np.ndarray, "rows k"]
) -> Float64[np.ndarray, "a k"]:
    matrix: Float64[np.ndarray, "a k"] = np.minimum(np.abs(codes.T @ values), 1.0)
    return matrix


def _drawn_correlations(
    codes: Float64[np.ndarray, "rows pairs"],
    values: Float64[np.ndarray, "rows pairs"],
    resamples: Resamples,
) -> Float64[np.ndarray, "draws pairs"]:
    """The correlation of each pair of columns in each resample."""
    blocks, weights, _ = resamples
    terms = np.stack([np.ones_like(codes), codes, values, codes**2, values**2, codes * values])
    sums = np.zeros((weights.shape[1], *terms.shape[::2]))
    np.add.at(sums, blocks, terms.swapaxes(0, 1))
    total, z, v, zz, vv, zv = np.moveaxis(np.tensordot(weights, sums, axes=1), 1, 0)
    covered = total * zv - z * v
    product = np.maximum(total * zz - z * z, 0) * np.maximum(total * vv - v * v, 0)
    # Rounding is about 1e-16 of the sums: a resample of one value has no correlation.
    varying = product > 1e-24 * (total * zz) * (total * vv)
    correlations = np.where(
        varying, np.abs(covered) / np.sqrt(np.where(varying, product, 1.0)), 0.0
    )
    return np.minimum(correlations, 1.0)


METRIC = Metric(
    function=mcc,
    summary="mean correlation of latents and factors, matched one to one",
    source="Hyvärinen & Morioka 2016",
    protocols=("standard",),
    interval_over="samples",
    of=mcc_of,
)
