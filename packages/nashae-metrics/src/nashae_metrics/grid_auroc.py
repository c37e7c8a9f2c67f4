"""The area under the ROC curve as the authors of NashAE take it, from a grid of thresholds."""

import numpy as np
from jaxtyping import Bool, Float, Float64

THRESHOLDS = 101


def grid_auroc(
    codes: Float[np.ndarray, "n m"], attributes: Bool[np.ndarray, "n k"]
) -> Float64[np.ndarray, "m k"]:
    """AUROC, direction-free, by a right Riemann sum over 101 thresholds between the extremes.

    The thresholds are evenly spaced from the latent's minimum to its maximum; a sample is called
    positive when z >= threshold. The sum overrates: each step of the curve is taken at its upper
    end (a binary latent scores 1 - FPR or FPR), and the area left of the last threshold's point is
    missing. A constant latent, which would have 0 and so 1, has 0.5.
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
    )
    classes = np.column_stack([attributes, np.ones(n)])  # the last column counts all samples
    counts = (indicator.T @ classes).reshape(m, THRESHOLDS, -1)
    # From the highest threshold down both counts only grow: the authors' sorting of each rate
    # changes nothing.
    called = counts[:, ::-1].cumsum(1)
    true, false = called[..., :-1], called[..., -1:] - called[..., :-1]
    heights = true[:, 1:] / true[:, -1:]
    widths = np.diff(false, axis=1) / false[:, -1:]
    area: Float64[np.ndarray, "m k"] = (heights * widths).sum(1)
    area[codes.max(0) == codes.min(0)] = 0.5
    np.maximum(area, 1 - area, out=area)
    return area
