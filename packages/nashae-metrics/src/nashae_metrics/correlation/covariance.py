"""Standardised codes, and covariances of codes and of their resamples."""

import numpy as np
from jaxtyping import Float, Float64, Int64

from nashae_metrics.ground.intervals import Resamples


def centred(
    codes: Float[np.ndarray, "n m"],
) -> tuple[Float64[np.ndarray, "n m"], Float64[np.ndarray, " m"]]:
    """Codes less their mean, in units of their largest distance from it, and that distance.

    An offset costs only the digits that the codes themselves have lost to it. A constant latent is
    0, of unit 1.
    """
    residual = codes - codes.mean(0, dtype=np.float64)
    residual -= residual.mean(0)  # the first mean is off by a rounding of the offset
    residual[:, codes.max(0) == codes.min(0)] = 0.0
    unit = np.maximum(residual.max(0), -residual.min(0))
    unit[unit == 0] = 1.0
    residual /= unit
    return residual, unit


def unit_variance(
    codes: Float[np.ndarray, "n m"],
) -> tuple[Float64[np.ndarray, "n m"], Float64[np.ndarray, " m"]]:
    """Codes of mean 0 and variance 1 (ddof 0), and their standard deviations.

    A constant latent is 0, of deviation 1.
    """
    values, unit = centred(codes)
    deviation = np.sqrt(np.square(values).mean(0))
    deviation[deviation == 0] = 1.0
    values /= deviation
    return values, deviation * unit


def block_sums(
    values: Float64[np.ndarray, "n c"], numbers: Int64[np.ndarray, " n"]
) -> Float64[np.ndarray, "blocks c"]:
    """The sum of the rows of each block."""
    order = np.argsort(numbers, kind="stable")
    starts = np.flatnonzero(np.diff(numbers[order], prepend=-1))
    return np.add.reduceat(values[order], starts, axis=0)


def drawn_covariances(
    values: Float64[np.ndarray, "n a"], resamples: Resamples
) -> Float64[np.ndarray, "draws a a"]:
    """The covariances (ddof 0) of the rows of each resample."""
    numbers, weights, _ = resamples
    order = np.argsort(numbers, kind="stable")
    ends = np.flatnonzero(np.diff(numbers[order], append=-1)) + 1
    parts = [values[rows] for rows in np.split(order, ends[:-1])]
    total = (weights @ np.array([len(part) for part in parts]))[:, None]
    means = weights @ np.array([part.sum(0) for part in parts]) / total
    products = np.array([(part.T @ part).ravel() for part in parts])
    latents = values.shape[1]
    second = (weights @ products / total).reshape(len(weights), latents, latents)
    covariances: Float64[np.ndarray, "draws a a"] = second - means[:, :, None] * means[:, None, :]
    return covariances
