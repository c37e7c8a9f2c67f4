"""Mutual information of real latents and classes by nearest neighbours, in nats."""

import numpy as np
from jaxtyping import Float, Float64, Int64

ROUNDING = 4  # distances that differ by so many roundings of the codes are equal


def neighbour_information(
    codes: Float[np.ndarray, "n a"],
    factors: Int64[np.ndarray, "n k"],
    sizes: tuple[int, ...],
    *,
    neighbours: int = 10,
) -> Float64[np.ndarray, "a k"]:
    """Information, 0 or more, of each latent about each factor of classes 0 ... size - 1.

    ψ(n) + <ψ(k_i)> - <ψ(n_i)> - <ψ(m_i)>, where n_i is the size of the row's class, r the distance
    to its neighbour of number `neighbours` in that class (the last one in a smaller class), and
    k_i and m_i count the other rows within r, in the class and in all. Rows whose class has no
    other are left out.

    For codes without ties this is scikit-learn's mutual_info_classif, but for the noise of 1e-10
    that it adds, and for classes below twice the neighbours, in which it rounds distances and may
    take the neighbour itself for a nearer row. Its noise breaks ties by chance; here tied rows are
    all counted, in k_i as in m_i, which gives what that noise gives on average, and for codes of
    few values the information of their table. Free of order, sign, offset and scale.

    Source: Ross 2014; ties as in Gao et al. 2017.
    """
    if neighbours < 1:
        raise ValueError(f"neighbours must be 1 or more, got {neighbours}")
    information = np.zeros((codes.shape[1], factors.shape[1]))
    for latent, column in enumerate(codes.T):
        order = np.argsort(column)
        values = column[order].astype(np.float64)
        largest = float(np.abs(values[[0, -1]]).max())
        tolerance = ROUNDING * float(np.finfo(codes.dtype).eps) * largest
        for factor, size in enumerate(sizes):
            classes = factors[order, factor].astype(np.min_scalar_type(size))
            information[latent, factor] = _of_sorted(values, classes, size, neighbours, tolerance)
    return information


def _of_sorted(
    values: Float64[np.ndarray, " n"],
    classes: np.ndarray,
    size: int,
    neighbours: int,
    tolerance: float,
) -> float:
    """Of one latent in ascending order and the class of each of its rows."""
    from scipy.special import digamma  # type: ignore[import-untyped]

    counts = np.bincount(classes, minlength=size)
    if (counts == 1).any():
        shared = (counts > 1)[classes]
        values, classes = values[shared], classes[shared]
        counts = np.where(counts > 1, counts, 0)
    n = len(values)
    if n == 0:
        return 0.0
    places = np.argsort(classes, kind="stable")  # class by class, ascending within each
    grouped = values[places]
    reach = _reach(grouped, counts, neighbours) + tolerance
    first = np.searchsorted(values, grouped - reach, side="left")
    last = np.searchsorted(values, grouped + reach, side="right")
    base = np.repeat(np.arange(size) * (n + 1), counts)
    keys = base + places
    inside = np.searchsorted(keys, base + last) - np.searchsorted(keys, base + first)
    # ψ of whole numbers from a table; a row is not its own neighbour.
    psi = np.concatenate([[0.0], digamma(np.arange(1, n + 1))])
    present = counts[counts > 0]
    terms = psi[inside - 1] - psi[last - first - 1]
    return max(0.0, float(psi[n] - present @ psi[present] / n + terms.mean()))


def _reach(
    grouped: Float64[np.ndarray, " n"], counts: Int64[np.ndarray, " size"], neighbours: int
) -> Float64[np.ndarray, " n"]:
    """Distance of each row to its neighbour of that number within its class.

    The k nearest and the row itself are k + 1 rows in a row: the best of the windows that hold it.
    """
    n = len(grouped)
    start = np.repeat(np.cumsum(counts) - counts, counts)
    end = np.repeat(np.cumsum(counts), counts)
    k = np.minimum(neighbours, end - start - 1)
    here = np.arange(n)
    reach = np.full(n, np.inf)
    for left in range(min(neighbours, n - 1) + 1):
        low, high = here - left, here - left + k
        valid = (left <= k) & (low >= start) & (high < end)
        span = np.maximum(
            grouped - grouped[np.where(valid, low, here)],
            grouped[np.where(valid, high, here)] - grouped,
        )
        np.minimum(reach, np.where(valid, span, np.inf), out=reach)
    return reach
