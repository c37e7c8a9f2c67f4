"""The style of all figures."""

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec

import matplotlib as mpl
import numpy as np
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure

# The keys are Any because matplotlib types them as literals that change with its version.
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
    "font.sans-serif": ["DejaVu Sans"],  # part of matplotlib: figures are equal everywhere
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
# Okabe and Ito's colours, which colour-blind readers can distinguish; without yellow and black.
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00")
DARK = "#4A4A4A"
GREY = "#9A9A9A"
FAINT = "#D0D0D0"
# Viridis without its pale yellow end, which is hard to see on white.
SEQUENTIAL = ListedColormap(mpl.colormaps["viridis"](np.linspace(0, 0.92, 256)))
# The width of a page's text, in inches.
PAGE = 7.2
# Above this number the points of an SVG are drawn as pixels, or else it is slow to open.
VECTOR_POINTS = 20_000


P = ParamSpec("P")


def styled(draw: Callable[P, Figure]) -> Callable[P, Figure]:
    """Decorate `draw` so that its figure has the style."""

    @wraps(draw)
    def draw_styled(*args: P.args, **kwargs: P.kwargs) -> Figure:
        with mpl.rc_context(STYLE):
            figure = draw(*args, **kwargs)
            # Ticks take their style when first drawn, which must be within this context.
            figure.draw_without_rendering()
        return figure

    return draw_styled


def palette(count: int) -> list[Any]:
    """`count` colours: distinct ones, or a scale if there are not enough."""
    if count <= len(PALETTE):
        return list(PALETTE[:count])
    return [SEQUENTIAL(i / (count - 1)) for i in range(count)]
