"""Score and learned latents over a method's weight."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from apps.figures.style import DARK, FAINT, GREY, PAGE, PALETTE, styled
from apps.recipes import method_named

# In powers of ten: the distance of 0 from the smallest positive weight, and the largest distance of
# two runs. All runs take at most the share ROOM of the distance between two weights.
APART = 0.6
BESIDE = 0.025
ROOM = 0.7
MARGIN = 0.25


@styled
def draw_weight_scan(rows: Sequence[Mapping[str, Any]], *, method: str = "nashae") -> Figure:
    """The β-VAE score in percent (left) and the learned latents (right) over the weight, λ or β.

    Every run is a point, those of one weight side by side; bars mark means, which a line connects.
    The axis of weights is logarithmic, with 0 apart on its left.

    Args:
        rows: With `method`, `weight`, `latents`, `seed`, `beta_vae` in [0, 1] and `learned`.
        method: The name of the method; rows of other methods are not shown.

    Raises:
        ValueError: No row is of the method, or its rows differ in `latents`.
    """
    own = sorted((row for row in rows if row["method"] == method), key=lambda row: row["seed"])
    if not own:
        raise ValueError(f"no row is of {method}; there are {sorted({r['method'] for r in rows})}")
    sizes = sorted({row["latents"] for row in own})
    if len(sizes) > 1:
        raise ValueError(f"the rows of a scan have one number of latents; got {sizes}")
    record = method_named(method)
    places = _places([row["weight"] for row in own])
    figure = Figure(figsize=(PAGE, 2.6))
    left, right = figure.subplots(1, 2, sharex=True)
    for axis, key, scale in ((left, "beta_vae", 100), (right, "learned", 1)):
        points = {
            weight: [scale * row[key] for row in own if row["weight"] == weight]
            for weight in places
        }
        _panel(axis, points, places)
        _weight_axis(axis, places)
        axis.set_xlabel(record.symbol)
    left.set_ylabel("β-VAE score (%)")
    right.set_ylabel(f"learned latents of {sizes[0]}")
    right.set_ylim(0, sizes[0] + 0.5)
    right.yaxis.set_major_locator(MaxNLocator(integer=True))
    _legend(figure, f"{record.family}, m = {sizes[0]}")
    return figure


def _places(weights: Sequence[float]) -> dict[float, float]:
    """Each weight's place on the x axis: its logarithm; 0 stands apart."""
    above = sorted({weight for weight in weights if weight > 0})
    places = {weight: float(np.log10(weight)) for weight in above}
    if 0 in weights:
        places = {0.0: (min(places.values()) - APART) if places else 0.0, **places}
    return places


def _panel(
    axis: Axes, points: Mapping[float, Sequence[float]], places: Mapping[float, float]
) -> None:
    spacing = _spacing(points, places)
    means = [(places[weight], float(np.mean(values))) for weight, values in points.items()]
    joined = [mean for mean, weight in zip(means, points, strict=True) if weight > 0]
    axis.plot(*np.array(joined).reshape(-1, 2).T, color=FAINT, zorder=1)
    for (x, mean), values in zip(means, points.values(), strict=True):
        half = spacing * (len(values) + 1) / 2
        axis.hlines(mean, x - half, x + half, color=DARK, linewidth=1.6, zorder=2)
        beside = spacing * (np.arange(len(values)) - (len(values) - 1) / 2)
        axis.scatter(x + beside, values, s=14, color=PALETTE[0], linewidths=0, zorder=3)


def _spacing(points: Mapping[float, Sequence[float]], places: Mapping[float, float]) -> float:
    room = float(np.diff(list(places.values())).min(initial=np.inf))
    return min(BESIDE, ROOM * room / (max(map(len, points.values())) + 1))


def _weight_axis(axis: Axes, places: Mapping[float, float]) -> None:
    axis.set_xticks(list(places.values()), [f"{weight:g}" for weight in places], rotation=30)
    axis.set_xlim(min(places.values()) - MARGIN, max(places.values()) + MARGIN)
    if 0 in places and len(places) > 1:
        # Two strokes mark the break of the axis.
        axis.plot(
            [places[0] + 0.45 * APART, places[0] + 0.55 * APART],
            [0, 0],
            transform=axis.get_xaxis_transform(),
            color=GREY,
            linestyle="",
            marker=[(-0.4, -1), (0.4, 1)],
            markersize=8,
            clip_on=False,
        )


def _legend(figure: Figure, title: str) -> None:
    handles = [
        Line2D([], [], color=PALETTE[0], marker="o", markersize=4, linestyle="", label="a run"),
        Line2D([], [], color=DARK, linewidth=1.6, label="mean"),
    ]
    figure.legend(
        handles=handles, title=title, loc="outside upper center", ncols=2, handlelength=1.2
    )
