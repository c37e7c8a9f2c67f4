"""Entropy and mutual information of labels, in nats."""

from collections.abc import Sequence
from typing import NamedTuple

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


LARGEST_TABLE = 2**22  # numbers of one table of counts: 32 MB
NOTHING = 1e-13  # nats: what rounding leaves of 0, far less than one sample among millions makes


class Information(NamedTuple):
    """What a latents (in bins) and k factors know of each other, in nats, of each draw.

    mutual (..., a, k): I(z_d; v_k); codes (..., a): H(z_d); factors (..., k): H(v_k). The joint
    entropy is H(z_d) + H(v_k) - I(z_d; v_k).
    """

    mutual: Float64[np.ndarray, "*draws a k"]
    codes: Float64[np.ndarray, "*draws a"]
    factors: Float64[np.ndarray, "*draws k"]


class BinnedCodes:
    """Latents (n, a) in `bins` bins of equal width over their ranges."""

    def __init__(self, codes: Float[np.ndarray, "n a"], bins: int) -> None:
        if bins < 2:
            raise ValueError(f"bins must be 2 or more, got {bins}")
        self.bins = bins
        self.numbers = equal_width_bins(codes, bins)

    def information(
        self,
        classes: Int64[np.ndarray, "n k"],
        sizes: Sequence[int],
        *,
        blocks: Int64[np.ndarray, " n"] | None = None,
        weights: Float64[np.ndarray, "draws blocks"] | None = None,
    ) -> Information:
        """Information about factors of classes 0 ... size - 1.

        Of all rows once, without leading axis, or, with `blocks` and `weights`, of each draw: there
        the rows of a block count as often as the draw's weight of that block says.
        """
        draws = _Draws(len(self.numbers), blocks, weights)
        own = self._entropies(draws)
        factors = np.empty((*draws.shape, classes.shape[1]))
        mutual = np.empty((*own.shape, classes.shape[1]))
        for column, size in enumerate(sizes):
            factor = np.ascontiguousarray(classes[:, column])
            factors[..., column] = draws.entropy(factor, size)
            for latent, numbers in enumerate(self.numbers.T):
                cells = numbers * size
                cells += factor
                together = draws.entropy(cells, self.bins * size)
                mutual[..., latent, column] = own[..., latent] + factors[..., column] - together
        return Information(_clean(mutual), own, factors)

    def between(
        self,
        *,
        blocks: Int64[np.ndarray, " n"] | None = None,
        weights: Float64[np.ndarray, "draws blocks"] | None = None,
    ) -> Float64[np.ndarray, "*draws a a"]:
        """Information I(z_i; z_j) of each pair of latents; the diagonal is their entropy.

        Of all rows once or of each draw, as in `information`.
        """
        draws = _Draws(len(self.numbers), blocks, weights)
        own = self._entropies(draws)
        mutual = np.zeros((*own.shape, own.shape[-1]))
        for row, numbers in enumerate(self.numbers.T):
            mutual[..., row, row] = own[..., row]
            for column, others in enumerate(self.numbers.T[:row]):
                cells = numbers * self.bins
                cells += others
                together = draws.entropy(cells, self.bins**2)
                mutual[..., row, column] = own[..., row] + own[..., column] - together
                mutual[..., column, row] = mutual[..., row, column]
        return _clean(mutual)

    def _entropies(self, draws: "_Draws") -> Float64[np.ndarray, "*draws a"]:
        own = np.empty((*draws.shape, self.numbers.shape[1]))
        for latent, numbers in enumerate(self.numbers.T):
            own[..., latent] = draws.entropy(numbers, self.bins)
        return own


class _Draws:
    """All rows once, or draws in which the rows of a block count as often as its weight says."""

    def __init__(
        self,
        rows: int,
        blocks: Int64[np.ndarray, " n"] | None,
        weights: Float64[np.ndarray, "draws blocks"] | None,
    ) -> None:
        self.blocks, self.weights = blocks, weights
        self.shape: tuple[int, ...] = ()
        self.rows: npt.NDArray[np.float64] = np.array(float(rows))
        if blocks is not None and weights is not None:
            self.shape = (len(weights),)
            self.rows = weights @ np.bincount(blocks, minlength=weights.shape[1])

    def entropy(self, labels: Int64[np.ndarray, " n"], size: int) -> Float64[np.ndarray, "*draws"]:
        """Entropy of labels 0 ... size - 1 in each draw: log n - Σ c log c / n over counts c."""
        widest = 1 if self.weights is None else max(self.weights.shape)
        if size * widest > LARGEST_TABLE:  # most of such a table is empty
            labels = np.unique(labels, return_inverse=True)[1].astype(np.int64)
            size = int(labels.max()) + 1
        step = max(1, LARGEST_TABLE // widest)
        repeated = np.zeros(self.shape)
        for start in range(0, size, step):
            repeated += self._repeated(labels, start, min(step, size - start), size)
        return _clean(np.asarray(np.log(self.rows) - repeated / self.rows))

    def _repeated(
        self, labels: Int64[np.ndarray, " n"], start: int, span: int, size: int
    ) -> npt.NDArray[np.float64]:
        """Σ c log c over the labels start ... start + span - 1."""
        blocks = self.blocks
        if span < size:
            chosen = (labels >= start) & (labels < start + span)
            labels = labels[chosen] - start
            blocks = None if blocks is None else blocks[chosen]
        if blocks is None or self.weights is None:
            counts = np.bincount(labels, minlength=span).astype(np.float64)
        else:
            number = self.weights.shape[1]
            cells = np.bincount(blocks * span + labels, minlength=number * span)
            counts = self.weights @ cells.reshape(number, span).astype(np.float64)
        logarithm = np.log(np.maximum(counts, 1.0))
        logarithm *= counts
        return np.asarray(logarithm.sum(-1))


def _clean(information: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Nothing in place of what rounding made of nothing, so that no ratio is taken of it."""
    information[information < NOTHING] = 0.0
    return information


def two_best(
    values: Float64[np.ndarray, "*draws rows columns"],
) -> tuple[Float64[np.ndarray, "*draws columns"], Float64[np.ndarray, "*draws columns"]]:
    """The best and the second best row of each column, none of them below 0, missing ones 0."""
    zeros = np.zeros((*values.shape[:-2], 2, values.shape[-1]))
    ordered = np.partition(np.concatenate([zeros, values], axis=-2), (-2, -1), axis=-2)
    return ordered[..., -1, :], ordered[..., -2, :]


def shares(
    information: Float64[np.ndarray, "*all"], entropies: Float64[np.ndarray, "*all2"]
) -> Float64[np.ndarray, "*all"]:
    """Information over an entropy, 0 where that is 0: in a resample a factor may have one value."""
    empty = entropies <= 0
    result: Float64[np.ndarray, "*all"] = np.where(
        empty, 0.0, information / np.where(empty, 1.0, entropies)
    )
    return result


def equal_width_bins(codes: Float[np.ndarray, "n m"], bins: int) -> Int64[np.ndarray, "n m"]:
    """The bin of each code, 0 … bins − 1, each latent's range cut into equal parts.

    A code on the edge of two bins is in the upper one, also where rounding, by a scale or an
    offset, has put it a little below.
    """
    binned = np.empty(codes.shape, dtype=np.int64, order="F")
    for latent, column in enumerate(codes.T):
        low, high = float(column.min()), float(column.max())
        width = high - low
        if width > 0:
            rounding = 2 * np.finfo(np.float64).eps * max(abs(low), abs(high)) / width
            share = (column.astype(np.float64) - low) / width + min(rounding, 1e-3 / bins)
            binned[:, latent] = np.minimum((share * bins).astype(np.int64), bins - 1)
        else:
            binned[:, latent] = 0
    return binned
