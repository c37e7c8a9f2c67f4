"""Entropy and mutual information of binned latents and factors, in nats."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from jaxtyping import Float, Float64, Int64

from nashae_metrics.ground.intervals import Resamples

LARGEST_TABLE = 2**22  # numbers of one table of counts: 32 MB
ROUNDING = 1e-13  # nats: less is 0 up to rounding; one observation among millions has far more


class Information(NamedTuple):
    """Information of a latents, in bins, about k factors, in nats; with a leading axis of draws.

    mutual (..., a, k): I(z_d; v_k). codes (..., a): H(z_d). factors (..., k): H(v_k). bins: of each
    latent. The joint entropy is H(z_d) + H(v_k) - I(z_d; v_k).
    """

    mutual: Float64[np.ndarray, "*draws a k"]
    codes: Float64[np.ndarray, "*draws a"]
    factors: Float64[np.ndarray, "*draws k"]
    bins: int


class BinnedCodes:
    """Latents (n, a) in `bins` bins of equal width over their ranges."""

    def __init__(self, codes: Float[np.ndarray, "n a"], bins: int) -> None:
        if bins < 2:
            raise ValueError(f"bins must be 2 or more; got {bins}")
        self.bins = bins
        self.numbers = equal_width_bins(codes, bins)

    def information(
        self,
        classes: Int64[np.ndarray, "n k"],
        sizes: Sequence[int],
        resamples: Resamples | None = None,
    ) -> Information:
        """Information about factors of classes 0 ... size - 1: of all rows, or of each resample."""
        draws = _Draws(len(self.numbers), resamples)
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
        return Information(_clean(mutual), own, factors, self.bins)

    def between(self, resamples: Resamples | None = None) -> Float64[np.ndarray, "*draws a a"]:
        """Information I(z_i; z_j) of each pair of latents; the diagonal is their entropy."""
        draws = _Draws(len(self.numbers), resamples)
        own = self._entropies(draws)
        mutual = np.zeros((*own.shape, own.shape[-1]))
        for row, numbers in enumerate(self.numbers.T):
            mutual[..., row, row] = own[..., row]
            for column, earlier in enumerate(self.numbers.T[:row]):
                cells = numbers * self.bins
                cells += earlier
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
    """All rows once, or resamples of them."""

    def __init__(self, rows: int, resamples: Resamples | None) -> None:
        self.resamples = resamples
        self.shape: tuple[int, ...] = ()
        self.rows: npt.NDArray[np.float64] = np.array(float(rows))
        if resamples is not None:
            weights = resamples.weights
            self.shape = (len(weights),)
            self.rows = weights @ np.bincount(resamples.blocks, minlength=weights.shape[1])

    def entropy(self, labels: Int64[np.ndarray, " n"], size: int) -> Float64[np.ndarray, "*draws"]:
        """Entropy of labels 0 ... size - 1 in each draw: log n - Σ c log c / n over counts c."""
        widest = 1 if self.resamples is None else max(self.resamples.weights.shape)
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
        blocks = None if self.resamples is None else self.resamples.blocks
        if span < size:
            chosen = (labels >= start) & (labels < start + span)
            labels = labels[chosen] - start
            blocks = None if blocks is None else blocks[chosen]
        if blocks is None or self.resamples is None:
            counts = np.bincount(labels, minlength=span).astype(np.float64)
        else:
            weights = self.resamples.weights
            number = weights.shape[1]
            cells = np.bincount(blocks * span + labels, minlength=number * span)
            counts = weights @ cells.reshape(number, span).astype(np.float64)
        logarithm = np.log(np.maximum(counts, 1.0))
        logarithm *= counts
        return np.asarray(logarithm.sum(-1))


def _clean(information: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Set what is 0 up to rounding to 0, so that no ratio is taken of it."""
    information[information < ROUNDING] = 0.0
    return information


def equal_width_bins(codes: Float[np.ndarray, "n m"], bins: int) -> Int64[np.ndarray, "n m"]:
    """The bin of each code, 0 … bins − 1, each latent's range cut into equal parts.

    A code on the edge of two bins is in the upper one, even if rounding has put it a little below.
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
