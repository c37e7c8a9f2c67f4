"""Traversals of the best detectors of some attributes, by method (Figure 4)."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from apps.figures.image_traversal import image_at, show_images
from apps.figures.runs import code_array, decoder, learned, moved, spelled, starting_row
from apps.figures.style import PAGE, styled
from apps.runs.folder import RunFolder
from nashae_metrics import tad

LABEL = 1.0  # inches on the left, for the methods
SEEN = 1000  # images whose codes bound the traversals, as in the paper


@styled
def draw_attribute_traversals(
    runs: Sequence[RunFolder],
    attributes: Sequence[str],
    *,
    steps: int = 5,
    row: int | None = None,
) -> Figure:
    """Decoded images while the best detector of an attribute moves from its minimum to its maximum.

    A row for each run and a column for each attribute. The detector is the learned latent with the
    highest AUROC, which stands beside its name; the other latents stay at the image's code. The
    bounds are those of 1000 images, evenly spaced in the order of the data.

    Args:
        runs: Of one data set.
        attributes: Names of the data's attributes.
        steps: Images of a traversal.
        row: The image that all start from, in 0 ... n − 1; by default the one whose code is nearest
            to the median of the first run.

    Raises:
        ValueError: No runs or attributes, an unknown attribute, data without attributes, or fewer
            than two steps.

    Source: Yeats et al. 2022, Figure 4, https://arxiv.org/abs/2209.10677
    """
    if not runs or not attributes or steps < 2:
        raise ValueError(
            f"give at least one run, one attribute and two steps; got {len(runs)}, "
            f"{len(attributes)} and {steps}"
        )
    row = starting_row(runs[0], row)
    image = image_at(runs[0], row)
    height, width, *_ = image.shape
    ratios = [width, *[steps * width] * len(attributes)]
    side = (PAGE - LABEL - 0.2) / sum(ratios) * height
    figure = Figure(figsize=(PAGE, len(runs) * (side + 0.18) + 0.3))
    figure.set_layout_engine("constrained", w_pad=0.02, h_pad=0.02, wspace=0, hspace=0)
    grid = figure.subplots(len(runs), len(ratios), squeeze=False, width_ratios=ratios)
    for run, axes in zip(runs, grid, strict=True):
        show_images(axes[0], image[None])
        axes[0].set_ylabel(
            run.recipe.title.replace(" ", "\n", 1), rotation=0, ha="right", va="center"
        )
        codes, decode, detectors = code_array(run, "codes"), decoder(run), _detectors(run)
        for axis, (latent, auroc) in zip(
            axes[1:], (detectors[name] for name in _known(detectors, attributes)), strict=True
        ):
            seen = codes[np.linspace(0, len(codes) - 1, min(SEEN, len(codes))).astype(int), latent]
            values = np.linspace(seen.min(), seen.max(), steps)
            show_images(
                axis, decode(moved(codes[row], latent, values)), f"L{latent + 1}  {auroc:.2f}"
            )
    for axis, title in zip(grid[0], ["image", *map(spelled, attributes)], strict=True):
        axis.set_title(title)
    return figure


def _detectors(run: RunFolder) -> Mapping[str, tuple[int, float]]:
    """For each attribute the learned latent with the highest exact AUROC, and its AUROC."""
    codes, attributes = code_array(run, "codes"), code_array(run, "attributes")
    result = tad(codes, attributes, active=learned(run).active, bootstrap=None)
    pairs = zip(result.best_latent.tolist(), result.best.tolist(), strict=True)
    return dict(zip(code_array(run, "names").tolist(), pairs, strict=True))


def _known(known: Mapping[str, object], attributes: Sequence[str]) -> Sequence[str]:
    if unknown := [name for name in attributes if name not in known]:
        raise ValueError(
            f"the data have no attribute {', '.join(unknown)}; they have {list(known)}"
        )
    return attributes
