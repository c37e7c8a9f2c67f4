"""Latents in bins of rows, so that sums over the bins of many columns are one sparse product."""

import numpy as np
from jaxtyping import Bool, Float, Float64, Int64, Integer


class LatentBins:
    """Latents in bins of rows; a bin ends between two values.

    ranks (n, m): of each value among the different ones of its latent. order (m, n): rows by value;
    those of bin b of latent d are at starts[d, b] ... starts[d, b + 1] - 1. last (m, bins): the
    greatest rank of a bin. divisible (m, bins): has two values or more.
    """

    def __init__(self, codes: Float[np.ndarray, "n m"], bins: int) -> None:
        from scipy.sparse import csr_matrix  # type: ignore[import-untyped]

        rows, self.latents = codes.shape
        self.codes = codes
        kind = np.int16 if rows < 2**15 else np.int32
        self.ranks: Integer[np.ndarray, "n m"] = np.empty(codes.shape, dtype=kind)
        starts, last = [], []
        for latent, column in enumerate(codes.T):
            _, self.ranks[:, latent], counts = np.unique(
                column, return_inverse=True, return_counts=True
            )
            ends = _last_ranks(counts, bins)
            starts.append(np.r_[0, np.cumsum(counts)[ends]])
            last.append(ends)
        self.count = max(len(ends) for ends in last)
        self.size = self.latents * self.count
        self.starts = np.stack([_padded(s, self.count + 1) for s in starts])
        self.last = np.stack([_padded(ends, self.count) for ends in last])
        self.divisible = np.diff(self.last, prepend=-1) > 1
        self.order = np.argsort(self.ranks, axis=0, kind="stable").T.copy()
        pointers = np.r_[0, np.cumsum(np.diff(self.starts))]
        shape = (self.size, rows)
        self.matrix = csr_matrix((np.ones(codes.size), self.order.ravel(), pointers), shape=shape)
        # Counts up to 2**24 are exact in float32 and cost half.
        self.counted = np.float32 if rows < 2**24 else np.float64
        self.counting = self.matrix.astype(self.counted)

    def sums(self, values: Float64[np.ndarray, "n trees"]) -> Float64[np.ndarray, "m bins trees"]:
        """Sums of values over the rows of each bin."""
        return np.asarray((self.matrix @ values).reshape(self.latents, self.count, -1))

    def counts(self, rows: Bool[np.ndarray, "n trees"]) -> Float64[np.ndarray, "m bins trees"]:
        """How many of the given rows each bin has."""
        counted = self.counting @ rows.astype(self.counted)
        return np.asarray(counted.astype(np.float64).reshape(self.latents, self.count, -1))

    def rows_of(
        self, latents: Int64[np.ndarray, " c"], bins: Int64[np.ndarray, " c"]
    ) -> tuple[Int64[np.ndarray, " rows"], Int64[np.ndarray, " rows"]]:
        """The rows of c bins, by value, one bin after the other, and the bin of each."""
        first = self.starts[latents, bins]
        sizes = self.starts[latents, bins + 1] - first
        owner = np.repeat(np.arange(len(bins)), sizes)
        offset = first - (np.cumsum(sizes) - sizes)
        return self.order[latents[owner], np.arange(len(owner)) + offset[owner]], owner


def _last_ranks(counts: Int64[np.ndarray, " values"], bins: int) -> Int64[np.ndarray, " bins"]:
    """The last rank of each bin, from the counts of the values: one bin a value if they suffice.

    Otherwise bins of equal counts; a value that would fill a bin has one of its own.
    """
    if len(counts) <= bins:
        return np.arange(len(counts))
    rows = counts.sum()
    number = (np.cumsum(counts) - counts) * bins // rows
    heavy = counts * bins >= rows
    ends = np.r_[(np.diff(number) > 0) | heavy[1:] | heavy[:-1], True]
    return np.flatnonzero(ends)


def _padded(values: Int64[np.ndarray, " a"], length: int) -> Int64[np.ndarray, " b"]:
    return np.pad(values, (0, length - len(values)), mode="edge")
