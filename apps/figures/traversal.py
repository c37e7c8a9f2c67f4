"""Traversals of waveforms: each latent from its minimum to its maximum."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from apps.figures.runs import (
    check_latents,
    code_array,
    decoder,
    learned,
    level,
    moved,
    spelled,
    starting_row,
)
from apps.figures.style import PAGE, SEQUENTIAL, styled
from apps.runs.folder import RunFolder

SAMPLE_TIME = 1e-3  # s, between the samples of Beamsynthesis
VALUES = 7
# More panels than this stand in two columns.
ONE_COLUMN = 4


@styled
def traversal(
    run: RunFolder, *, row: int | None = None, latents: Sequence[int] | None = None
) -> Figure:
    """Decoded waveforms while one latent moves from its minimum to its maximum over the data.

    x: time in s; y: the signal in units of the full beam; colour: the latent's value.

    Args:
        run: A run on waveforms.
        row: The observation at whose code the other latents stay, in 0 ... n − 1; by default the
            one nearest to the median code.
        latents: Indices, a panel each; by default the learned latents, or all if none is learned.

    Raises:
        ValueError: A row or latent is out of range, or the run's parameters or codes are absent or
            damaged.

    Source: Yeats et al. 2022, Figure 4 (there of CelebA), https://arxiv.org/abs/2209.10677
    """
    codes = code_array(run, "codes")
    m = codes.shape[1]
    row = starting_row(run, row)
    if latents is None:
        latents = np.flatnonzero(learned(run).active).tolist() or range(m)
    check_latents(run, latents)

    columns = 1 if len(latents) <= ONE_COLUMN else 2
    rows = math.ceil(len(latents) / columns)
    figure = Figure(figsize=(PAGE, 1.25 * rows + 0.6))
    axes = list(figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True).flat)
    decode = decoder(run)
    for latent, axis in zip(latents, axes, strict=False):
        values = np.linspace(codes[:, latent].min(), codes[:, latent].max(), VALUES)
        spacing = SAMPLE_TIME if run.recipe.source is None else 1.0
        _panel(axis, values, decode(moved(codes[row], latent, values)), spacing)
        axis.set_title(f"L{latent + 1}", loc="left")
    for axis in axes[len(latents) :]:
        axis.set_axis_off()
    own = run.recipe.source is not None
    figure.supxlabel("place in the observation" if own else "time (s)")
    figure.supylabel("value" if own else "beam current (full beam = 1)")
    figure.suptitle(f"{run.recipe.title}, from observation {row}{_factors(run, row)}")
    return figure


def _panel(
    axis: Axes, values: npt.NDArray[Any], waveforms: npt.NDArray[Any], spacing: float
) -> None:
    low, high = float(values[0]), float(values[-1])
    colour = ScalarMappable(Normalize(low, high), SEQUENTIAL)
    time = spacing * np.arange(waveforms.shape[1])
    for value, waveform in zip(values, waveforms, strict=True):
        axis.plot(time, waveform, color=colour.to_rgba(value), linewidth=0.7)
    axis.set_xlim(0, spacing * waveforms.shape[1])
    figure = axis.get_figure()
    assert figure is not None
    bar = figure.colorbar(colour, ax=axis, pad=0.01, aspect=12, ticks=[low, high])
    bar.ax.set_yticklabels([f"{value:.2f}".replace("-", "−") for value in (low, high)])
    bar.outline.set_visible(False)


def _factors(run: RunFolder, row: int) -> str:
    if "values" not in run.codes:
        return ""
    names, values = code_array(run, "names"), code_array(run, "values")[row]
    return ": " + ", ".join(
        f"{spelled(str(name))} {level(str(name), value)}"
        for name, value in zip(names, values, strict=True)
    )
