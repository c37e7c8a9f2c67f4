"""Features brought to one scale by the train rows."""

import numpy as np
from jaxtyping import Float, Float64


def standardised(
    train: Float[np.ndarray, "n a"], test: Float[np.ndarray, "n2 a"]
) -> tuple[Float64[np.ndarray, "n a"], Float64[np.ndarray, "n2 a"]]:
    """Shift and scale both so that `train` has mean 0 and deviation 1.

    A column that is constant in `train` is 0 in both.
    """
    varying = train.max(0) > train.min(0)
    # By a power of two first, which rounds nothing, so that squares neither overflow nor vanish.
    _, exponent = np.frexp(np.abs(train).max(0).astype(np.float64))
    columns = np.ldexp(train.astype(np.float64), -exponent)
    mean = columns.mean(0)
    columns -= mean
    deviation = columns.std(0)
    factor = np.where(varying & (deviation > 0), 1 / np.where(deviation > 0, deviation, 1.0), 0.0)
    columns *= factor
    return columns, (np.ldexp(test.astype(np.float64), -exponent) - mean) * factor
