"""Codes over the factor grid of dSprites: fixed functions of the image, so that scores compare.

Factors (n, 5) are classes of shape, scale, orientation, posX and posY; codes (n, m) are float64.
Random-looking numbers are hashes of the image's index, so an image always has the same code.
"""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float64, Int64, UInt64

SIZES = np.array([3, 6, 40, 32, 32])
IMAGES = int(SIZES.prod())
STRIDES = IMAGES // np.cumprod(SIZES)

Codes = Float64[np.ndarray, "n m"]
Factors = Int64[np.ndarray, "n 5"]


def factors_of(images: Int64[np.ndarray, " n"]) -> Factors:
    """The factors of images by their numbers, 0 ... 737,279."""
    factors: Factors = images[:, None] // STRIDES % SIZES
    return factors


def perfect(factors: Factors) -> Codes:
    """A latent for each factor, and one of noise."""
    return np.column_stack([_standardised(factors), _normal(factors @ STRIDES, 0)])


def rotation(factors: Factors) -> Codes:
    """The factors after a random rotation: no information is lost, and every latent mixes all."""
    matrix, upper = np.linalg.qr(np.random.RandomState(1234).normal(size=(5, 5)))
    codes: Codes = _standardised(factors) @ (matrix * np.sign(np.diag(upper)))
    return codes


def half_dead(factors: Factors) -> Codes:
    """Six latents in (0, 1), partly entangled, nonlinear and noisy, and four constant ones."""
    image = factors @ STRIDES
    shape, scale, _, x, y = _standardised(factors).T
    angle = 2 * np.pi * factors[:, 2] / SIZES[2]
    mean = [
        1.5 * x,
        1.2 * y + 0.4 * x,
        1.3 * scale + 0.5 * shape,
        2 * np.sin(2 * angle),
        2 * np.cos(2 * angle) + 0.3 * shape,
        shape - 0.6 * scale,
    ]
    noise = [0.15, 0.2, 0.3, 0.3, 0.3, 0.5]
    logits = [
        m + s * _normal(image, i + 1) for i, (m, s) in enumerate(zip(mean, noise, strict=True))
    ]
    active = 1 / (1 + np.exp(-np.column_stack(logits)))
    return np.column_stack([active, np.full((len(factors), 4), 0.5)])


REPRESENTATIONS: dict[str, Callable[[Factors], Codes]] = {
    "a_perfect": perfect,
    "b_rotation": rotation,
    "d_dead": half_dead,
}


def _standardised(factors: Factors) -> Codes:
    standardised: Codes = (factors - (SIZES - 1) / 2) / np.sqrt((SIZES**2 - 1) / 12)
    return standardised


def _normal(image: Int64[np.ndarray, " n"], stream: int) -> Float64[np.ndarray, " n"]:
    """Box and Muller's normal numbers from two streams of uniform ones."""
    radius = np.sqrt(-2 * np.log(_uniform(image, 2 * stream + 1000)))
    normal: Float64[np.ndarray, " n"] = radius * np.cos(
        2 * np.pi * _uniform(image, 2 * stream + 1001)
    )
    return normal


def _uniform(image: Int64[np.ndarray, " n"], stream: int) -> Float64[np.ndarray, " n"]:
    key = _mixed(np.array([(stream * 0xD1342543DE82EF95 + 1) % 2**64], dtype=np.uint64))
    hashed = _mixed(image.astype(np.uint64) ^ key)
    uniform: Float64[np.ndarray, " n"] = (
        (hashed >> np.uint64(11)).astype(np.float64) + 0.5
    ) / 2**53
    return uniform


def _mixed(numbers: UInt64[np.ndarray, " n"]) -> UInt64[np.ndarray, " n"]:
    """SplitMix64 (Steele et al. 2014); the products wrap around, as intended."""
    mixed = numbers + np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    final: UInt64[np.ndarray, " n"] = mixed ^ (mixed >> np.uint64(31))
    return final
