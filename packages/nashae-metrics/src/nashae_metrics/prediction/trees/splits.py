"""The best splits by squared error of one node in each of many trees.

Bins give the gains of the splits between bins. Splits inside a bin are searched row by row, but
only where a bound allows them to be as good; so the best split is found.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float64, Int64

from nashae_metrics.prediction.trees.bins import LatentBins

TIE = 1e-9  # gains that differ relatively by less are equal up to rounding
ROUNDING = 1e-18  # a gain of at most this is 0 up to rounding


class Node(NamedTuple):
    """The rows of one node in each tree, with counts and sums by bin.

    sums: of the residuals. squares: of the residuals, summed over all rows of the node.
    """

    rows: Bool[np.ndarray, "n trees"]
    counts: Float64[np.ndarray, "m bins trees"]
    sums: Float64[np.ndarray, "m bins trees"]
    squares: Float64[np.ndarray, " trees"]


def whole_node(
    rows: Bool[np.ndarray, "n trees"], residuals: Float64[np.ndarray, "n trees"], bins: LatentBins
) -> Node:
    """The node of those rows."""
    there = residuals * rows
    sums, squares = bins.sums(there), np.einsum("nk,nk->k", there, there)
    return Node(rows, bins.counts(rows), sums, squares)


def children(
    node: Node,
    right: Bool[np.ndarray, "n trees"],
    residuals: Float64[np.ndarray, "n trees"],
    bins: LatentBins,
) -> list[Node]:
    """The left and the right node of a split; the sums of the right one are the rest."""
    left = whole_node(node.rows & ~right, residuals, bins)
    rest = (of_node - of_left for of_node, of_left in zip(node[1:], left[1:], strict=True))
    return [left, Node(right, *rest)]


class Split(NamedTuple):
    """For each tree: train rows above a rank of a latent, test rows above a threshold, go right."""

    latents: Int64[np.ndarray, " trees"]
    ranks: Int64[np.ndarray, " trees"]
    thresholds: Float64[np.ndarray, " trees"]
    gains: Float64[np.ndarray, " trees"]


def best_split(
    node: Node,
    residuals: Float64[np.ndarray, "n trees"],
    bins: LatentBins,
    least: Float64[np.ndarray, " trees"],
    rng: np.random.Generator,
) -> Split:
    """The split of each tree that lowers the squared error most; none if it is below `least`.

    It gains L²/l + R²/r - (L + R)²/(l + r) = E² (l + r)/(l r) for sums L, R and counts l, r on the
    left and right and the excess E = L - l (L + R)/(l + r).
    """
    left = np.cumsum(node.counts, axis=1)
    total = left[0, -1]
    excess = np.cumsum(node.sums, axis=1)
    sum_ = excess[0, -1].copy()
    mean = sum_ / np.maximum(total, 1.0)
    excess -= left * mean
    gain = _gains(excess, left, total)
    of_latents = gain.max(1)
    divided = node.squares - sum_ * mean > least
    within = _within(node, residuals, bins, (excess, left, total, mean), of_latents.max(0), divided)
    inner = np.full(of_latents.shape, -1.0)
    np.maximum.at(inner, (within.latents, within.trees), within.gains)
    largest = np.maximum(of_latents, inner)
    best = largest.max(0)
    enough = best * (1 - TIE) - ROUNDING
    trees = np.arange(len(best))
    latents = np.where(largest >= enough, rng.random(largest.shape), -1.0).argmax(0)
    # The first of equal ones: bins after it that hold no row of the node give the same split.
    chosen = (gain[latents, :, trees] >= enough[:, None]).argmax(1)
    ranks = bins.last[latents, chosen]
    inside = of_latents[latents, trees] < enough
    inside &= divided
    wanted = (within.latents == latents[within.trees]) & inside[within.trees]
    wanted &= within.gains >= enough[within.trees]
    ranks[within.trees[wanted]] = within.ranks[wanted]
    divided &= best >= 0
    ranks[~divided] = bins.ranks.shape[0]
    return Split(
        latents,
        ranks,
        _thresholds(node, bins, latents, ranks, left, divided),
        np.where(divided, best, 0.0),
    )


def _gains(
    excess: Float64[np.ndarray, "*shape"],
    left: Float64[np.ndarray, "*shape"],
    total: Float64[np.ndarray, "..."],
) -> Float64[np.ndarray, "*shape"]:
    """The gains of splits, -1 if one side is empty."""
    sides = left * (total - left)
    gain = excess * excess
    gain *= total
    possible = sides > 0
    np.divide(gain, sides, out=gain, where=possible)
    gain[~possible] = -1.0
    return np.asarray(gain)


class _Within(NamedTuple):
    """Splits inside bins: after the row of that rank."""

    latents: Int64[np.ndarray, " splits"]
    trees: Int64[np.ndarray, " splits"]
    ranks: Int64[np.ndarray, " splits"]
    gains: Float64[np.ndarray, " splits"]


def _within(
    node: Node,
    residuals: Float64[np.ndarray, "n trees"],
    bins: LatentBins,
    edges: tuple[
        Float64[np.ndarray, "m bins trees"],
        Float64[np.ndarray, "m bins trees"],
        Float64[np.ndarray, " trees"],
        Float64[np.ndarray, " trees"],
    ],
    best: Float64[np.ndarray, " trees"],
    divided: Bool[np.ndarray, " trees"],
) -> _Within:
    """All splits inside the bins that could hold one as good as the best between bins.

    Over a bin the excess moves by no more than Σ |residual - mean|, so inside it is at most half
    the sum of that and its absolute values at the ends.
    """
    excess, left, total, mean = edges
    low, bound = np.zeros_like(excess), np.abs(excess)
    low[:, 1:] = left[:, :-1]
    bound[:, 1:] += bound[:, :-1].copy()
    # Not Σ |residual| + |mean|, which is many times as much in a nearly pure node.
    bound += bins.sums(np.abs(residuals - mean) * node.rows)
    bound *= bound
    bound *= (1 + TIE) * total / 4
    # Between the counts at both ends l r is least at one of them.
    bound -= (best * (1 - TIE) - ROUNDING) * np.minimum(
        (low + 1) * (total - low - 1), (left - 1) * (total - left + 1)
    )
    possible = (bound >= 0) & (node.counts >= 2) & bins.divisible[:, :, None] & divided
    latents, places, trees = np.nonzero(possible)
    rows, owner = bins.rows_of(latents, places)
    there = node.rows[rows, trees[owner]]
    rows, owner = rows[there], owner[there]
    latents, trees_there = latents[owner], trees[owner]
    ranks = bins.ranks[rows, latents]
    start = np.searchsorted(owner, np.arange(len(places)))[owner]
    counted = np.arange(1.0, len(rows) + 1) - start
    moved = np.cumsum(residuals[rows, trees_there] - mean[trees_there])
    before = np.r_[0.0, moved][start]
    places = places[owner]
    base = np.where(places > 0, excess[latents, places - 1, trees_there], 0.0)
    ends = np.flatnonzero((np.diff(owner) == 0) & (np.diff(ranks) > 0))
    gains = _gains(
        (base + moved - before)[ends],
        (low[latents, places, trees_there] + counted)[ends],
        total[trees_there[ends]],
    )
    return _Within(latents[ends], trees_there[ends], ranks[ends].astype(np.int64), gains)


def _thresholds(
    node: Node,
    bins: LatentBins,
    latents: Int64[np.ndarray, " trees"],
    ranks: Int64[np.ndarray, " trees"],
    left: Float64[np.ndarray, "m bins trees"],
    divided: Bool[np.ndarray, " trees"],
) -> Float64[np.ndarray, " trees"]:
    """The middle between the node's rows next to each split; infinite if there is no split."""
    trees = np.flatnonzero(divided)
    latents, ranks = latents[trees], ranks[trees]
    counts = left[latents, :, trees]
    own = (bins.last[latents] < ranks[:, None]).sum(1)
    following = (counts > counts[np.arange(len(trees)), own][:, None]).argmax(1)
    # A split inside a bin has rows above it in the same bin.
    following = np.where(ranks < bins.last[latents, own], own, following)
    ends = []
    for places, side in ((own, 1), (following, -1)):
        rows, owner = bins.rows_of(latents, places)
        beyond = bins.ranks[rows, latents[owner]] > ranks[owner]
        there = node.rows[rows, trees[owner]] & (beyond == (side < 0))
        nearest = np.full(len(trees), -np.inf)
        np.maximum.at(nearest, owner[there], side * bins.codes[rows, latents[owner]][there])
        ends.append(side * nearest)
    thresholds = np.full(len(divided), np.inf)
    thresholds[trees] = ends[0] / 2 + ends[1] / 2
    return thresholds
