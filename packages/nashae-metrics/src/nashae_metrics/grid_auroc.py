"""The area under the ROC curve as the authors of NashAE take it, from a grid of thresholds."""

import numpy as np
from jaxtyping import Bool, Float, Float64, Int64

THRESHOLDS = 101
LARGEST_TABLE = 2**22  # numbers of one table of counts: 32 MB


def grid_auroc(
    codes: Float[np.ndarray, "n m"], attributes: Bool[np.ndarray, "n k"]
) -> Float64[np.ndarray, "m k"]:
    """AUROC, direction-free, by a right Riemann sum over 101 thresholds between the extremes.

    The thresholds are evenly spaced from the latent's minimum to its maximum; a sample is called
    positive when z >= threshold. The sum overrates: each step of the curve is taken at its upper
    end (a binary latent scores 1 - FPR or FPR), and the area left of the last threshold's point is
    missing. A constant latent, which would have 0 and so 1, has 0.5.
    """
    one_block = np.zeros(len(codes), dtype=np.int64)
    area: Float64[np.ndarray, "m k"] = resampled_grid_auroc(
        codes, attributes, one_block, np.ones((1, 1))
    )[0]
    return area


def resampled_grid_auroc(
    codes: Float[np.ndarray, "n m"],
    attributes: Bool[np.ndarray, "n k"],
    numbers: Int64[np.ndarray, " n"],
    weights: Float64[np.ndarray, "draws blocks"],
) -> Float64[np.ndarray, "draws m k"]:
    """The same where each row counts as often as the draw's weight of its block.

    The grid stays that of all rows. An attribute that a draw shows with one value only has 0.5.
    """
    from scipy.sparse import csr_array  # type: ignore[import-untyped]

    n, m = codes.shape
    highest = np.empty((n, m), dtype=np.int32)  # the highest threshold that a sample reaches
    for latent, column in enumerate(codes.T):
        grid = np.linspace(float(column.min()), float(column.max()), THRESHOLDS)
        reached = np.searchsorted(grid, column.astype(np.float64), side="right") - 1
        highest[:, latent] = reached + latent * THRESHOLDS

    indicator = csr_array(
        (np.ones(n * m), highest.ravel(), np.arange(0, n * m + 1, m)), shape=(n, m * THRESHOLDS)
    ).T
    classes = np.column_stack([attributes, np.ones(n)])  # the last column counts all samples
    area: Float64[np.ndarray, "draws m k"] = np.empty((len(weights), m, attributes.shape[1]))
    step = max(1, LARGEST_TABLE // (max(n, m * THRESHOLDS) * classes.shape[1]))
    for start in range(0, len(weights), step):
        drawn = weights[start : start + step, numbers].T
        counts = indicator @ (drawn[:, :, None] * classes[:, None]).reshape(n, -1)
        area[start : start + step] = _areas(
            counts.reshape(m, THRESHOLDS, -1, classes.shape[1]).transpose(2, 0, 1, 3)
        )
    area[:, codes.max(0) == codes.min(0)] = 0.5
    np.maximum(area, 1 - area, out=area)
    return area


def _areas(
    counts: Float64[np.ndarray, "draws m thresholds classes"],
) -> Float64[np.ndarray, "draws m k"]:
    # From the highest threshold down both counts only grow: the authors' sorting of each rate
    # changes nothing.
    called = counts[:, :, ::-1].cumsum(2)
    true, false = called[..., :-1], called[..., -1:] - called[..., :-1]
    positives, negatives = true[:, :, -1], false[:, :, -1]
    area = (true[:, :, 1:] * np.diff(false, axis=2)).sum(2)
    both = (positives > 0) & (negatives > 0)
    return np.where(both, area / np.where(both, positives * negatives, 1.0), 0.5)
