"""What the best detectors of some attributes do to an image, by method (Figure 4)."""

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
    """Decoded images while the best detector of an attribute goes from its least to its greatest.

    A row for each of `runs`, all of one data set, and a column for each of `attributes`: the
    learned latent with the highest AUROC for it, named with that AUROC, the other latents held at
    the image's code. All start from the image `row`, in 0 ... n − 1, which stands on the left; by
    default the one whose code is nearest to the median of the first run. The bounds are those of
    1000 images, evenly spaced in the data's order.

    Raises `ValueError` for no runs or attributes, names that the data have not, runs on data
    without attributes, and fewer than two steps.

    Source: Yeats et al. 2022, Figure 4.
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
        codes, decode, found = code_array(run, "codes"), decoder(run), _detectors(run)
        for axis, (latent, auroc) in zip(
            axes[1:], (found[name] for name in _known(found, attributes)), strict=True
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
    """For each attribute the learned latent with the highest exact AUROC, and that."""
    codes, attributes = code_array(run, "codes"), code_array(run, "attributes")
    found = tad(codes, attributes, active=learned(run).active, bootstrap=None)
    pairs = zip(found.best_latent.tolist(), found.best.tolist(), strict=True)
    return dict(zip(code_array(run, "names").tolist(), pairs, strict=True))


def _known(found: Mapping[str, object], attributes: Sequence[str]) -> Sequence[str]:
    if unknown := [name for name in attributes if name not in found]:
        raise ValueError(
            f"the data have no attribute {', '.join(unknown)}; they have {list(found)}"
        )
    return attributes
