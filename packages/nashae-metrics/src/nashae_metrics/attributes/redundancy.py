"""How much of each binary attribute's entropy the other attributes remove."""

import numpy as np
from jaxtyping import Bool, Float64


def binary_mutual_information(attributes: Bool[np.ndarray, "n k"]) -> Float64[np.ndarray, "k k"]:
    """Mutual information of each pair of binary attributes; the diagonal is their entropy.

    One matrix product counts the observations that have both attributes; the three other cells of
    each table follow.
    """
    n = len(attributes)
    labels = attributes.astype(np.float64)
    both = labels.T @ labels
    present = np.diag(both)
    row, column = present[:, None], present[None, :]
    cells = np.stack([both, row - both, column - both, n - row - column + both])
    expected = np.stack(
        [row * column, row * (n - column), (n - row) * column, (n - row) * (n - column)]
    )
    # An empty cell adds 0 (0·log 0 = 0); log 1 = 0 stands in for it.
    ratio = np.where(cells > 0, cells * n / np.maximum(expected, 1), 1.0)
    information: Float64[np.ndarray, "k k"] = (cells / n * np.log(ratio)).sum(0)
    np.maximum(information, 0.0, out=information)
    return information


def redundancy(attributes: Bool[np.ndarray, "n k"]) -> Float64[np.ndarray, " k"]:
    """Largest share of each attribute's entropy that one other attribute removes.

    max_{j≠i} MI(i, j)/H(i), in [0, 1]; 0 for a lone attribute.
    """
    information = binary_mutual_information(attributes)
    entropy = np.diag(information).copy()
    np.fill_diagonal(information, 0.0)
    share: Float64[np.ndarray, " k"] = information.max(1) / entropy
    np.minimum(share, 1.0, out=share)
    return share
