"""Mutual information of real latents and classes by nearest neighbours, in nats."""

import numpy as np
import numpy.typing as npt
from jaxtyping import Float, Float64, Int64, Shaped

ROUNDING = 4  # distances that differ by so many roundings of the codes are equal


def neighbour_information(
    codes: Float[np.ndarray, "n a"],
    factors: Int64[np.ndarray, "n k"],
    sizes: tuple[int, ...],
    *,
    neighbours: int = 10,
    combinations: Int64[np.ndarray, " n"] | None = None,
) -> Float64[np.ndarray, "a k"]:
    """Information, 0 or more, of each latent about each factor of classes 0 ... size - 1.

    ψ(n) + <ψ(k_i)> - <ψ(n_i)> - <ψ(m_i)>, where n_i is the size of the row's class, r the distance
    to its neighbour of number `neighbours` in that class (the last one in a smaller class), and k_i
    and m_i count the other rows within r, in the class and in all. Rows whose class has no other
    are left out.

    For codes without ties this is scikit-learn's mutual_info_classif up to the noise of 1e-10 that
    it adds, and except for classes below twice the neighbours, where it rounds distances. Its noise
    breaks ties by chance; here all tied rows are counted, in k_i as in m_i, which gives the average
    over that noise, and for codes of few values the information of their table. Order, sign, offset
    and scale of a latent do not matter.

    A repeated row is no neighbour of itself: rows of equal code and equal factors are one
    observation, which counts once among the neighbours and by its repetitions in the averages, so
    repeated rows leave the information as it is. This holds for a latent of more values than
    `neighbours` that fewer than two combinations of factors share on average; in codes of few
    values equal rows are separate observations. An observation whose neighbours are all tied with
    it counts by its rows.

    combinations (n,): equal for rows of equal factors, by default of equal classes.

    Source: Ross 2014, https://doi.org/10.1371/journal.pone.0087357; ties as in Gao et al. 2017,
    https://arxiv.org/abs/1709.06212; repetitions are ours.
    """
    if neighbours < 1:
        raise ValueError(f"neighbours must be 1 or more; got {neighbours}")
    if combinations is None:
        combinations = numbered_combinations(factors)
    information = np.zeros((codes.shape[1], factors.shape[1]))
    for latent, column in enumerate(codes.T):
        order = np.argsort(column)
        values = column[order].astype(np.float64)
        largest = float(np.abs(values[[0, -1]]).max())
        tolerance = ROUNDING * float(np.finfo(codes.dtype).eps) * largest
        kept, repeats = _observations(values, combinations[order], tolerance, neighbours)
        order, values = order[kept], values[kept]
        for factor, size in enumerate(sizes):
            classes = factors[order, factor].astype(np.min_scalar_type(size))
            information[latent, factor] = _of_sorted(
                values, classes, repeats, size, neighbours, tolerance
            )
    return information


def numbered_combinations(factors: Shaped[np.ndarray, "n k"]) -> Int64[np.ndarray, " n"]:
    """A number for each row, equal for rows of equal factors."""
    numbers = np.zeros(len(factors), dtype=np.int64)
    for factor in factors.T:
        own = np.unique(factor, return_inverse=True)[1]
        numbers = np.unique(numbers * len(factors) + own, return_inverse=True)[1].astype(np.int64)
    return numbers


def _observations(
    values: Float64[np.ndarray, " n"],
    combinations: Int64[np.ndarray, " n"],
    tolerance: float,
    neighbours: int,
) -> tuple[Int64[np.ndarray, " rows"], Float64[np.ndarray, " rows"]]:
    """The rows of the observations, values in ascending order, and how often each is repeated."""
    order = np.lexsort((values, combinations))
    new = np.diff(values[order]) > tolerance
    starts = np.flatnonzero(np.append(True, new | (np.diff(combinations[order]) > 0)))
    kept, repeats = order[starts], np.diff(starts, append=len(values))
    ascending = np.argsort(kept)
    kept, repeats = kept[ascending], repeats[ascending]
    different = 1 + np.count_nonzero(np.diff(values[kept]))
    if different <= neighbours or len(kept) >= 2 * different:
        return np.arange(len(values)), np.ones(len(values))
    return kept, repeats.astype(np.float64)


def _of_sorted(
    values: Float64[np.ndarray, " n"],
    classes: np.ndarray,
    repeats: Float64[np.ndarray, " n"],
    size: int,
    neighbours: int,
    tolerance: float,
) -> float:
    """Information of one latent, sorted, about one factor; repeats: of each observation."""
    from scipy.special import digamma  # type: ignore[import-untyped]

    rows = np.bincount(classes, repeats, minlength=size)
    if (rows == 1).any():
        shared = (rows > 1)[classes]
        values, classes, repeats = values[shared], classes[shared], repeats[shared]
        rows = np.where(rows > 1, rows, 0.0)
    n, total = len(values), rows.sum()
    if n == 0:
        return 0.0
    counts = np.bincount(classes, minlength=size)
    places = np.argsort(classes, kind="stable")  # class by class, ascending within each
    grouped, weights = values[places], repeats[places]
    reach = _reach(grouped, counts, neighbours)
    tied = reach == 0
    reach += tolerance
    first = np.searchsorted(values, grouped - reach, side="left")
    last = np.searchsorted(values, grouped + reach, side="right")
    base = np.repeat(np.arange(size) * (n + 1), counts)
    keys = base + places
    own_first, own_last = np.searchsorted(keys, base + first), np.searchsorted(keys, base + last)
    in_all, in_class = np.append(0.0, np.cumsum(repeats)), np.append(0.0, np.cumsum(weights))

    here, of_class = in_all[last] - in_all[first], in_class[own_last] - in_class[own_first]
    sizes = np.repeat(rows, counts)
    by_rows = digamma(total) - digamma(sizes)
    by_rows += digamma(np.maximum(of_class - 1, 1)) - digamma(np.maximum(here - 1, 1))
    # An observation is not its own neighbour.
    of_all, of_own = last - first - 1, own_last - own_first - 1
    by_observations = _log_size(np.array(n), total) - _log_size(np.repeat(counts, counts), sizes)
    by_observations += _log_size(of_own, of_class - weights) - _log_size(of_all, here - weights)
    terms = np.where(tied, by_rows, by_observations)
    return max(0.0, float((weights * terms).sum() / total))


def _log_size(observations: npt.NDArray[np.int64], rows: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """ψ of a number of observations, plus the logarithm of their mean number of repetitions."""
    from scipy.special import digamma

    number = np.maximum(observations, 1)
    repeats = np.maximum(np.asarray(rows, dtype=np.float64), 1.0) / number
    return np.asarray(digamma(number) + np.log(repeats), dtype=np.float64)


def _reach(
    grouped: Float64[np.ndarray, " n"], counts: Int64[np.ndarray, " size"], neighbours: int
) -> Float64[np.ndarray, " n"]:
    """Distance of each row to its neighbour of that number within its class.

    The row and its k nearest are k + 1 consecutive rows: the best of the windows that hold the row.
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
