"""The linear support vector machine of one latent: exact, for all classes and latents at once."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float64, Int64

STEPS = 200  # Newton needs about ten: the problem is convex and piecewise quadratic
HALVINGS = 30
SMALLEST = 1e-100  # deviation of a latent below which the penalty on its slope is negligible
RIDGE = 1e-13  # of the curvature, added to it
CLOSE = 1e-13  # relative decrease promised by a step below which it is the last
SUFFICIENT = 1e-4  # Armijo's share of the decrease that the slope promises


class Lines(NamedTuple):
    """One-vs-rest scores slopes·z + offsets of each latent and class; an absent class has -∞."""

    slopes: Float64[np.ndarray, "a classes"]
    offsets: Float64[np.ndarray, "a classes"]


class _Costs(NamedTuple):
    """Weight of the squared hinge of a class's own points and of the rest."""

    own: Float64[np.ndarray, " c"]
    rest: Float64[np.ndarray, " c"]


def fitted_lines(
    codes: Float64[np.ndarray, "n a"],
    factors: Int64[np.ndarray, "n k"],
    sizes: tuple[int, ...],
    *,
    C: float = 0.01,
) -> list[Lines]:
    """Fit, for each latent alone, the scores of the classes 0 ... size - 1 of each factor.

    Minimises ½(w² + b²) + Σ C_i max(0, 1 - y_i(w z_i + b))² for each latent and class, with y = 1
    for the class and y = -1 for the rest: the limit of scikit-learn's LinearSVC(C=C,
    class_weight="balanced", dual=False) as tol goes to 0. As in LIBLINEAR, the offset b is
    penalised, a class's own points weigh C n/(classes·n_c), and the rest weigh C, except that both
    of two classes have balanced weights. A class without points has no line; a lone class is always
    predicted.

    Newton's method on (w, b). The points of positive loss lie on one side of a threshold on z, so
    the sums of 1, z and z² over them come from prefix sums of the sorted latent.
    """
    counts = [
        np.bincount(factor, minlength=size) for factor, size in zip(factors.T, sizes, strict=True)
    ]
    costs = _balanced(counts, C)
    all_counts = np.concatenate(counts)
    present = np.flatnonzero(all_counts)
    # By a power of two first, which rounds nothing, so that squares neither overflow nor vanish.
    _, exponent = np.frexp(np.abs(codes).max(0))
    shrunk = np.ldexp(codes, -exponent)
    mean, scale = shrunk.mean(0), shrunk.std(0)
    scale[(np.ptp(codes, axis=0) == 0) | (scale == 0)] = 1.0
    table = _SortedLatents((shrunk - mean) / scale, factors, sizes, present)
    inverse = 1 / np.maximum(np.ldexp(scale, exponent), SMALLEST)
    slope, offset = _newton(
        table,
        _Costs(costs.own[present], costs.rest[present]),
        (mean / scale)[:, None],
        inverse[:, None],
    )
    slopes = np.zeros((codes.shape[1], len(all_counts)))
    offsets = np.full((codes.shape[1], len(all_counts)), -np.inf)
    slopes[:, present], offsets[:, present] = slope, offset
    ends = np.cumsum(sizes)[:-1]
    return [
        Lines(*pair)
        for pair in zip(
            np.split(slopes, ends, axis=1), np.split(offsets, ends, axis=1), strict=True
        )
    ]


def line_classes(codes: Float64[np.ndarray, "n a"], lines: Lines) -> Int64[np.ndarray, "n a"]:
    """The class whose line is highest at each code, the first among equals."""
    classes = np.empty(codes.shape, dtype=np.int64)
    for latent, (slopes, offsets) in enumerate(zip(*lines, strict=True)):
        scores = codes[:, [latent]] * slopes
        scores += offsets
        classes[:, latent] = scores.argmax(1)
    return classes


def _balanced(counts: list[Int64[np.ndarray, " _"]], C: float) -> _Costs:
    own, rest = [], []
    for count in counts:
        n, classes = count.sum(), np.count_nonzero(count)
        weights = C * n / (classes * np.maximum(count, 1))
        balance = n / (classes * np.maximum(n - count, 1)) if classes == 2 else np.ones(len(count))
        own.append(weights)
        rest.append(C * balance)
    return _Costs(np.concatenate(own), np.concatenate(rest))


class _SortedLatents:
    """Latents sorted, with prefix sums of 1, z, z² of all points and of each class's own."""

    def __init__(
        self,
        codes: Float64[np.ndarray, "n a"],
        factors: Int64[np.ndarray, "n k"],
        sizes: tuple[int, ...],
        present: Int64[np.ndarray, " c"],
    ) -> None:
        self.rows = len(codes)
        self.present = present
        starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
        # The narrowest integers: numpy sorts those of two bytes in linear time.
        classes = factors.T.astype(np.min_scalar_type(max(sizes)))
        self.values, self.sums, self.keys, self.class_sums = [], [], [], []
        for latent in codes.T:
            order = np.argsort(latent)
            values = latent[order]
            powers = np.stack([np.ones(self.rows), values, values**2])
            keys, grouped = [], []
            for start, factor in zip(starts, classes, strict=True):
                places = np.argsort(factor[order], kind="stable")
                own = factor[order][places].astype(np.int64) + start
                keys.append(own * self.rows + places)
                grouped.append(powers[:, places])
            self.values.append(values)
            self.sums.append(_prefixed(powers))
            self.keys.append(np.concatenate(keys))
            self.class_sums.append(_prefixed(np.concatenate(grouped, axis=1)))

    def below(
        self, thresholds: Float64[np.ndarray, "a c"], *, own: bool
    ) -> tuple[Float64[np.ndarray, "3 a c"], Float64[np.ndarray, "3 a c"]]:
        """Sums over the points below each threshold and over all, of the class or of the rest."""
        under = np.empty((3, *thresholds.shape))
        total = np.empty((3, *thresholds.shape))
        first = self.present * self.rows
        for latent, threshold in enumerate(thresholds):
            place = np.searchsorted(self.values[latent], threshold)
            keys, sums = self.keys[latent], self.class_sums[latent]
            start, end, stop = np.searchsorted(
                keys, np.stack([first, first + place, first + self.rows])
            )
            under[:, latent] = sums[:, end] - sums[:, start]
            total[:, latent] = sums[:, stop] - sums[:, start]
            if not own:
                everything = self.sums[latent]
                under[:, latent] = everything[:, place] - under[:, latent]
                total[:, latent] = everything[:, [-1]] - total[:, latent]
        return under, total


def _prefixed(powers: Float64[np.ndarray, "3 n"]) -> Float64[np.ndarray, "3 n1"]:
    sums = np.zeros((3, powers.shape[1] + 1))
    np.cumsum(powers, axis=1, out=sums[:, 1:])
    return sums


class _Point(NamedTuple):
    """The objective, its gradient, its second derivatives (vv, vu, uu) and their determinant."""

    value: Float64[np.ndarray, "a c"]
    gradient: Float64[np.ndarray, "2 a c"]
    curvature: Float64[np.ndarray, "3 a c"]
    determinant: Float64[np.ndarray, "a c"]


def _newton(
    table: _SortedLatents,
    costs: _Costs,
    shift: Float64[np.ndarray, "a 1"],
    inverse: Float64[np.ndarray, "a 1"],
) -> tuple[Float64[np.ndarray, "a c"], Float64[np.ndarray, "a c"]]:
    """Slopes and offsets on the raw latents, found on the standardised ones: v·x + u."""
    lines = np.zeros((2, len(shift), len(table.present)))
    here = _objective(table, costs, lines, shift, inverse)
    moving = np.ones(here.value.shape, dtype=bool)
    for _ in range(STEPS):
        (g, h), (vv, vu, uu) = here.gradient, here.curvature
        direction = np.stack([vu * h - uu * g, vu * g - vv * h]) / here.determinant
        slope = (here.gradient * direction).sum(0)
        if not moving.any():
            break
        # Close to the minimum, which rounding hides, one more whole step is the last.
        last = -slope <= CLOSE * here.value
        # Steps that are too long are halved, each problem for itself.
        step = moving.astype(np.float64)
        for _ in range(HALVINGS):
            there = _objective(table, costs, lines + step * direction, shift, inverse)
            allowed = here.value + np.where(last, CLOSE * here.value, SUFFICIENT * step * slope)
            poor = moving & (there.value > allowed)
            if not poor.any():
                break
            step[poor] /= 2
        step[poor] = 0
        moving &= ~last & ~poor  # a problem that no step lowers is solved up to rounding
        lines, here = lines + step * direction, there
    v, u = lines
    return v * inverse, u - v * shift


def _objective(
    table: _SortedLatents,
    costs: _Costs,
    lines: Float64[np.ndarray, "2 a c"],
    shift: Float64[np.ndarray, "a 1"],
    inverse: Float64[np.ndarray, "a 1"],
) -> _Point:
    v, u = lines
    penalty, offset = inverse**2, u - v * shift  # on the raw latent; the slope there is v·inverse
    value = (v * v * penalty + offset**2) / 2
    gradient = np.stack([v * penalty - shift * offset, offset])
    losses = np.zeros((3, *v.shape))
    for sign, cost in ((1.0, costs.own), (-1.0, costs.rest)):
        # The loss is positive if sign·(v·x + u) < 1: below the threshold if sign·v > 0, else above.
        room = 1 - sign * u
        below = sign * v >= 0
        with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
            threshold = np.where(v == 0, np.where(room > 0, np.inf, -np.inf), sign * room / v)
        under, total = table.below(threshold, own=sign > 0)
        s0, s1, s2 = np.where(below, under, total - under)
        value += cost * (room * room * s0 - 2 * sign * v * room * s1 + v * v * s2)
        gradient += 2 * cost * np.stack([v * s2 - sign * room * s1, v * s1 - sign * room * s0])
        losses += 2 * cost * np.stack([s2, s1, s0])
    h2, h1, h0 = losses
    # A sum of parts that are 0 or more up to rounding: computed from the curvature, it would be
    # lost to rounding for a large shift.
    determinant = penalty * (1 + h0)
    determinant += np.maximum(h2 + 2 * shift * h1 + shift**2 * h0, 0)
    determinant += np.maximum(h2 * h0 - h1 * h1, 0)
    vv, uu = h2 + penalty + shift**2, h0 + 1
    # If all points of positive loss are equal up to rounding, a direction has no curvature.
    determinant += 2 * RIDGE * vv * uu
    curvature = np.stack([(1 + RIDGE) * vv, h1 - shift, (1 + RIDGE) * uu])
    return _Point(value, gradient, curvature, determinant)
