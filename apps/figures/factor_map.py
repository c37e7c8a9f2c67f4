"""Heat map of which latent carries which factor."""

from collections.abc import Sequence

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize, to_rgba
from matplotlib.figure import Figure

from apps.figures.factor_information import factor_information
from apps.figures.runs import learned, spelled
from apps.figures.style import DARK, FAINT, GREY, PAGE, styled
from apps.runs.folder import RunFolder

# Pale for small shares, so that the numbers are legible.
SHARES = ScalarMappable(Normalize(0, 1), mpl.colormaps["Blues"])
WHITE_ABOVE = 0.55
ROUNDING = 1e-6


def factor_map(run: RunFolder) -> Figure:
    """The factor map of a run, from at most 50,000 of its codes.

    Raises `ValueError` if the run has no codes, or if they do not fit its data.
    """
    information, latents = factor_information(run), learned(run)
    title = f"{run.recipe.title}, seed {run.recipe.seed}"
    return draw_factor_map(information.shares, latents.active, information.names, title)


@styled
def draw_factor_map(
    information: npt.ArrayLike, active: npt.ArrayLike, names: Sequence[str], title: str
) -> Figure:
    """A heat map of latents (rows) by factors (columns).

    Args:
        information: (m, k), I(z; v)/H(v), in [0, 1], written in the cells.
        active: (m,), booleans, the learned latents; the others are grey.
        names: (k,), the factors.
        title: Above the map.

    Raises:
        ValueError: The shapes do not fit, or a share is outside [0, 1].
    """
    shares, is_learned = np.asarray(information, dtype=np.float64), np.asarray(active)
    _check(shares, is_learned, names)
    m, k = shares.shape
    row = 0.26 if m <= 16 else 0.2
    figure = Figure(figsize=(min(1.7 + 0.8 * k, PAGE), max(0.95 + row * m, 1.8)))
    axis = figure.subplots()
    colours = SHARES.to_rgba(shares)
    colours[~is_learned] = to_rgba(FAINT)
    axis.imshow(colours, aspect="auto")
    _write(axis, shares, is_learned)
    axis.set_xticks(range(k), [spelled(name) for name in names])
    axis.set_yticks(range(m), [f"L{latent + 1}" for latent in range(m)])
    for label, latent_is_learned in zip(axis.get_yticklabels(), is_learned, strict=True):
        label.set_color("black" if latent_is_learned else GREY)
    axis.tick_params(length=0)
    axis.spines[:].set_visible(False)
    axis.set(xlabel="factor", ylabel="latent")
    bar = figure.colorbar(SHARES, ax=axis, pad=0.02, aspect=25, ticks=[0, 0.5, 1])
    bar.outline.set_visible(False)
    bar.set_label("I/H, share of the factor")
    grey = "" if is_learned.all() else "; grey: not learned"
    figure.suptitle(f"{title}: {int(is_learned.sum())} of {m} learned{grey}")
    return figure


def _write(axis: Axes, shares: npt.NDArray[np.float64], is_learned: npt.NDArray[np.bool_]) -> None:
    """Write the numbers, and draw white lines between the cells."""
    m, k = shares.shape
    for latent, factor in np.ndindex(m, k):
        share = shares[latent, factor]
        colour = DARK if not is_learned[latent] else "white" if share > WHITE_ABOVE else "black"
        axis.text(
            factor, latent, f"{share:.2f}", ha="center", va="center", fontsize=7, color=colour
        )
    axis.hlines(np.arange(m - 1) + 0.5, -0.5, k - 0.5, color="white", linewidth=1)
    axis.vlines(np.arange(k - 1) + 0.5, -0.5, m - 0.5, color="white", linewidth=1)


def _check(
    shares: npt.NDArray[np.float64], is_learned: npt.NDArray[np.bool_], names: Sequence[str]
) -> None:
    if shares.ndim != 2 or not shares.size or shares.shape[1] != len(names):
        raise ValueError(
            f"information must be (m, k) for the {len(names)} factors of {tuple(names)}; "
            f"got {shares.shape}"
        )
    if is_learned.dtype != np.bool_ or is_learned.shape != shares.shape[:1]:
        raise ValueError(
            f"active must be {len(shares)} booleans, one a latent; "
            f"got {is_learned.dtype} of shape {is_learned.shape}"
        )
    if not ((shares >= -ROUNDING) & (shares <= 1 + ROUNDING)).all():
        raise ValueError(
            f"information must be in [0, 1], as I/H is; got {shares.min()} to {shares.max()}"
        )
