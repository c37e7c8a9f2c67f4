"""The area under the ROC curve as the authors of NashAE compute it, from a grid of thresholds."""

import numpy as np
from jaxtyping import Bool, Float, Float64, Int64

THRESHOLDS = 101
LARGEST_TABLE = 2**22  # numbers of one table of counts: 32 MB


def grid_auroc(
    codes: Float[np.ndarray, "n m"],
    attributes: Bool[np.ndarray, "n k"],
    extremes: Float[np.ndarray, "2 m"] | None = None,
) -> Float64[np.ndarray, "m k"]:
    """AUROC in [0, 1], the larger of two right Riemann sums over 101 thresholds.

    The thresholds are evenly spaced from the latent's minimum to its maximum, or between the given
    `extremes`. One sum calls an observation positive if z >= threshold, the other if z < threshold;
    each takes every step of its curve at the upper end. Both are therefore too high for smooth
    latents, and too low if many observations lie at an end: the area left of the first point is
    missing. A latent of two values scores 1 - FPR, so a perfect detector that is low for the
    attribute scores 0. A constant latent has 0.5.
    """
    one_block = np.zeros(len(codes), dtype=np.int64)
    area: Float64[np.ndarray, "m k"] = resampled_grid_auroc(
        codes, attributes, one_block, np.ones((1, 1)), extremes
    )[0]
    return area


def resampled_grid_auroc(
    codes: Float[np.ndarray, "n m"],
    attributes: Bool[np.ndarray, "n k"],
    numbers: Int64[np.ndarray, " n"],
    weights: Float64[np.ndarray, "draws blocks"],
    extremes: Float[np.ndarray, "2 m"] | None = None,
) -> Float64[np.ndarray, "draws m k"]:
    """`grid_auroc` of each draw, where a row counts as often as the draw's weight of its block.

    The grid stays that of all rows. An attribute of one value in a draw has 0.5.
    """
    from scipy.sparse import csr_array  # type: ignore[import-untyped]

    n, m = codes.shape
    if m == 0:
        return np.empty((len(weights), 0, attributes.shape[1]))
    ends = np.stack([codes.min(0), codes.max(0)]) if extremes is None else extremes
    # In the codes' own precision, which not every numpy keeps for a float32 array and a number:
    # whether the largest code reaches the last threshold then depends on the same rounding as in
    # the authors' code.
    lows, highs = ends.astype(codes.dtype)
    shares = np.linspace(0, 1, THRESHOLDS, dtype=np.float32).astype(codes.dtype)
    levels = THRESHOLDS + 1
    level = np.empty((n, m), dtype=np.int32)  # how many thresholds a sample reaches
    for latent, (column, low, high) in enumerate(zip(codes.T, lows, highs, strict=True)):
        grid = shares * (high - low) + low
        level[:, latent] = np.searchsorted(grid, column, side="right") + latent * levels

    indicator = csr_array(
        (np.ones(n * m), level.ravel(), np.arange(0, n * m + 1, m)), shape=(n, m * levels)
    ).T
    classes = np.column_stack([attributes, np.ones(n)])  # the last column counts all samples
    area: Float64[np.ndarray, "draws m k"] = np.empty((len(weights), m, attributes.shape[1]))
    step = max(1, LARGEST_TABLE // (max(n, m * levels) * classes.shape[1]))
    for start in range(0, len(weights), step):
        drawn = weights[start : start + step, numbers].T
        counts = indicator @ (drawn[:, :, None] * classes[:, None]).reshape(n, -1)
        area[start : start + step] = _areas(
            counts.reshape(m, levels, -1, classes.shape[1]).transpose(2, 0, 1, 3)
        )
    area[:, codes.max(0) == codes.min(0)] = 0.5
    return area


def _areas(
    counts: Float64[np.ndarray, "draws m levels classes"],
) -> Float64[np.ndarray, "draws m k"]:
    # From the highest threshold down both counts only grow, so the authors' sorting of each rate
    # has no effect. At the last level, below all thresholds, all samples are counted.
    called = counts[:, :, ::-1].cumsum(2)
    true, false = called[..., :-1], called[..., -1:] - called[..., :-1]
    positives, negatives = true[:, :, -1], false[:, :, -1]
    true, steps = true[:, :, :-1], np.diff(false[:, :, :-1], axis=2)
    rising = (true[:, :, 1:] * steps).sum(2)
    falling = ((positives[:, :, None] - true[:, :, :-1]) * steps).sum(2)
    both = (positives > 0) & (negatives > 0)
    pairs = np.where(both, positives * negatives, 1.0)
    return np.where(both, np.maximum(rising, falling) / pairs, 0.5)
