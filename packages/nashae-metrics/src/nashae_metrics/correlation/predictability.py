"""How well each latent is predicted from the others (Yeats et al. 2022, Figure 2)."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from jaxtyping import Float64, Int64

from nashae_metrics.correlation.covariance import block_sums, unit_variance
from nashae_metrics.ground.active_latents import ActiveLatents, active_latents
from nashae_metrics.ground.arrays import check_same_rows, check_same_shape, codes_array
from nashae_metrics.ground.intervals import BOOTSTRAP, Bootstrap, drawn_resamples
from nashae_metrics.ground.metric import Metric
from nashae_metrics.ground.reductions import mean
from nashae_metrics.ground.score import Score, seed_of


@dataclass(frozen=True, eq=False, kw_only=True)
class Predictability(Score):
    """`score` is the mean of `r2` (m,) over the `active` latents (m,), by `rule`.

    mean_of_all: the mean over all m latents.
    """

    r2: Float64[np.ndarray, " m"]
    mean_of_all: float
    min_deviation: float


def predictability(
    codes: npt.ArrayLike,
    predictions: npt.ArrayLike,
    *,
    active: str | ActiveLatents | npt.ArrayLike = "nashae",
    min_deviation: float = 0.0,
    rng: np.random.Generator | None = None,
    bootstrap: Bootstrap | None = BOOTSTRAP,
) -> Predictability:
    """Mean R² between the active latents and their predictions from the other latents.

    R² of a latent z with prediction z′ is (Cov(z, z′)/(σ_z σ_z′))², in [0, 1]; less is better. It
    is 0 if z or z′ is constant. With no active latent the score is 0.

    Args:
        codes: z (n, m), any real numbers.
        predictions: z′ (n, m), of each latent from the others.
        active: a rule of active latents, its name, or a mask (m,). The default is the rule for
            NashAE's codes in [0, 1], because a mean that includes inactive latents misleads.
        min_deviation: latents of at most this standard deviation have R² 0 (the authors take 0.01
            on CelebA).
        rng: draws the interval; without it there is none.
        bootstrap: how the interval is drawn; None for none.

    Raises:
        ValueError: an array is not finite or not (n >= 2, m >= 1); shapes differ; the rule is
            unknown; `min_deviation` is below 0.

    Source: Yeats et al. 2022, section 4 and Figure 2, https://arxiv.org/abs/2209.10677

    Example:
        >>> import numpy as np
        >>> codes = np.array([[0.0], [0.5], [1.0]])
        >>> predictability(codes, 1 - codes).score
        1.0
    """
    checked = codes_array(codes)
    check_same_rows(codes, predictions, "predictions")
    predicted = codes_array(predictions, "predictions")
    check_same_shape(checked, predicted, "predictions")
    if not min_deviation >= 0:
        raise ValueError(f"min_deviation must be 0 or more; got {min_deviation}")
    # Differs from the paper: it does not say whether its mean R² is over all latents; here it is
    # over the active ones. The authors' code divides a covariance over n by deviations over n - 1,
    # so its R² are ((n - 1)/n)² of these: 0.98 of them at 100 observations.
    mask, rule = active_latents(checked, active)
    pairs = [unit_variance(checked), unit_variance(predicted)]
    of_codes = (min_deviation / pairs[0][1]) ** 2
    least = np.stack([of_codes, np.zeros_like(of_codes)])
    rows = len(checked)
    r2 = _r2(_moments(pairs, np.zeros(rows, dtype=np.int64)) / rows, least)[0]
    score = float(mean(r2[mask]))
    interval = None
    if resamples := drawn_resamples(rows, bootstrap, rng):
        blocks, weights, _ = resamples
        moments = weights @ _moments(pairs, blocks) / (weights @ np.bincount(blocks))[:, None]
        interval = resamples.interval(score, mean(_r2(moments, least)[:, mask]))
    return Predictability(
        score=score,
        interval=interval,
        active=mask,
        rule=rule,
        samples=rows,
        protocol="standard",
        seed=seed_of(rng),
        r2=r2,
        mean_of_all=float(r2.mean()),
        min_deviation=min_deviation,
    )


def _moments(
    pairs: list[tuple[Float64[np.ndarray, "n m"], Float64[np.ndarray, " m"]]],
    numbers: Int64[np.ndarray, " n"],
) -> Float64[np.ndarray, "blocks five_m"]:
    (z, _), (p, _) = pairs
    return np.hstack(
        [
            block_sums(z, numbers),
            block_sums(p, numbers),
            block_sums(z * z, numbers),
            block_sums(p * p, numbers),
            block_sums(z * p, numbers),
        ]
    )


def _r2(
    moments: Float64[np.ndarray, "draws five_m"], least: Float64[np.ndarray, "2 m"]
) -> Float64[np.ndarray, "draws m"]:
    """R² of each draw; 0 if a variance, in units of that of all rows, is not above `least`."""
    z, p, zz, pp, zp = np.split(moments, 5, axis=1)
    variances = zz - z * z, pp - p * p
    # In a draw of one value rounding leaves a tiny variance.
    above = [
        variance > np.maximum(bound, 1e-14)
        for variance, bound in zip(variances, least, strict=True)
    ]
    varies = above[0] & above[1]
    correlation = (zp - z * p) ** 2 / np.where(varies, variances[0] * variances[1], 1.0)
    return np.where(varies, np.minimum(correlation, 1.0), 0.0)


METRIC = Metric(
    function=predictability,
    summary="mean R² between the latents and their predictions from the others",
    source="Yeats et al. 2022",
    better="low",
    needs="predictions",
    protocols=("standard",),
    interval_over="samples",
)
