"""Products of a weight with inputs that are mostly zero, as sums of its columns.

4 % of dSprites' pixels are on, so a first layer needs 4 % of its multiplications.
"""

from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F

# Up to this share of nonzero elements the sums are faster than the dense products.
DENSEST = 0.1
# Below this many multiplications the search for zeros costs more than it saves.
LARGE = 50_000_000


class SparseRows(NamedTuple):
    """The nonzero elements of rows (batch, inputs), row by row."""

    rows: Int[Tensor, "entries"]
    columns: Int[Tensor, "entries"]
    values: Float[Tensor, "entries"]
    shape: tuple[int, int]


def sparse_rows(x: Float[Tensor, "batch inputs"], outputs: int) -> SparseRows | None:
    """The nonzero elements of `x`; None where the dense product with a weight is faster.

    On the CPU alone: elsewhere the host would wait for the count.
    """
    if x.device.type != "cpu" or x.numel() * outputs < LARGE:
        return None
    if int(torch.count_nonzero(x)) > DENSEST * x.numel():
        return None
    rows, columns = x.nonzero().unbind(1)
    return SparseRows(rows, columns, x[rows, columns], (x.shape[0], x.shape[1]))


def sparse_affine(
    x: SparseRows, weight: Float[Tensor, "outputs inputs"], bias: Float[Tensor, "outputs"]
) -> Float[Tensor, "batch outputs"]:
    """`x @ weight.mT + bias`, without a graph; fast where `weight` is laid out by input."""
    starts = _starts(x.rows, x.shape[0])
    return _sums(x.columns, weight.mT.contiguous(), starts, x.values).add_(bias)


def sparse_gradient(
    at: Float[Tensor, "batch outputs"], x: SparseRows
) -> Float[Tensor, "outputs inputs"]:
    """`at.mT @ x`, the gradient in the weight, without a graph; laid out by input."""
    order = x.columns.argsort(stable=True)
    starts = _starts(x.columns, x.shape[1])
    return _sums(x.rows[order], at.contiguous(), starts, x.values[order]).mT


def by_input(weight: Float[Tensor, "outputs inputs"]) -> Float[Tensor, "outputs inputs"]:
    """The same weight, contiguous along the outputs of each input."""
    return weight.mT.contiguous().mT


def finite(tensor: Float[Tensor, "*shape"]) -> bool:
    """Whether all elements are finite: the sums would leave out the NaN of 0 · ∞ and 0 · NaN.

    Tested by the sum of all; if that overflows, the answer is no.
    """
    return bool(torch.isfinite(tensor.sum()))


def _starts(groups: Int[Tensor, "entries"], number: int) -> Int[Tensor, "groups"]:
    """Where the entries of each group begin, once sorted by group."""
    counts = torch.bincount(groups, minlength=number)
    return counts.cumsum(0) - counts


def _sums(index: Tensor, table: Tensor, starts: Tensor, values: Tensor) -> Tensor:
    return F.embedding_bag(index, table, starts, mode="sum", per_sample_weights=values)
