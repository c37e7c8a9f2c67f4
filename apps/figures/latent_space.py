"""The latent space: each latent against the two factors (Figure 3)."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from apps.figures.runs import axis_label, code_array, learned, level, run_titles, spelled
from apps.figures.style import VECTOR_POINTS, palette, styled
from apps.runs.folder import RunFolder


class _Factors(NamedTuple):
    """The factor on the x axis, and the one that is shown by colour."""

    x_name: str
    x: npt.NDArray[np.float64]
    colour_name: str
    colour: npt.NDArray[np.float64]


@styled
def latent_space(runs: Sequence[RunFolder]) -> Figure:
    """The codes of runs on one data set with two factors, side by side.

    A column for each run, with its number of learned latents, and a row for each latent. x: the
    factor with more values (duty cycle); y: the code; colour: the other factor (frequency). The
    scale is [0, 1] for NashAE, and for VAEs symmetric about 0 and shared by a column, so that an
    inactive latent is a flat line.

    Raises `ValueError` without runs, for a run without codes or without two factors, and for runs
    with different factors.

    Source: Yeats et al. 2022, Figure 3, https://arxiv.org/abs/2209.10677
    """
    if not runs:
        raise ValueError("runs must be at least one; got none")
    factors = [_two_factors(run) for run in runs]
    names = {(f.x_name, f.colour_name) for f in factors}
    if len(names) > 1:
        raise ValueError(f"runs must have the same factors; got {sorted(names)}")
    x_name, colour_name = names.pop()
    levels = np.unique(np.concatenate([f.colour for f in factors]))
    colours = np.array(palette(len(levels)), dtype=object)

    rows = max(run.recipe.latents for run in runs)
    height = 0.95 if rows <= 8 else 0.5
    figure = Figure(figsize=(0.6 + 1.75 * len(runs), 0.9 + height * rows))
    axes = figure.subplots(rows, len(runs), squeeze=False, sharex=True)
    rasterized = len(runs) * rows * len(factors[0].x) > VECTOR_POINTS
    for column, (run, title, f) in enumerate(zip(runs, run_titles(runs), factors, strict=True)):
        codes = code_array(run, "codes")
        colour = colours[np.searchsorted(levels, f.colour)].tolist()
        _column(list(axes[:, column]), codes, f.x, colour, _limits(run), rasterized)
        axes[0, column].set_title("\n".join([*title.split(", ", 1), _note(run)]))
    for latent in range(rows):
        first = next(axis for axis in axes[latent] if axis.axison)
        first.set_ylabel(f"L{latent + 1}", rotation=0, ha="right", va="center")
    figure.supxlabel(axis_label(x_name))
    _legend(figure, colour_name, levels, colours.tolist())
    return figure


def _two_factors(run: RunFolder) -> _Factors:
    values, names = code_array(run, "values"), code_array(run, "names")
    if len(names) != 2:
        raise ValueError(f"latent_space draws two factors; {run.path} has {names.tolist()}")
    counts = [len(np.unique(column)) for column in values.T]
    x = int(counts[1] >= counts[0])
    return _Factors(str(names[x]), values[:, x], str(names[1 - x]), values[:, 1 - x])


def _legend(
    figure: Figure, factor: str, levels: npt.NDArray[np.float64], colours: Sequence[Any]
) -> None:
    handles = [
        Line2D([], [], color=c, marker="o", markersize=4, linestyle="", label=level(factor, v))
        for c, v in zip(colours, levels, strict=True)
    ]
    figure.legend(
        handles=handles, title=spelled(factor), loc="outside right upper", handletextpad=0.1
    )


def _column(
    column: Sequence[Axes],
    codes: npt.NDArray[Any],
    x: npt.NDArray[np.float64],
    colour: Sequence[Any],
    limits: tuple[float, float],
    rasterized: bool,
) -> None:
    low, high = limits
    for latent, axis in enumerate(column):
        if latent >= codes.shape[1]:
            axis.set_axis_off()
            continue
        # One call for all colours, so that points overlap in the order of the data, not by colour.
        axis.scatter(x, codes[:, latent], c=colour, s=3, linewidths=0, rasterized=rasterized)
        margin = 0.06 * (high - low)
        axis.set_ylim(low - margin, high + margin)
        axis.set_yticks([low, (low + high) / 2, high])
        if latent == codes.shape[1] - 1:
            # Sharing hides the labels above the last row, but blank cells may lie below.
            axis.tick_params(labelbottom=True)


def _limits(run: RunFolder) -> tuple[float, float]:
    if run.recipe.method_record.counting_rule == "nashae":
        return 0.0, 1.0
    largest = float(np.abs(code_array(run, "codes")).max())
    # At least 0.5, or else the noise of inactive latents would fill the panel.
    rounded = max(math.ceil(2 * largest) / 2, 0.5)
    return -rounded, rounded


def _note(run: RunFolder) -> str:
    latents = learned(run)
    return f"{latents.score} of {len(latents.active)} learned"
