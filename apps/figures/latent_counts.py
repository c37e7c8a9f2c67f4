"""Learned latents against m, by method."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from apps.figures.style import GREY, PAGE, palette, styled
from apps.recipes import method_named

MARKERS = "osD^vP"
# In units of the distance between two values of m: the width of all groups, and the largest
# distance between two runs of a group.
GROUPS, RUNS = 0.7, 0.05


@styled
def draw_latent_counts(rows: Sequence[Mapping[str, Any]]) -> Figure:
    """The learned latents (y) of every run over the number m that the model starts with (x).

    A line for each method and weight connects the means; the dotted lines mark m.

    Args:
        rows: With `method`, `weight`, `latents` and `learned`.

    Raises:
        ValueError: There are no rows.
    """
    if not rows:
        raise ValueError("rows must be at least one; got none")
    groups = list(dict.fromkeys((row["method"], row["weight"]) for row in rows))
    sizes = sorted({row["latents"] for row in rows})
    figure = Figure(figsize=(0.75 * PAGE, 2.8))
    axis = figure.subplots()
    places = np.arange(len(sizes))
    most = max(Counter((row["method"], row["weight"], row["latents"]) for row in rows).values())
    spacing = min(RUNS, 0.75 * GROUPS / len(groups) / most)  # groups stay apart
    axis.hlines(sizes, places - 0.45, places + 0.45, color=GREY, linestyle=":", label="all m")
    for i, (group, colour) in enumerate(zip(groups, palette(len(groups)), strict=True)):
        own = [row for row in rows if (row["method"], row["weight"]) == group]
        centres = places + GROUPS * ((i + 0.5) / len(groups) - 0.5)
        marker = MARKERS[i % len(MARKERS)]
        _group(axis, own, dict(zip(sizes, centres, strict=True)), colour, marker, spacing)
    axis.set_xticks(places, [str(m) for m in sizes])
    axis.set(xlabel="latents m", ylabel="learned latents", xlim=(-0.6, len(sizes) - 0.4))
    axis.set_ylim(0, 1.05 * sizes[-1])
    axis.yaxis.set_major_locator(MaxNLocator(integer=True))
    figure.legend(loc="outside right upper")
    return figure


def _group(
    axis: Axes,
    rows: Sequence[Mapping[str, Any]],
    centres: Mapping[int, float],
    colour: Any,
    marker: str,
    spacing: float,
) -> None:
    """Draw the runs of one method and weight, those of one m side by side."""
    means = []
    for m, centre in centres.items():
        counts = [row["learned"] for row in rows if row["latents"] == m]
        if counts:
            x = centre + spacing * (np.arange(len(counts)) - (len(counts) - 1) / 2)
            axis.scatter(x, counts, s=14, color=colour, marker=marker, linewidths=0, zorder=3)
            means.append((centre, float(np.mean(counts))))
    axis.plot(*np.array(means).T, color=colour, alpha=0.5)
    label = method_named(rows[0]["method"]).title(rows[0]["weight"])
    axis.plot([], [], color=colour, marker=marker, markersize=4, label=label)
