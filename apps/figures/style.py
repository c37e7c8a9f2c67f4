"""How every figure looks."""

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec

import matplotlib as mpl
import numpy as np
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure

# The keys are Any because matplotlib types them as literals, other ones in each version.
STYLE: dict[Any, Any] = {
    "axes.grid": False,
    "axes.labelsize": 8,
    "axes.linewidth": 0.6,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": 8,
    "figure.constrained_layout.use": True,
    "figure.dpi": 150,
    "figure.labelsize": 8,
    "figure.titlesize": 9,
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],  # comes with matplotlib: the same picture everywhere
    "font.size": 8,
    "legend.fontsize": 8,
    "legend.frameon": False,
    "lines.linewidth": 1.0,
    "savefig.dpi": 150,
    "savefig.facecolor": "white",
    "svg.fonttype": "path",
    "svg.hashsalt": "nashae",  # else the ids in an SVG are random
    "xtick.labelsize": 7,
    "xtick.major.size": 2.5,
    "xtick.major.width": 0.6,
    "xtick.minor.size": 1.5,
    "xtick.minor.width": 0.4,
    "ytick.labelsize": 7,
    "ytick.major.size": 2.5,
    "ytick.major.width": 0.6,
    "ytick.minor.size": 1.5,
    "ytick.minor.width": 0.4,
}
# Okabe and Ito's colours, told apart by colour-blind readers; without yellow and black.
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00")
DARK = "#4A4A4A"
GREY = "#9A9A9A"
FAINT = "#D0D0D0"
# Viridis without its end, a yellow too pale for a line on white.
SEQUENTIAL = ListedColormap(mpl.colormaps["viridis"](np.linspace(0, 0.92, 256)))
# The width of a page's text, in inches.
PAGE = 7.2
# An SVG of more points than this is slow to open: its points are then drawn as pixels.
VECTOR_POINTS = 20_000


P = ParamSpec("P")


def styled(draw: Callable[P, Figure]) -> Callable[P, Figure]:
    """Let `draw` make its figure in the house's style."""

    @wraps(draw)
    def draw_styled(*args: P.args, **kwargs: P.kwargs) -> Figure:
        with mpl.rc_context(STYLE):
            figure = draw(*args, **kwargs)
            # Ticks take their style when they are first drawn: here, not wherever it is saved.
            figure.draw_without_rendering()
        return figure

    return draw_styled


def palette(count: int) -> list[Any]:
    """Colours for `count` things: distinct ones, or a scale where there are too many."""
    if count <= len(PALETTE):
        return list(PALETTE[:count])
    return [SEQUENTIAL(i / (count - 1)) for i in range(count)]
