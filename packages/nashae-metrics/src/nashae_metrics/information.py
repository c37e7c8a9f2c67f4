"""Entropy and mutual information of labels, in nats."""

import numpy as np
import numpy.typing as npt
from jaxtyping import Bool, Float, Float64, Int64


def binary_mutual_information(attributes: Bool[np.ndarray, "n k"]) -> Float64[np.ndarray, "k k"]:
    """Mutual information of each pair of binary attributes; the diagonal is their entropy.

    One matrix product counts the samples in which both are present; the three other cells of each
    table follow.
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
    # An empty cell adds nothing (0·log 0 = 0); a one in its place keeps the logarithm quiet.
    ratio = np.where(cells > 0, cells * n / np.maximum(expected, 1), 1.0)
    information: Float64[np.ndarray, "k k"] = (cells / n * np.log(ratio)).sum(0)
    np.maximum(information, 0.0, out=information)
    return information


def redundancy(attributes: Bool[np.ndarray, "n k"]) -> Float64[np.ndarray, " k"]:
    """Largest share of each attribute's entropy that one other attribute removes.

    max_{j≠i} MI(i, j)/H(i), in [0, 1]; a lone attribute has 0.
    """
    information = binary_mutual_information(attributes)
    entropy = np.diag(information).copy()
    np.fill_diagonal(information, 0.0)
    share: Float64[np.ndarray, " k"] = information.max(1) / entropy
    np.minimum(share, 1.0, out=share)
    return share


def binned_information(
    codes: Float[np.ndarray, "n m"], factors: Int64[np.ndarray, "n k"], bins: int
) -> Float64[np.ndarray, "m k"]:
    """Mutual information of each latent, in equal-width bins, and each factor; 0 where constant."""
    binned = equal_width_bins(codes, bins)
    columns = []
    for factor in factors.T:
        values, classes = np.unique(factor, return_inverse=True)
        cell = (np.arange(binned.shape[1]) * bins + binned) * len(values) + classes[:, None]
        size = binned.shape[1] * bins * len(values)
        joint = np.bincount(cell.ravel(), minlength=size).reshape(-1, bins, len(values))
        bin_counts, class_counts = joint.sum(2), np.bincount(classes)
        information = _entropy(bin_counts) + _entropy(class_counts) - _entropy(joint, axes=(1, 2))
        columns.append(np.maximum(information, 0.0))
    table: Float64[np.ndarray, "m k"] = np.stack(columns, axis=1)
    return table


def factor_entropies(factors: Int64[np.ndarray, "n k"]) -> Float64[np.ndarray, " k"]:
    """Entropy of each factor."""
    counts = (np.unique(factor, return_counts=True)[1] for factor in factors.T)
    return np.array([float(_entropy(count)) for count in counts])


def equal_width_bins(codes: Float[np.ndarray, "n m"], bins: int) -> Int64[np.ndarray, "n m"]:
    """The bin of each code, 0 … bins − 1, each latent's range cut into equal parts."""
    low = codes.min(0).astype(np.float64)
    width = codes.max(0).astype(np.float64) - low
    share = (codes - low) / np.where(width > 0, width, 1.0)
    binned: Int64[np.ndarray, "n m"] = np.minimum((share * bins).astype(np.int64), bins - 1)
    return binned


def _entropy(
    counts: npt.NDArray[np.int64], axes: int | tuple[int, ...] = -1
) -> npt.NDArray[np.float64]:
    """Entropy of the distributions whose counts lie along `axes`."""
    share = counts / counts.sum(axes, keepdims=True)
    logarithm = np.log(np.where(share > 0, share, 1.0))
    return np.asarray(-(share * logarithm).sum(axes))
