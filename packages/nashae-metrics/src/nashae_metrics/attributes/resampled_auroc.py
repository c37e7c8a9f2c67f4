"""The area under the ROC curve of every latent and attribute in resamples of the rows."""

import numpy as np
import numpy.typing as npt
from jaxtyping import Bool, Float, Float64, Int64

from nashae_metrics.ground.ranks import value_order

EXACT_ROWS = 2000  # with more, the resamples are taken to first order
LARGEST_CHUNK = 2**20  # numbers of a chunk of draws


def resampled_auroc(
    codes: Float[np.ndarray, "n m"],
    attributes: Bool[np.ndarray, "n k"],
    numbers: Int64[np.ndarray, " n"],
    weights: Float64[np.ndarray, "draws blocks"],
) -> Float64[np.ndarray, "draws m k"]:
    """AUROC, in either direction, of each draw, where a row counts as often as its block's weight.

    Exact up to `EXACT_ROWS` rows; with more to first order in the weights: a relative error of the
    spread of 1/√n, at a cost that does not depend on the number of draws. An attribute of one value
    in a draw has 0.5.

    Source: DeLong et al. 1988 (the placements of the first order), https://doi.org/10.2307/2531595
    """
    blocks = weights.shape[1]
    labels = np.ascontiguousarray(attributes.T)
    counts = np.array([np.bincount(numbers, label, blocks) for label in labels])
    positives = weights @ counts.T
    negatives = (weights @ np.bincount(numbers, minlength=blocks))[:, None] - positives
    take = _exact if len(codes) <= EXACT_ROWS else _first_order
    area = np.empty((len(weights), codes.shape[1], attributes.shape[1]))
    for latent, column in enumerate(codes.T):
        area[:, latent] = take(
            np.ascontiguousarray(column), labels, numbers, weights, positives, negatives
        )
    both = ((positives > 0) & (negatives > 0))[:, None]
    area = np.where(both, np.clip(area, 0.0, 1.0), 0.5)
    np.maximum(area, 1 - area, out=area)
    return area


def _exact(
    column: Float[np.ndarray, " n"],
    labels: Bool[np.ndarray, "k n"],
    numbers: Int64[np.ndarray, " n"],
    weights: Float64[np.ndarray, "draws blocks"],
    positives: Float64[np.ndarray, "draws k"],
    negatives: Float64[np.ndarray, "draws k"],
) -> Float64[np.ndarray, "draws k"]:
    """The weighted Mann-Whitney statistic, from midranks of cumulative sums of weights."""
    order, first, last = _tied_places(column)
    ordered, of_block = labels[:, order].T.astype(np.float64), numbers[order]
    doubled = np.empty(positives.shape)
    step = max(1, LARGEST_CHUNK // len(column))
    for start in range(0, len(weights), step):
        drawn = weights[start : start + step][:, of_block]
        below = np.zeros((len(drawn), len(column) + 1))
        np.cumsum(drawn, axis=1, out=below[:, 1:])
        drawn *= below[:, first] + below[:, last]
        doubled[start : start + step] = drawn @ ordered
    return _share(doubled - positives**2, 2 * positives * negatives)


def _first_order(
    column: Float[np.ndarray, " n"],
    labels: Bool[np.ndarray, "k n"],
    numbers: Int64[np.ndarray, " n"],
    weights: Float64[np.ndarray, "draws blocks"],
    positives: Float64[np.ndarray, "draws k"],
    negatives: Float64[np.ndarray, "draws k"],
) -> Float64[np.ndarray, "draws k"]:
    """The AUROC to first order in the weights.

    A row's placement is the share of the other class that it beats, a positive from above and a
    negative from below; the expansion is the sum of both classes' weighted means, less the AUROC.
    """
    order, first, last = _tied_places(column)
    cell = 2 * numbers[order]
    places = (first + last).astype(np.float64)  # twice the rows below, ties (and itself) half
    below = np.zeros(len(column) + 1)
    blocks = weights.shape[1]
    sums = np.empty(
        (blocks, len(labels), 2)
    )  # of negatives: positives below; of positives: the rest
    for attribute, label in enumerate(labels):
        positive = label[order]
        np.cumsum(positive, out=below[1:])
        beaten = below[first] + below[last]
        np.subtract(places, beaten, out=beaten, where=positive)
        sums[:, attribute] = np.bincount(cell + positive, beaten, 2 * blocks).reshape(-1, 2)
    drawn = (weights @ sums.reshape(blocks, -1)).reshape(-1, len(labels), 2)
    present = labels.sum(1, dtype=np.float64)
    absent = len(column) - present
    whole = sums[..., 1].sum(0) / (2 * present * absent)
    above = _share(drawn[..., 1], 2 * absent * positives)
    passed = _share(drawn[..., 0], 2 * present * negatives)
    area: Float64[np.ndarray, "draws k"] = above + (1 - passed) - whole
    return area


def _tied_places(
    column: Float[np.ndarray, " n"],
) -> tuple[Int64[np.ndarray, " n"], Int64[np.ndarray, " n"], Int64[np.ndarray, " n"]]:
    """The rows in order, and for each place where its value begins and where the next one does."""
    order, starts = value_order(column)
    sizes = np.diff(starts, append=len(column))
    first = np.repeat(starts, sizes)
    return order, first, first + np.repeat(sizes, sizes)


def _share(
    part: npt.NDArray[np.float64], whole: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    share: npt.NDArray[np.float64] = part / np.where(whole > 0, whole, 1.0)
    return share
