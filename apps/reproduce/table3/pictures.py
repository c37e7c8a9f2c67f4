"""The pictures of Table 3's report."""

from collections.abc import Mapping

from apps.figures import (
    draw_attribute_traversals,
    draw_image_traversal,
    draw_tad_over_images,
    true_against_predicted,
)
from apps.reproduce.page import Picture
from apps.reproduce.table import Results
from apps.reproduce.table3.paper import FIGURE_2, FIGURE_4, FIGURE_4_ROWS
from apps.reproduce.table3.score import face_data
from apps.runs.folder import RunFolder


def draw(results: Results) -> list[Picture]:
    """The pictures whose runs are there and trained."""
    folders = results.trained_folders
    first = {
        (folder.recipe.method_name, folder.recipe.weight): folder
        for folder in reversed(folders)
        if folder.recipe.seed == 0
    }
    return [*_figure_2(first), *_figure_4(first), *_of_nashae(first)]


def _figure_2(first: Mapping[tuple[str, float], RunFolder]) -> list[Picture]:
    return [
        Picture(
            f"figure-2-lambda-{lam:g}",
            f"Figure 2: true against predicted latents, λ = {lam:g}",
            f"On {face_data(run)}, seed 0. Each of the 32 codes against its prediction from the "
            "others; the grey latents are inactive.",
            true_against_predicted(run),
        )
        for lam in FIGURE_2
        if (run := first.get(("nashae", lam)))
    ]


def _figure_4(first: Mapping[tuple[str, float], RunFolder]) -> list[Picture]:
    runs = [first[row] for row in FIGURE_4_ROWS if row in first]
    if not runs:
        return []
    return [
        Picture(
            "figure-4",
            "Figure 4: what the best detectors do",
            f"On {face_data(runs[0])}, seed 0. For each attribute the learned latent with the "
            "highest AUROC, which is given with it, from its least code to its greatest.",
            draw_attribute_traversals(runs, FIGURE_4),
        )
    ]


def _of_nashae(first: Mapping[tuple[str, float], RunFolder]) -> list[Picture]:
    run = first.get(("nashae", 0.2))
    if run is None:
        return []
    return [
        Picture(
            "tad-over-images",
            "TAD depends on how many images are scored, and how",
            f"{run.recipe.title} on {face_data(run)}, seed 0: the same codes throughout. 1000 "
            "images and the grid are the paper's.",
            draw_tad_over_images(run),
        ),
        Picture(
            "traversal",
            f"What each latent does: {run.recipe.title}",
            "The decoder's output as one learned latent goes from its 1st to its 99th percentile; "
            "the attribute that it detects best, and its AUROC.",
            draw_image_traversal(run),
        ),
    ]
