"""Each latent against its prediction from the other latents (Figure 2)."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from apps.figures.runs import code_array
from apps.figures.style import FAINT, GREY, PAGE, PALETTE, VECTOR_POINTS, styled
from apps.runs.folder import RunFolder
from nashae_metrics import predictability

MOST_COLUMNS = 8
# The paper shows 1000 observations; R² is over all.
MOST_POINTS = 1000
MARGIN = 0.08


@styled
def true_against_predicted(run: RunFolder) -> Figure:
    """The latents of a NashAE run (x) against their predictions from the other latents (y).

    A panel for each latent, with its R² over the whole data set and at most 1000 points, evenly
    spaced in the order of the data. Perfect predictions lie on the diagonal. Inactive latents
    (max − min ≤ 0.2) are grey. The title has the mean R² of the active ones, and the number of
    predictions outside the panels.

    Raises `ValueError`, which names the folder, for a run without predictions.

    Source: Yeats et al. 2022, Figure 2, https://arxiv.org/abs/2209.10677
    """
    if "predictions" not in run.codes:
        raise ValueError(f"{run.path} is a run of {run.recipe.method_name}, without predictions")
    codes, predictions = code_array(run, "codes"), code_array(run, "predictions")
    result = predictability(codes, predictions)
    m = codes.shape[1]
    rows = math.ceil(m / MOST_COLUMNS)
    columns = math.ceil(m / rows)
    side = PAGE / max(columns, 4) if rows == 1 else PAGE / columns
    figure = Figure(figsize=(columns * side, rows * (side + 0.12) + 0.55))
    axes = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True)
    shown = np.linspace(0, len(codes) - 1, min(len(codes), MOST_POINTS)).astype(np.intp)
    for latent, axis in enumerate(axes.flat):
        if latent >= m:
            axis.set_axis_off()
            continue
        active = bool(result.active[latent])
        colour = PALETTE[0] if active else GREY
        _panel(axis, codes[shown, latent], predictions[shown, latent], colour, m * len(shown))
        axis.set_title(
            f"L{latent + 1}", loc="left", color="black" if result.active[latent] else GREY
        )
        axis.set_title(f"R² {result.r2[latent]:.2f}", loc="right", fontsize=7, color=colour)
    figure.supxlabel("true latent")
    figure.supylabel("predicted latent")
    outside = int(((predictions < -MARGIN) | (predictions > 1 + MARGIN)).sum())
    figure.suptitle(
        f"{run.recipe.title}: mean R² {result.score:.2f} over {result.active_count} of {m} latents"
        + (f"; {outside} predictions lie outside" if outside else "")
    )
    return figure


def _panel(
    axis: Axes, true: npt.NDArray[Any], predicted: npt.NDArray[Any], colour: str, points: int
) -> None:
    axis.plot([0, 1], [0, 1], color=FAINT, linewidth=0.8, zorder=0)
    axis.scatter(
        true, predicted, s=3, color=colour, linewidths=0, rasterized=points > VECTOR_POINTS
    )
    axis.set(
        xlim=(-MARGIN, 1 + MARGIN),
        ylim=(-MARGIN, 1 + MARGIN),
        xticks=[0, 1],
        yticks=[0, 1],
        aspect="equal",
    )
