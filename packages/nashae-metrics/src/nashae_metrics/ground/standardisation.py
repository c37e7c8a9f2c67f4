"""Features brought to one scale by those rows that are learnt from."""

import numpy as np
from jaxtyping import Float, Float64


def standardised(
    learnt: Float[np.ndarray, "n a"], others: Float[np.ndarray, "n2 a"]
) -> tuple[Float64[np.ndarray, "n a"], Float64[np.ndarray, "n2 a"]]:
    """Both with the mean of `learnt` at 0 and its deviation at 1.

    A column that is constant in `learnt` teaches nothing and is 0 in both.
    """
    varying = learnt.max(0) > learnt.min(0)
    # By a power of two first, which rounds nothing, so that squares neither overflow nor vanish.
    _, exponent = np.frexp(np.abs(learnt).max(0).astype(np.float64))
    columns = np.ldexp(learnt.astype(np.float64), -exponent)
    mean = columns.mean(0)
    columns -= mean
    deviation = columns.std(0)
    factor = np.where(varying & (deviation > 0), 1 / np.where(deviation > 0, deviation, 1.0), 0.0)
    columns *= factor
    return columns, (np.ldexp(others.astype(np.float64), -exponent) - mean) * factor
