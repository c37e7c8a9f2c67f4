"""Mean correlation coefficient of latents and factors matched one to one."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from jaxtyping import Float64, Int64, Shaped

from nashae_metrics.ground.active_latents import ActiveLatents, active_latents
from nashae_metrics.ground.arrays import check_varying, codes_and_factors
from nashae_metrics.ground.intervals import (
    BOOTSTRAP,
    Bootstrap,
    Interval,
    block_numbers,
    draw_weights,
    interval_of,
)
from nashae_metrics.ground.ranks import doubled_midranks
from nashae_metrics.ground.sample import Sample
from nashae_metrics.ground.score import Score
from nashae_metrics.ground.splits import SplitSizes, split_rows


@dataclass(frozen=True, eq=False, kw_only=True)
class MCCScore(Score):
    """`score` is the mean of `correlations` (k,), each that of a factor and its latent.

    matching (k,): the latent of each factor, -1 for none. matrix (m, k): absolute correlations on
    the rows that were scored, 0 for inactive latents. correlation: "pearson" or "spearman". train,
    test: rows that the matching was fitted on and that were scored.
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
    """Mean correlation coefficient: by how much each factor follows a latent of its own.

    codes (n, m) and factors (n, k), any real numbers: the factors' own values are taken, no
    classes. Latents are matched to factors one to one so that the sum of the absolute correlations
    is largest; the matching is fitted on one half of the rows, drawn by `rng`, and scored on the
    other. A factor without a latent, where fewer are active than there are factors, counts 0, and
    so does a column that is constant within the half. The score is in [0, 1]; more is better.

    correlation: "pearson" sees lines, "spearman" any monotone dependence. Neither sees that a
    factor is a circle or a set of classes without order. active: a rule's name, an `ActiveLatents`,
    or a mask (m,). The interval is drawn over the rows scored as `bootstrap` says, the matching
    held fixed; "spearman" has none, for ranks do not resample by weights.
    missing: a label that stands for an unknown one, such as -1 or nan; rows that have it in any
    factor are left out.

    Raises `ValueError` for codes or factors that are not finite, codes not (n >= 3, m >= 1),
    factors that are constant or of another length, and an unknown rule, protocol or correlation.

    Source: Hyvärinen & Morioka 2016, section 5; the two halves are those of Khemakhem et al. 2020.
    """
    sample = _sample_of_values(codes, factors, active, missing)
    return mcc_of(sample, protocol=protocol, rng=rng, bootstrap=bootstrap, correlation=correlation)


def mcc_of(
    sample: Sample,
    *,
    protocol: str = "standard",
    rng: np.random.Generator,
    bootstrap: Bootstrap | None = None,
    correlation: str = "pearson",
) -> MCCScore:
    """The mean correlation coefficient of a sample that is checked."""
    from scipy.optimize import linear_sum_assignment  # type: ignore[import-untyped]

    if protocol != "standard":
        raise ValueError(f"unknown protocol of mcc {protocol!r}; the known are ['standard']")
    if correlation not in ("pearson", "spearman"):
        raise ValueError(f"correlation must be 'pearson' or 'spearman', got {correlation!r}")
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
    if bootstrap is not None and correlation == "pearson":
        pairs = codes[:, latents], values[:, factors]
        interval = _interval(score, *pairs, len(matched), bootstrap, rng)
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


def _sample_of_values(
    codes: npt.ArrayLike,
    factors: npt.ArrayLike,
    active: str | ActiveLatents | npt.ArrayLike,
    missing: float | int | None,
) -> Sample:
    """A sample whose classes are the factors' distinct values, continuous or not."""
    checked, values = codes_and_factors(codes, factors, missing)
    distinct = [np.unique(column, return_inverse=True) for column in values.T]
    classes = np.column_stack([numbers for _, numbers in distinct]).astype(np.int64)
    columns = tuple(range(classes.shape[1]))
    check_varying(classes, columns)
    mask, rule = active_latents(checked, active)
    sizes = tuple(len(found) for found, _ in distinct)
    binned = np.zeros(len(sizes), dtype=bool)
    return Sample(
        codes=checked,
        values=values.astype(np.float64),
        classes=classes,
        sizes=sizes,
        active=mask,
        rule=rule,
        binned=binned,
        factor_bins=None,
        columns=columns,
        given=len(columns),
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
    # The largest to 1 first, so that squares neither overflow nor vanish.
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


def _interval(
    score: float,
    codes: Float64[np.ndarray, "rows pairs"],
    values: Float64[np.ndarray, "rows pairs"],
    factors: int,
    bootstrap: Bootstrap,
    rng: np.random.Generator,
) -> Interval:
    """Weighted covariances of the matched pairs: sums of each block, times each draw's weights."""
    numbers = block_numbers(len(codes), bootstrap, rng)
    blocks = int(numbers.max()) + 1
    weights = draw_weights(blocks, bootstrap, rng)
    terms = np.stack([np.ones_like(codes), codes, values, codes**2, values**2, codes * values])
    sums = np.zeros((blocks, *terms.shape[::2]))
    np.add.at(sums, numbers, terms.swapaxes(0, 1))
    total, z, v, zz, vv, zv = np.moveaxis(np.tensordot(weights, sums, axes=1), 1, 0)
    covered = total * zv - z * v
    product = np.maximum(total * zz - z * z, 0) * np.maximum(total * vv - v * v, 0)
    # Rounding is about 1e-16 of the sums: a resample that holds one value only has no correlation.
    varying = product > 1e-24 * (total * zz) * (total * vv)
    drawn = np.where(varying, np.abs(covered) / np.sqrt(np.where(varying, product, 1.0)), 0.0)
    return interval_of(score, np.minimum(drawn, 1.0).sum(-1) / factors, bootstrap)
