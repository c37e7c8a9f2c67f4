"""The pictures of Table 2's report."""

from collections.abc import Sequence

import numpy as np

from apps.figures import (
    draw_factor_map,
    draw_image_traversal,
    draw_latent_counts,
    draw_weight_scan,
)
from apps.figures.runs import learned
from apps.reproduce.page import Picture
from apps.reproduce.table import Results
from apps.reproduce.table2.cells import best_run, size_cells
from apps.reproduce.table2.paper import LATENTS
from apps.reproduce.table2.score import FACTORS
from apps.runs.folder import RunFolder
from apps.runs.rows import Row


def draw(results: Results) -> list[Picture]:
    """The pictures of the runs that are trained."""
    folders, rows = results.trained_folders, results.trained_rows
    return [
        *over_weight_and_size(rows),
        *(picture for method in results.methods for picture in _best(folders, rows, method)),
    ]


def over_weight_and_size(rows: Sequence[Row]) -> list[Picture]:
    """What rows alone show: scores over λ, and learned latents over m."""
    pictures = []
    if scan := [r for r in rows if (r["method"], r["latents"]) == ("nashae", LATENTS)]:
        pictures.append(
            Picture(
                "weight-scan",
                "Score and learned latents over λ",
                "Every run of NashAE with m = 10. One run a value cannot rank the values.",
                draw_weight_scan(scan),
            )
        )
    if sized := [run for cell in size_cells(rows) for run in cell.runs]:
        pictures.append(
            Picture(
                "latents-against-m",
                "Learned latents against m",
                "Every run, counted by the method's own rule. dSprites has five factors.",
                draw_latent_counts(sized),
            )
        )
    return pictures


def _best(folders: Sequence[RunFolder], rows: Sequence[Row], method: str) -> list[Picture]:
    """What the method's best run carries, and what its latents do; nothing without runs."""
    row = best_run(rows, method)
    if row is None:
        return []
    folder = folders[rows.index(row)]
    title = f"{folder.recipe.title}, seed {row['seed']}"
    which = f"The run of the highest β-VAE score ({100 * row['beta_vae']:.1f} %) of the method."
    return [
        Picture(
            f"factor-map-{method}",
            f"Which latent carries which factor: {title}",
            f"{which} Each latent's share of each factor's information (I/H, 20 bins). An "
            "orientation that no latent carries can still be identified by elimination.",
            draw_factor_map(np.asarray(row["information"]), learned(folder).active, FACTORS, title),
        ),
        Picture(
            f"traversal-{method}",
            f"What a latent does: {title}",
            f"{which} The decoder's output as one learned latent goes from its 1st to its 99th "
            "percentile, the others held at those of one image.",
            draw_image_traversal(folder),
        ),
    ]
