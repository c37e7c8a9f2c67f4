"""Traversals of images: each latent from its 1st to its 99th percentile (Figure 4)."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from apps.figures.factor_information import factor_information
from apps.figures.runs import (
    Array,
    check_latents,
    code_array,
    decoder,
    has_factors,
    learned,
    moved,
    shows_images,
    spelled,
    starting_row,
)
from apps.figures.style import PAGE, styled
from apps.runs.folder import RunFolder
from nashae_metrics import tad

PERCENTILES = (1, 99)
GAP = 3  # pixels of white between images
LABEL = 1.0  # inches beside a row of images
VALUES = 0.17  # inches below it


@styled
def draw_image_traversal(
    folder: RunFolder,
    *,
    steps: int = 8,
    row: int | None = None,
    latents: Sequence[int] | None = None,
) -> Figure:
    """Decoded images while one latent moves from its 1st to its 99th percentile over the data.

    An image and its reconstruction stand on the left. Each latent has a row of decoded images above
    its values, with the other latents at the image's code. Its label names the factor of which it
    has the largest share I/H, or the attribute that it detects best by AUROC, with that number.

    Args:
        folder: A run on images.
        steps: Images of a traversal.
        row: The image, in 0 ... n − 1; by default the one nearest to the median code.
        latents: Indices; by default the learned latents, the most clearly learned first, or all if
            none is learned.

    Raises:
        ValueError: The data are not images, fewer than two steps, a row or latent out of range, or
            the run's parameters or codes are absent or damaged.

    Source: Yeats et al. 2022, Figure 4, for all latents, https://arxiv.org/abs/2209.10677
    """
    if not shows_images(folder):
        raise ValueError(f"{folder.path} is a run on {folder.recipe.data}, which has no images")
    if steps < 2:
        raise ValueError(f"steps must be at least 2; got {steps}")
    codes, row = code_array(folder, "codes"), starting_row(folder, row)
    latents = _order(folder) if latents is None else latents
    check_latents(folder, latents)
    image = image_at(folder, row)
    decode, carried = decoder(folder), _carried(folder)

    figure, lefts, rights = _grid(steps, len(latents), image.shape)
    show_images(lefts[0], image[None], "image")
    show_images(lefts[1], decode(codes[row][None]), "reconstruction")
    for latent, axis in zip(latents, rights, strict=True):
        low, high = np.percentile(codes[:, latent], PERCENTILES)
        values = np.linspace(low, high, steps)
        show_images(axis, decode(moved(codes[row], latent, values)))
        _label(axis, f"L{latent + 1}\n{carried[latent]}", values, image.shape[1])
    figure.suptitle(f"{folder.recipe.title}, from image {row}{_factors(folder, row)}")
    return figure


def image_at(run: RunFolder, row: int) -> Array:
    """An image of the run's data, (height, width) or (height, width, 3), from 0 to 1."""
    return run.recipe.data_set.inputs.shown(run.data().observations[row])


def _order(run: RunFolder) -> list[int]:
    """The indices of the learned latents, the most clearly learned first; else all."""
    latents = learned(run)
    sign = 1 if latents.relation == "<=" else -1
    order = np.argsort(sign * latents.measured, kind="stable")
    indices: list[int] = order[latents.active[order]].tolist()
    return indices or list(range(len(order)))


def _grid(
    steps: int, latents: int, shape: Sequence[int]
) -> tuple[Figure, tuple[Axes, Axes], list[Axes]]:
    """The axes of the image, of its reconstruction, and of each latent's images."""
    height, width, *_ = shape
    across = steps * (width + GAP) - GAP
    rows = max(latents, 2)
    side = (PAGE - LABEL - 0.3) / (width + across) * height
    figure = Figure(figsize=(PAGE, rows * (side + VALUES) + 0.25))
    figure.set_layout_engine("constrained", w_pad=0.02, h_pad=0.02, wspace=0, hspace=0)
    grid = figure.add_gridspec(rows, 2, width_ratios=[width, across])
    lefts = figure.add_subplot(grid[0, 0]), figure.add_subplot(grid[1, 0])
    return figure, lefts, [figure.add_subplot(grid[i, 1]) for i in range(latents)]


def show_images(axis: Axes, images: Array, label: str = "") -> None:
    """Images (k, height, width) or (k, height, width, 3) side by side, black 0 and white 1."""
    gap = [(0, 0), (0, 0), (0, GAP), (0, 0)][: images.ndim]
    padded = np.pad(images, gap, constant_values=1.0)
    strip = np.concatenate([*padded], axis=1)[:, :-GAP]
    axis.imshow(strip, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    axis.spines[:].set_visible(False)
    axis.set_xticks([(strip.shape[1] - 1) / 2], [label])
    axis.set_yticks([])
    axis.tick_params(length=0, pad=1, labelsize=6)


def _label(axis: Axes, text: str, values: Array, width: int) -> None:
    """Write a row's label on its left, and each value below its image."""
    centres = (width + GAP) * np.arange(len(values)) + (width - 1) / 2
    axis.set_xticks(centres, [f"{value:.2f}".replace("-", "−") for value in values])
    axis.set_ylabel(text, rotation=0, ha="right", va="center")


def _carried(run: RunFolder) -> list[str]:
    """For each latent the factor or attribute that it carries most of, and how much."""
    if "attributes" in run.codes:
        result = tad(code_array(run, "codes"), code_array(run, "attributes"), bootstrap=None)
        shares, names = result.auroc, code_array(run, "names").tolist()
    elif has_factors(run):
        shares, names = factor_information(run)
    else:
        return ["" for _ in range(code_array(run, "codes").shape[1])]
    return [f"{spelled(names[of.argmax()])} {of.max():.2f}" for of in shares]


def _factors(run: RunFolder, row: int) -> str:
    """The image's values of the factors that vary."""
    if not has_factors(run):
        return ""
    factors, values = run.truth
    return ": " + ", ".join(
        f"{spelled(str(name))} {values[row, k]:.3g}"
        for k, name in enumerate(code_array(run, "names"))
        if np.ptp(factors[:, k])
    )
