"""Ranks with ties at their middle."""

import numpy as np
from jaxtyping import Float, Float64


def doubled_midranks(codes: Float[np.ndarray, "n m"]) -> Float64[np.ndarray, "m n"]:
    """Twice the midrank (1 ... n, ties at their mean) of each sample, one latent a row.

    Doubled midranks are whole numbers, so that any sum of them below 2^53 is exact in whatever
    order it is taken.
    """
    n, m = codes.shape
    ranks = np.empty((m, n))
    fresh = np.ones(n, dtype=bool)  # where, in sorted order, a new value begins
    for column, row in zip(np.ascontiguousarray(codes.T), ranks, strict=True):
        order = np.argsort(column)
        values = column[order]
        np.not_equal(values[1:], values[:-1], out=fresh[1:])
        starts = np.flatnonzero(fresh)
        ends = np.append(starts[1:], n)
        row[order] = np.repeat(starts + ends + 1, ends - starts)
    return ranks
