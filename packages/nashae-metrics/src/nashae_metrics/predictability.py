"""How well each latent is predicted from the others (Yeats et al. 2022, Figure 2)."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from jaxtyping import Bool, Float, Float64

from nashae_metrics.active_latents import ActiveLatents, active_latents
from nashae_metrics.arrays import codes_array


@dataclass(frozen=True, eq=False)
class Predictability:
    """`score` is the mean of `r2` (m,) over the `active` latents (m,), found by `rule`.

    mean_of_all: the mean over all m latents.
    """

    score: float
    r2: Float64[np.ndarray, " m"]
    mean_of_all: float
    active: Bool[np.ndarray, " m"]
    rule: str
    min_deviation: float

    @property
    def active_count(self) -> int:
        """How many latents the score is the mean of."""
        return int(self.active.sum())


def predictability(
    codes: npt.ArrayLike,
    predictions: npt.ArrayLike,
    *,
    active: str | ActiveLatents | npt.ArrayLike = "nashae",
    min_deviation: float = 0.0,
) -> Predictability:
    """Mean R² between the active latents and their predictions from the other latents.

    codes z (n, m) and predictions z′ (n, m), any real numbers. R² of a latent is (Cov(z, z′)/(σ_z
    σ_z′))², in [0, 1]; less is better. It is 0 where z or z′ is constant or has a standard
    deviation of at most `min_deviation` (the authors take 0.01 on CelebA). active: a rule's name,
    an `ActiveLatents`, or a mask (m,); the default is the rule for NashAE's codes in [0, 1],
    because a mean with the dead latents misleads. With none active the score is 0.

    Raises `ValueError` for arrays that are not finite or not (n >= 2, m >= 1), shapes that differ,
    an unknown rule, and a `min_deviation` below 0.

    Source: Yeats et al. 2022, section 4 and Figure 2.
    """
    checked = codes_array(codes)
    predicted = codes_array(predictions, "predictions")
    if predicted.shape != checked.shape:
        raise ValueError(
            f"predictions must have the shape of codes, got {predicted.shape} and {checked.shape}"
        )
    if not min_deviation >= 0:
        raise ValueError(f"min_deviation must be 0 or more, got {min_deviation}")
    # Differs from the paper: it does not say whether its mean R² is over all latents; here it is
    # over the active.
    mask, rule = active_latents(checked, active)
    r2 = _r2(checked, predicted, min_deviation)
    return Predictability(
        score=float(r2[mask].mean()) if mask.any() else 0.0,
        r2=r2,
        mean_of_all=float(r2.mean()),
        active=mask,
        rule=rule,
        min_deviation=min_deviation,
    )


def _r2(
    codes: Float[np.ndarray, "n m"], predictions: Float[np.ndarray, "n m"], min_deviation: float
) -> Float64[np.ndarray, " m"]:
    standard = []
    varies = np.ones(codes.shape[1], dtype=bool)
    for array in (codes, predictions):
        residual = array - array.mean(0, dtype=np.float64)
        deviation = np.sqrt(np.square(residual).mean(0))
        # The mean of equal numbers may be off by a rounding: the range tells a constant column.
        varies &= (array.max(0) > array.min(0)) & (deviation > min_deviation)
        standard.append(residual / np.where(varies, deviation, 1.0))
    correlation = (standard[0] * standard[1]).mean(0)
    return np.where(varies, np.minimum(correlation**2, 1.0), 0.0)
