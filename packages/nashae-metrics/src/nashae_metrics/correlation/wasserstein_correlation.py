"""Gaussian Wasserstein correlation of latents (Locatello et al. 2019)."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from jaxtyping import Float64

from nashae_metrics.correlation.covariance import centred, drawn_covariances
from nashae_metrics.ground.active_latents import ActiveLatents
from nashae_metrics.ground.intervals import BOOTSTRAP, Bootstrap, Interval, drawn_resamples
from nashae_metrics.ground.metric import Metric
from nashae_metrics.ground.sample import codes_sample
from nashae_metrics.ground.score import Score


@dataclass(frozen=True, eq=False, kw_only=True)
class WassersteinCorrelationScore(Score):
    """`score` is the squared distance in the codes' squared unit; `normalised` has no unit.

    normalised: the score over the total variance, with `normalised_interval`. variances (m,): of
    the latents (ddof 1), 0 for inactive ones.
    """

    normalised: float
    normalised_interval: Interval | None
    variances: Float64[np.ndarray, " m"]


def wasserstein_correlation(
    codes: npt.ArrayLike,
    *,
    protocol: str = "standard",
    active: str | ActiveLatents | npt.ArrayLike = "constant",
    rng: np.random.Generator | None = None,
    bootstrap: Bootstrap | None = BOOTSTRAP,
) -> WassersteinCorrelationScore:
    """Squared 2-Wasserstein distance between the codes' Gaussian and that with independent latents.

    2 tr Σ - 2 tr (Σ diag Σ)^½ with the covariance Σ (ddof 1) of the active latents: 0 if they are
    uncorrelated; less is better. The score grows with the square of the codes' scale: compare
    models by `normalised`, which is in 0 ... 2(1 - 1/√a) for a active latents and does not change
    if all are scaled alike. With one active latent or none both are 0.

    Args:
        codes: (n, m), finite real numbers, n >= 2.
        protocol: "standard" takes all rows; "locatello2019" 10,000 of them, drawn by `rng`.
        active: a rule of active latents, its name, or a mask (m,).
        rng: draws the rows and the intervals; without it there are no intervals.
        bootstrap: how the intervals are drawn; None for none.

    Raises:
        ValueError: an argument is not as described.
        NotApplicable: the protocol takes more rows.

    Source: Locatello et al. 2019, section 5.3, https://arxiv.org/abs/1811.12359; Dowson & Landau
    1982, https://doi.org/10.1016/0047-259X(82)90077-X
    """
    sample = codes_sample(codes, protocol=protocol, active=active, rng=rng)
    values, units = centred(sample.used)
    # In units of the largest latent, so that no square overflows before the end.
    unit = float(units.max(initial=0.0)) or 1.0
    values *= units / unit
    rows = len(values)
    covariance = values.T @ values / (rows - 1)
    squared, normalised = _distances(covariance[None])
    score, relative = float(squared[0]) * unit * unit, float(normalised[0])
    interval, relative_interval = None, None
    if resamples := drawn_resamples(rows, bootstrap, rng):
        draws = _distances(drawn_covariances(values, resamples) * (rows / (rows - 1)))
        interval = resamples.interval(score, draws[0] * unit * unit, highest=np.inf)
        relative_interval = resamples.interval(relative, draws[1], highest=np.inf)
    return WassersteinCorrelationScore(
        score=score,
        interval=interval,
        **sample.common_fields(protocol, rng, samples=rows),
        normalised=relative,
        normalised_interval=relative_interval,
        variances=sample.spread(np.diag(covariance) * unit * unit),
    )


def _distances(
    covariances: Float64[np.ndarray, "draws a a"],
) -> tuple[Float64[np.ndarray, " draws"], Float64[np.ndarray, " draws"]]:
    variances = np.maximum(np.diagonal(covariances, axis1=1, axis2=2), 0.0)
    deviations = np.sqrt(variances)
    # Σ diag Σ has the eigenvalues of the symmetric D^½ Σ D^½.
    similar = covariances * deviations[:, :, None] * deviations[:, None, :]
    roots = np.sqrt(np.maximum(np.linalg.eigvalsh(similar), 0.0)).sum(1)
    total = variances.sum(1)
    squared = np.maximum(2 * (total - roots), 0.0)
    return squared, squared / np.where(total > 0, total, 1.0)


METRIC = Metric(
    function=wasserstein_correlation,
    summary="the same by the Wasserstein distance",
    source="Locatello et al. 2020",
    range="0 … ∞",
    better="low",
    needs="codes",
    interval_over="samples",
)
