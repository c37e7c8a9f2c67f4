"""The TAD of random latents, which have no information about the attributes."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64

HIGH = 0.95


@dataclass(frozen=True, eq=False)
class NoiseFloor:
    """The scores of `latents` random latents on the same labels, over so many `repetitions`.

    score, score_high: the mean and the 95 % quantile of their TAD. best, best_high (k,): those of
    the highest AUROC of each attribute. captured (k,): the share of the repetitions in which a
    random latent captures the attribute.
    """

    score: float
    score_high: float
    best: Float64[np.ndarray, " k"]
    best_high: Float64[np.ndarray, " k"]
    captured: Float64[np.ndarray, " k"]
    latents: int
    repetitions: int


def noise_floor(
    areas: Float64[np.ndarray, "repetitions latents k"],
    score_of: Callable[[Float64[np.ndarray, "draws m k"]], Float64[np.ndarray, " draws"]],
    min_auroc: float,
) -> NoiseFloor:
    """The noise floor, given the AUROCs of random latents, scored by `score_of`."""
    repetitions, latents, _ = areas.shape
    best = areas.max(1, initial=0.5)
    scores = score_of(areas)
    return NoiseFloor(
        score=float(scores.mean()),
        score_high=float(np.quantile(scores, HIGH)),
        best=best.mean(0),
        best_high=np.quantile(best, HIGH, axis=0),
        captured=(best >= min_auroc).mean(0),
        latents=latents,
        repetitions=repetitions,
    )


def chance_auroc(
    attributes: Bool[np.ndarray, "n k"],
    latents: int,
    repetitions: int,
    rng: np.random.Generator,
) -> Float64[np.ndarray, "repetitions latents k"]:
    """Draw the AUROCs, direction-free, of random latents without ties from their normal limit.

    The AUROCs that one random latent has for two attributes have, over all orders of the rows, the
    covariance (n₁₁ - P₁P₂/n) · n(n + 1) / (12 P₁N₁ P₂N₂), where n₁₁ rows have both attributes and
    P and N rows have, or lack, one; with itself this is Mann and Whitney's (n + 1)/(12 PN). Their
    normal limit is good from about three rows of the rarer value: with one or two, the best AUROC
    is up to .1 too high.
    """
    n, k = attributes.shape
    labels = attributes.astype(np.float64)
    both = labels.T @ labels
    positives = np.diag(both)
    covariance = both - np.outer(positives, positives) / n
    scale = np.sqrt(n * (n + 1) / 12) / (positives * (n - positives))
    values, vectors = np.linalg.eigh(covariance * np.outer(scale, scale))
    root = vectors * np.sqrt(np.maximum(values, 0.0))  # equal attributes make it singular
    area: Float64[np.ndarray, "repetitions latents k"]
    area = 0.5 + rng.standard_normal((repetitions, latents, k)) @ root.T
    np.clip(area, 0.0, 1.0, out=area)
    np.maximum(area, 1 - area, out=area)
    return area
