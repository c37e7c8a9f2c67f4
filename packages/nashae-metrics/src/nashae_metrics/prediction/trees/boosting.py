"""Gradient-boosted trees of all classes grown together, from histograms.

The K trees of one iteration of multinomial boosting see the same predictions, so they are
independent and of equal shape: they are grown as arrays whose last axis is the class. Splits and
importances by squared error depend on sums of residuals and counts only. Each latent is binned
once; one sparse product of the rows' bins with the residuals then gives the sums of all bins,
latents and classes. Only bins that could hold a better split than the best one between bins are
searched row by row, so the best split is found.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Float64, Int64

from nashae_metrics.prediction.trees.bins import LatentBins
from nashae_metrics.prediction.trees.splits import best_split, children, whole_node

BINS = 256
LARGEST_ARRAY = 2**21  # numbers: 16 MB, of the rows or of the bins of as many classes as fit
PURE = 1e-13  # share of a tree's squared error below which that of a node counts as 0
SMALLEST_CURVATURE = 1e-150  # scikit-learn's


@dataclass(frozen=True)
class Boosting:
    """Settings of boosted trees; the defaults are scikit-learn's.

    bins: of equal counts per latent; a latent of no more values is not binned. Raises `ValueError`
    for numbers out of range.
    """

    iterations: int = 100
    depth: int = 3
    rate: float = 0.1
    bins: int = BINS

    def __post_init__(self) -> None:
        for field in ("iterations", "depth"):
            if getattr(self, field) < 1:
                raise ValueError(f"{field} must be 1 or more; got {getattr(self, field)}")
        if not 0 < self.rate <= 1:
            raise ValueError(f"rate must be in (0, 1]; got {self.rate}")
        if not 2 <= self.bins < 2**15:
            raise ValueError(f"bins must be in 2 ... {2**15 - 1}; got {self.bins}")


class Boosted(NamedTuple):
    """The trees of one factor: importances and predictions.

    importances (m,): the decrease of squared error by each latent's splits, of sum 1, or 0 if no
    tree was split. train_classes (stages, n), test_classes (stages, t): predicted after each number
    of iterations in stages. scores (t, classes): of the test rows after the last iteration,
    log-probabilities up to a constant; for two classes (t, 1), log-odds.
    """

    importances: Float64[np.ndarray, " m"]
    train_classes: Int64[np.ndarray, "stages n"]
    test_classes: Int64[np.ndarray, "stages t"]
    scores: Float64[np.ndarray, "t trees"]


def boosted_trees(
    codes: Float[np.ndarray, "n m"],
    classes: Int64[np.ndarray, " n"],
    test: Float[np.ndarray, "t m"],
    *,
    rng: np.random.Generator,
    boosting: Boosting | None = None,
    stages: Sequence[int] | None = None,
) -> Boosted:
    """Train boosted trees on codes and classes, and predict the classes of test codes.

    The trees are those of scikit-learn's `GradientBoostingClassifier` if latents have no more
    values than bins, up to ties: of several latents that split equally well one is drawn, so that
    equal latents share their importance. One class gives importances of 0. stages: the numbers of
    iterations after which classes are predicted, ascending; by default the last.

    Source: Friedman 2001, algorithm 6, https://doi.org/10.1214/aos/1013203451; histograms as in Ke
    et al. 2017 (LightGBM).
    """
    boosting = boosting or Boosting()
    stages = [boosting.iterations] if stages is None else stages
    labels, numbers = np.unique(classes, return_inverse=True)
    if len(labels) == 1:
        train_only, test_only = (np.full((len(stages), len(z)), labels[0]) for z in (codes, test))
        nothing = np.zeros(codes.shape[1])
        return Boosted(nothing, train_only, test_only, np.zeros((len(test), 1)))
    model = _Model(labels, numbers, len(test))
    bins = LatentBins(codes, boosting.bins)
    gains = np.zeros(codes.shape[1])
    train_classes, test_classes = [], []
    for iteration in range(1, boosting.iterations + 1):
        residuals, curvatures = model.residuals()
        for trees in _chunks(residuals.shape[1], max(*codes.shape, bins.size)):
            leaves, test_leaves = _grow(
                bins, np.ascontiguousarray(residuals[:, trees]), test, boosting, rng, gains
            )
            values = boosting.rate * model.leaf_values(
                leaves, residuals[:, trees], curvatures[:, trees], 2**boosting.depth
            )
            model.scores[:, trees] += np.take(values, leaves)
            model.test_scores[:, trees] += np.take(values, test_leaves)
        if iteration in stages:
            train_classes.append(model.classes(model.scores))
            test_classes.append(model.classes(model.test_scores))
    total = gains.sum()
    return Boosted(
        gains / total if total > 0 else gains,
        np.stack(train_classes),
        np.stack(test_classes),
        model.test_scores,
    )


class _Model:
    """Scores of each row for each class, or, of two classes, for the second only."""

    def __init__(
        self, labels: Int64[np.ndarray, " k"], numbers: Int64[np.ndarray, " n"], test_rows: int
    ) -> None:
        self.labels = labels
        shares = np.bincount(numbers) / len(numbers)
        self.binary = len(labels) == 2
        if self.binary:
            start = np.log(shares[1:] / shares[0])
            self.targets = numbers[:, None].astype(np.float64)
        else:
            start = np.log(shares) - np.log(shares).mean()
            self.targets = np.eye(len(labels))[numbers]
        self.scores = np.tile(start, (len(numbers), 1))
        self.test_scores = np.tile(start, (test_rows, 1))

    def residuals(self) -> tuple[Float64[np.ndarray, "n trees"], Float64[np.ndarray, "n trees"]]:
        """Targets less probabilities p, and the loss's curvatures p (1 - p)."""
        if self.binary:
            probabilities = 0.5 + 0.5 * np.tanh(0.5 * self.scores)
        else:
            probabilities = self.scores - self.scores.max(1, keepdims=True)
            np.exp(probabilities, out=probabilities)
            probabilities /= probabilities.sum(1, keepdims=True)
        return self.targets - probabilities, probabilities * (1.0 - probabilities)

    def leaf_values(
        self,
        leaves: Int64[np.ndarray, "n trees"],
        residuals: Float64[np.ndarray, "n trees"],
        curvatures: Float64[np.ndarray, "n trees"],
        number: int,
    ) -> Float64[np.ndarray, " leaves"]:
        """One step of Newton in each leaf, at leaf · trees + tree."""
        cells, place = number * residuals.shape[1], leaves.ravel()
        slopes = np.bincount(place, weights=residuals.ravel(), minlength=cells)
        curves = np.bincount(place, weights=curvatures.ravel(), minlength=cells)
        values = np.zeros(cells)
        np.divide(slopes, curves, out=values, where=curves >= SMALLEST_CURVATURE)
        # Friedman's factor for K classes.
        return values if self.binary else values * (1 - 1 / len(self.labels))

    def classes(self, scores: Float64[np.ndarray, "n trees"]) -> Int64[np.ndarray, " n"]:
        """The class of the largest score of each row."""
        largest = (scores[:, 0] >= 0).astype(np.int64) if self.binary else scores.argmax(1)
        classes: Int64[np.ndarray, " n"] = self.labels[largest]
        return classes


def _chunks(trees: int, numbers: int) -> Iterator[slice]:
    step = max(1, LARGEST_ARRAY // numbers)
    return (slice(start, min(start + step, trees)) for start in range(0, trees, step))


def _grow(
    bins: LatentBins,
    residuals: Float64[np.ndarray, "n trees"],
    test: Float[np.ndarray, "t m"],
    boosting: Boosting,
    rng: np.random.Generator,
    gains: Float64[np.ndarray, " m"],
) -> tuple[Int64[np.ndarray, "n trees"], Int64[np.ndarray, "t trees"]]:
    """Grow a tree on each column of residuals; return each row's place among leaf · trees + tree.

    The gains of the splits are added to `gains`. A node that cannot be split keeps all its rows on
    the left, down to the last level.
    """
    everywhere = np.ones(residuals.shape, dtype=bool)
    nodes = {
        0: (
            whole_node(everywhere, residuals, bins),
            np.ones((len(test), residuals.shape[1]), bool),
        )
    }
    least = PURE * nodes[0][0].squares
    leaves = np.zeros(residuals.shape, dtype=np.int64)
    test_leaves = np.zeros((len(test), residuals.shape[1]), dtype=np.int64)
    for level in range(boosting.depth):
        below = {}
        leaves *= 2
        test_leaves *= 2
        for number, (node, test_there) in nodes.items():
            split = best_split(node, residuals, bins, least, rng)
            if np.isinf(split.thresholds).all():
                continue
            np.add.at(gains, split.latents, split.gains)
            right = bins.ranks[:, split.latents] > split.ranks.astype(bins.ranks.dtype)
            right &= node.rows
            leaves += right
            test_right = test[:, split.latents] > split.thresholds
            test_right &= test_there
            test_leaves += test_right
            if level < boosting.depth - 1:
                left_node, right_node = children(node, right, residuals, bins)
                below[2 * number] = left_node, test_there & ~test_right
                below[2 * number + 1] = right_node, test_right
        nodes = below
    place = np.arange(residuals.shape[1])
    return leaves * len(place) + place, test_leaves * len(place) + place
