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
    """AUROC of each latent as a detector of each attribute, in either direction.

    Exact up to the last rounding, and unchanged by a monotone transform of a latent.

    Args:
        codes: (n, m), any real numbers.
        attributes: (n, k), binary: bool, {0, 1} or {-1, 1}.
        missing: the label of an unknown attribute, such as -1 beside 0 and 1; rows that have it in
            any attribute are left out.

    Returns:
        (m, k), max(a, 1 - a) in [0.5, 1] with a = P(z⁺ > z⁻) + ½·P(z⁺ = z⁻); 0.5 for a constant
        latent.

    Raises:
        ValueError: codes are not finite or not (n >= 2, m >= 1); lengths differ; attributes are not
            binary or have one value only.

    Source: the Mann-Whitney U statistic; Yeats et al. 2022, section 3 (TAD, step 1),
    https://arxiv.org/abs/2209.10677

    Example:
        >>> auroc([[0.1], [0.4], [0.3], [0.9]], [[0], [0], [1], [1]])
        array([[0.75]])
    """
    return rank_auroc(*codes_and_attributes(codes, attributes, missing)[:2])


def rank_auroc(
    codes: Float[np.ndarray, "n m"], attributes: Bool[np.ndarray, "n k"]
) -> Float64[np.ndarray, "m k"]:
    """AUROC from the sum of the positives' ranks, for all attributes of a latent in one product."""
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
