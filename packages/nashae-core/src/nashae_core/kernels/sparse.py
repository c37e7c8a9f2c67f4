"""Products of a weight with rows of which most elements are zero, as sums of its columns.

Of dSprites' pixels 4 % are on: what a first layer multiplies is then 4 % of its weight.
"""

from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F

# Up to this share of elements that are not zero the sums are faster than the dense products.
DENSEST = 0.1
# Below this many multiplications to look for zeros costs more than it can save.
LARGE = 50_000_000


class SparseRows(NamedTuple):
    """The elements of rows (batch, inputs) that are not zero, row by row."""

    rows: Int[Tensor, "entries"]
    columns: Int[Tensor, "entries"]
    values: Float[Tensor, "entries"]
    shape: tuple[int, int]


def sparse_rows(x: Float[Tensor, "batch inputs"], outputs: int) -> SparseRows | None:
    """The non-zero elements of `x`; None where the dense product with a weight is faster.

    The data alone decide. It is for the CPU: elsewhere the host would wait for the count.
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
    """The same weight with what belongs to one input side by side in memory."""
    return weight.mT.contiguous().mT


def finite(tensor: Float[Tensor, "*shape"]) -> bool:
    """Whether no element is infinite or NaN, of which the sums would leave out what meets a zero.

    By the sum of all, the cheapest way; where that overflows, the answer is no.
    """
    return bool(torch.isfinite(tensor.sum()))


def _starts(groups: Int[Tensor, "entries"], number: int) -> Int[Tensor, "groups"]:
    """Where each group's entries begin once they are sorted by group."""
    counts = torch.bincount(groups, minlength=number)
    return counts.cumsum(0) - counts


def _sums(index: Tensor, table: Tensor, starts: Tensor, values: Tensor) -> Tensor:
    return F.embedding_bag(index, table, starts, mode="sum", per_sample_weights=values)
