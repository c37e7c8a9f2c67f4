"""The pictures of the report."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from matplotlib.figure import Figure

from apps.figures import (
    latent_space,
    learning_curves,
    traversal,
    true_against_predicted,
    write_figure,
)
from apps.figures.style import FAINT, palette, styled
from apps.recipes import AnyRecipe
from apps.reproduce.paper import FACTORS, LATENTS
from apps.reproduce.sweep import figure_3_recipes, recipe
from apps.reproduce.table1 import Cell
from apps.run_folder import RunFolder


class Picture(NamedTuple):
    """A figure with its name on disk, its title and the words below it."""

    name: str
    title: str
    caption: str
    figure: Figure

    @property
    def png(self) -> str:
        """The file's name as PNG."""
        return f"{self.name}.png"


def draw(folders: Sequence[RunFolder], cells: Sequence[Cell], out: Path) -> list[Picture]:
    """Draw the report's pictures and write each to `out` as PNG and SVG.

    `folders` hold finished runs, those of Figure 3 among them.
    """
    by_recipe = {folder.recipe: folder for folder in folders}
    panels = [by_recipe[r] for r in figure_3_recipes()]
    nashae = panels[1]
    pictures = [
        *_every_run(cells),
        Picture(
            "figure-3",
            "Figure 3: the latent space",
            "The codes of all 360 observations, m = 4, seed 0: these panels were not picked. A "
            "right number of latents does not yet mean one factor a latent.",
            latent_space(panels),
        ),
        *_figure_2(by_recipe),
        Picture(
            "traversal",
            "What a latent does",
            f"{nashae.recipe.title}, m = 4: the decoder's output as one latent goes from its least "
            "to its greatest code, the others held at those of one observation.",
            traversal(nashae),
        ),
        Picture(
            "learning-curves",
            "Learning curves",
            "The terms of the losses, each point a mean over ten steps.",
            learning_curves(panels[:2]),
        ),
    ]
    for picture in pictures:
        write_figure(picture.figure, out / f"{picture.name}.svg")
        write_figure(picture.figure, out / picture.png)
    return pictures


def _every_run(cells: Sequence[Cell]) -> list[Picture]:
    methods = list(dict.fromkeys(cell.method for cell in cells))
    return [
        Picture(
            f"learned-latents-{method}",
            f"Table 1, every run of {method}",
            "The number of learned latents of each run; runs that agree stand side by side. The "
            f"line is the number of factors, {FACTORS}.",
            learned_counts([cell for cell in cells if cell.method == method]),
        )
        for method in methods
    ]


def _figure_2(by_recipe: Mapping[AnyRecipe, RunFolder]) -> list[Picture]:
    shown = [recipe("nashae", lam, latents=32, seed=0) for lam in (0.0, 0.2)]
    return [
        Picture(
            f"figure-2-lambda-{r.weight:g}",
            f"True against predicted latents, {r.title}, m = 32",
            "What the paper's Figure 2 shows for CelebA, here for Beamsynthesis: each code against "
            "its prediction from the others. Grey latents are not learned.",
            true_against_predicted(by_recipe[r]),
        )
        for r in shown
        if r in by_recipe
    ]


@styled
def learned_counts(cells: Sequence[Cell]) -> Figure:
    """The learned latents of every run, by m (groups) and weight (colours)."""
    names = list(dict.fromkeys(cell.name for cell in cells))
    colours = dict(zip(names, palette(len(names)), strict=True))
    figure = Figure(figsize=(7.2, 3.0))
    axis = figure.subplots()
    axis.axhline(FACTORS, color=FAINT, zorder=0)
    for cell in cells:
        centre = LATENTS.index(cell.latents) + 0.28 * (
            names.index(cell.name) - (len(names) - 1) / 2
        )
        for count, runs in Counter(cell.learned).items():
            x = [centre + 0.025 * (i - (runs - 1) / 2) for i in range(runs)]
            axis.scatter(x, [count] * runs, s=10, color=colours[cell.name], linewidths=0)
    axis.set_yscale("symlog", base=2, linthresh=1)
    ticks = [0, 1, 2, 3, 4, 8, 16, 32]
    axis.set_yticks(ticks, [str(tick) for tick in ticks])
    axis.set_xticks(range(len(LATENTS)), [f"m = {m}" for m in LATENTS])
    axis.set_ylabel("learned latents")
    for name in names:
        axis.scatter([], [], s=10, color=colours[name], label=name)
    figure.legend(loc="outside right upper")
    return figure
