"""The terms of the losses over the training steps."""

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter

from apps.figures.runs import run_titles, spelled
from apps.figures.style import FAINT, PAGE, palette, styled
from apps.runs.folder import RunFolder

MOST_COLUMNS = 3
SPELLED = {"nll": "negative log-likelihood", "kl": "KL divergence"}


@styled
def learning_curves(runs: Sequence[RunFolder]) -> Figure:
    """Each term of the losses over the steps: a panel for each term, a line for each run.

    Runs that differ only by their seeds share a colour. The y axis is logarithmic if all values of
    a panel are positive, and otherwise logarithmic on both sides of a linear part around 0.

    Raises `ValueError` without runs, and for a run without history.
    """
    if not runs:
        raise ValueError("runs must be at least one; got none")
    for run in runs:
        if "steps" not in run.history or len(run.history) < 2:
            raise ValueError(f"{run.path} has no terms over steps: {sorted(run.history)}")
    terms = list(dict.fromkeys(t for run in runs for t in run.history if t != "steps"))
    titles = run_titles(runs, seeds=False)
    groups = list(dict.fromkeys(titles))
    colours = dict(zip(groups, palette(len(groups)), strict=True))

    columns = min(len(terms), MOST_COLUMNS)
    rows = math.ceil(len(terms) / columns)
    legend_rows = math.ceil(len(groups) / 4)
    figure = Figure(figsize=(PAGE * columns / MOST_COLUMNS, 1.9 * rows + 0.2 * legend_rows + 0.2))
    axes = list(figure.subplots(rows, columns, squeeze=False).flat)
    for axis, term in zip(axes, terms, strict=False):
        for run, title in zip(runs, titles, strict=True):
            if term in run.history:
                steps, values = run.history["steps"], run.history[term]
                marker = "." if len(steps) == 1 else ""  # one point makes no line
                axis.plot(steps, values, color=colours[title], marker=marker)
        axis.set_title(SPELLED.get(term, spelled(term)))
        _scale(axis)
    for axis in axes[len(terms) :]:
        axis.set_axis_off()
    figure.supxlabel("step")
    handles = [
        Line2D([], [], color=colours[group], label=_counted(group, titles.count(group)))
        for group in groups
    ]
    figure.legend(handles=handles, loc="outside upper center", ncols=4)
    return figure


def _scale(axis: Axes) -> None:
    values = np.concatenate([np.asarray(line.get_ydata(), dtype=float) for line in axis.lines])
    if (values > 0).all():
        axis.set_yscale("log")
        decades = math.log10(values.max() / values.min())
        # For values that span little, matplotlib's own labels are few or long.
        if decades < 1:
            axis.yaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))
        elif decades < 2:
            axis.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.yaxis.set_minor_formatter(NullFormatter())
    elif values.any():
        # The linear part holds about half of the values: those near 0, with noisy signs.
        threshold = 10.0 ** math.floor(math.log10(np.median(np.abs(values[values != 0]))))
        axis.axhline(0, color=FAINT, linewidth=0.8, zorder=0)
        axis.set_yscale("symlog", linthresh=threshold)
    axis.yaxis.set_major_formatter("{x:g}")


def _counted(title: str, count: int) -> str:
    return f"{title} ({count} runs)" if count > 1 else title
