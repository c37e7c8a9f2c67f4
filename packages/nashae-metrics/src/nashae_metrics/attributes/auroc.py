"""The area under the ROC curve of every latent as a detector of every attribute."""

import numpy as np
import numpy.typing as npt
from jaxtyping import Bool, Float, Float64

from nashae_metrics.ground.arrays import codes_and_attributes
from nashae_metrics.ground.ranks import doubled_midranks

LATENTS = 8  # ranked at once: bounds the memory


def auroc(
    codes: npt.ArrayLike, attributes: npt.ArrayLike, *, missing: float | int | None = None
) -> Float64[np.ndarray, "m k"]:
    """AUROC of each latent as a detector of each attribute, whichever way the latent points.

    codes (n, m), any real numbers; attributes (n, k), binary as bool, {0, 1} or {-1, 1}. Returns
    (m, k) values max(a, 1 - a) in [0.5, 1], where a = P(z⁺ > z⁻) + ½·P(z⁺ = z⁻); a constant latent
    has 0.5 exactly. The values are exact but for the last rounding, and do not change with a
    monotone transform of a latent. missing: a label that stands for an unknown one, such as -1
    beside 0 and 1; rows that have it in any attribute are left out.

    Raises `ValueError` for codes that are not finite or not (n >= 2, m >= 1), lengths that differ,
    and attributes that are not binary or have one value only.

    Source: the Mann-Whitney U statistic; Yeats et al. 2022, section 3 (TAD, step 1).
    """
    return rank_auroc(*codes_and_attributes(codes, attributes, missing)[:2])


def rank_auroc(
    codes: Float[np.ndarray, "n m"], attributes: Bool[np.ndarray, "n k"]
) -> Float64[np.ndarray, "m k"]:
    """AUROC by the sum of the positives' ranks: one rank transform a latent and one product."""
    positives = attributes.sum(0, dtype=np.float64)
    negatives = len(attributes) - positives
    labels = attributes.astype(np.float64)
    doubled = np.empty((codes.shape[1], attributes.shape[1]))
    for start in range(0, codes.shape[1], LATENTS):
        chunk = slice(start, start + LATENTS)
        doubled[chunk] = doubled_midranks(codes[:, chunk]) @ labels
    area: Float64[np.ndarray, "m k"] = (doubled - positives * (positives + 1)) / (
        2 * positives * negatives
    )
    np.maximum(area, 1 - area, out=area)
    return area
