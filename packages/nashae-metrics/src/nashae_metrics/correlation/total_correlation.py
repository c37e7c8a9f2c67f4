"""Gaussian total correlation of latents (Locatello et al. 2019)."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from jaxtyping import Float64

from nashae_metrics.correlation.covariance import drawn_covariances, unit_variance
from nashae_metrics.ground.active_latents import ActiveLatents
from nashae_metrics.ground.intervals import (
    BOOTSTRAP,
    Bootstrap,
    Interval,
    Resamples,
    drawn_resamples,
)
from nashae_metrics.ground.metric import Metric
from nashae_metrics.ground.sample import codes_sample
from nashae_metrics.ground.score import Score

ROUNDINGS = 16  # a singular value of at most so many roundings a latent counts as 0
SINGULAR_DRAW = 1e-12


@dataclass(frozen=True, eq=False, kw_only=True)
class TotalCorrelationScore(Score):
    """`score` is the Gaussian total correlation in nats, infinite for dependent latents.

    correlation (m, m): Pearson's, 0 for inactive latents, their own included.
    """

    correlation: Float64[np.ndarray, "m m"]


def total_correlation(
    codes: npt.ArrayLike,
    *,
    protocol: str = "standard",
    active: str | ActiveLatents | npt.ArrayLike = "constant",
    rng: np.random.Generator | None = None,
    bootstrap: Bootstrap | None = BOOTSTRAP,
) -> TotalCorrelationScore:
    """Gaussian total correlation: how far the active latents are from being uncorrelated.

    ½(Σ log Σ_ii - log det Σ) = -½ log det of the correlations, in nats, 0 ... ∞; less is better. It
    does not depend on the latents' order, sign, scale and offset. With one active latent or none it
    is 0. It is `inf` if the active latents are linearly dependent up to rounding: two of them
    equal, or no more observations than latents. Finite samples bias it upwards by about a(a - 1)/(4
    n) for a active latents.

    Args:
        codes: (n, m), finite real numbers, n >= 2.
        protocol: "standard" takes all rows; "locatello2019" 10,000 of them, drawn by `rng`. It
            differs from disentanglement_lib in one thing: there an inactive latent makes the score
            NaN.
        active: a rule of active latents, its name, or a mask (m,).
        rng: draws the rows and the interval; without it there is no interval.
        bootstrap: how the interval is drawn, None for none. There is none for an infinite score,
            nor if a resample has dependent latents.

    Raises:
        ValueError: an argument is not as described.
        NotApplicable: the protocol takes more rows.

    Source: Locatello et al. 2019, section 5.3, https://arxiv.org/abs/1811.12359; Watanabe 1960,
    https://doi.org/10.1147/rd.41.0066

    Example:
        >>> round(total_correlation([[0.0, 0.0], [0.0, 1.0], [1.0, 1.0], [1.0, 1.0]]).score, 3)
        0.203
    """
    sample = codes_sample(codes, protocol=protocol, active=active, rng=rng)
    values, _ = unit_variance(sample.used)
    # From the singular values of the codes, not from the determinant of their covariance, whose
    # smallest eigenvalues are lost to rounding in the square.
    triangle = np.linalg.qr(values, mode="r") / len(values) ** 0.5
    singular = np.linalg.svd(triangle, compute_uv=False)
    latents = values.shape[1]
    score, interval = float("inf"), None
    least = ROUNDINGS * latents * float(np.finfo(np.float64).eps)
    if len(singular) == latents and (singular > least).all():
        score = max(0.0, -float(np.log(singular).sum()))
        if resamples := drawn_resamples(len(values), bootstrap, rng):
            interval = _interval(score, values, triangle, resamples)
    return TotalCorrelationScore(
        score=score,
        interval=interval,
        **sample.common_fields(protocol, rng),
        correlation=sample.spread_pairs(values.T @ values / len(values)),
    )


def _interval(
    score: float,
    values: Float64[np.ndarray, "n a"],
    triangle: Float64[np.ndarray, "a a"],
    resamples: Resamples,
) -> Interval | None:
    # Resamples of codes whitened by all rows have determinants near 1, so a nearly singular
    # covariance loses no digits.
    whitened = np.linalg.solve(triangle.T, values.T).T
    eigenvalues = np.linalg.eigvalsh(drawn_covariances(whitened, resamples))
    covariances = drawn_covariances(values, resamples)
    variances = np.diagonal(covariances, axis1=1, axis2=2)
    if (eigenvalues < SINGULAR_DRAW).any() or (variances < SINGULAR_DRAW).any():
        return None
    shift = np.log(np.abs(np.diag(triangle))).sum()
    scores = (np.log(variances) - np.log(eigenvalues)).sum(1) / 2 - shift
    return resamples.interval(score, scores, highest=np.inf)


METRIC = Metric(
    function=total_correlation,
    summary="distance of the codes from independence, taken as Gaussian, in nats",
    source="Watanabe 1960",
    range="0 … ∞",
    better="low",
    needs="codes",
    interval_over="samples",
)
