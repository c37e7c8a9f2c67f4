"""Nuisances of synthetic faces: what varies beside their attributes."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float64


class Nuisance(NamedTuple):
    """A number that each face has.

    Args:
        name: of the nuisance.
        unit: in words.
        low: the lowest value.
        high: the highest value.
        spread: 0 for a uniform distribution over the range; else the standard deviation of a normal
            one around 0, clipped to the range.
    """

    name: str
    unit: str
    low: float
    high: float
    spread: float = 0.0


NUISANCES = (
    Nuisance(
        "azimuth", "radians, the head turned towards the right of the image", -0.32, 0.32, 0.13
    ),
    Nuisance("roll", "radians, the head tilted clockwise", -0.15, 0.15, 0.05),
    Nuisance("shift_x", "half-widths of the 64 x 64 crop, to the right", -0.05, 0.05, 0.025),
    Nuisance("shift_y", "half-widths of the 64 x 64 crop, downwards", -0.05, 0.05, 0.025),
    Nuisance("width", "logarithm of the head's width over its usual one", -0.07, 0.07, 0.03),
    Nuisance("light", "-1 from the left of the image to 1 from its right", -1.0, 1.0),
    Nuisance("exposure", "stops, powers of two of the brightness", -0.3, 0.3, 0.14),
    Nuisance("skin_tone", "0 the lightest to 1 the darkest", 0.0, 1.0),
    Nuisance("hair_shade", "-1 dark to 1 light, within a colour", -1.0, 1.0),
    Nuisance("hair_length", "0 short to 1 long, within a cut", 0.0, 1.0),
    Nuisance("parting", "half-widths of the 64 x 64 crop, from the middle", -0.3, 0.3),
    Nuisance("eye_hue", "0 brown over hazel and green to 1 blue", 0.0, 1.0),
    Nuisance("clothes_hue", "turns of the colour circle", 0.0, 1.0),
    Nuisance("background_hue", "turns of the colour circle", 0.0, 1.0),
    Nuisance("background_light", "0 dark to 1 light", 0.0, 1.0),
)
NUISANCE_NAMES = tuple(nuisance.name for nuisance in NUISANCES)


def check_number(n: int) -> None:
    """Raise `ValueError` for a number of faces below 1."""
    if n < 1:
        raise ValueError(f"n must be at least 1 face; got {n}")


def draw_nuisances(n: int, rng: np.random.Generator) -> Float64[np.ndarray, "{n} j"]:
    """Nuisances of n faces, a column for each of `NUISANCES`, in their units and ranges.

    Raises `ValueError` if n is below 1.
    """
    check_number(n)
    columns = np.empty((n, len(NUISANCES)))
    for column, nuisance in enumerate(NUISANCES):
        if nuisance.spread:
            sample = nuisance.spread * rng.standard_normal(n)
            columns[:, column] = np.clip(sample, nuisance.low, nuisance.high)
        else:
            columns[:, column] = rng.uniform(nuisance.low, nuisance.high, n)
    return columns
