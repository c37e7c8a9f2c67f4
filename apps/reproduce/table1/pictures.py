"""The pictures of the report on Table 1."""

from collections import Counter
from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure

from apps.figures import (
    latent_space,
    learning_curves,
    traversal,
    true_against_predicted,
)
from apps.figures.style import DARK, FAINT, PAGE, PALETTE, palette, styled
from apps.recipes import AnyRecipe
from apps.reproduce.clean import DEFINITION
from apps.reproduce.page import Picture
from apps.reproduce.table import Results
from apps.reproduce.table1.cells import WaveformCell
from apps.reproduce.table1.comparison import by_cell
from apps.reproduce.table1.paper import FACTORS, LATENTS
from apps.reproduce.table1.recipes import figure_3_recipes
from apps.runs.folder import RunFolder
from apps.runs.rows import Row

# A run by its method, weight, number of latents and seed.
Key = tuple[str, float, int, int]


def draw(results: Results, cells: Sequence[WaveformCell], compared: Sequence[Row]) -> list[Picture]:
    """The report's pictures.

    Args:
        results: The user's runs, those of Figure 3 among them.
        cells: The user's cells of the table.
        compared: The rows by which methods are compared beyond the paper's table.
    """
    by_key = {_key(folder.recipe): folder for folder in results.folders}
    panels = [by_key[_key(panel)] for panel in figure_3_recipes()]
    nashae = panels[1]
    return [
        Picture(
            "right-and-clean",
            "Right in count, and clean",
            f"{DEFINITION} Each bar is the share of runs; the lines are the 95 % intervals of the "
            "grey ones (Wilson).",
            right_and_clean(compared),
        ),
        *_every_run(cells),
        Picture(
            "figure-3",
            "Figure 3: the latent space",
            "The codes of all 360 observations, m = 4, seed 0: these panels were not picked. A "
            "right number of latents does not yet mean one factor a latent.",
            latent_space(panels),
        ),
        *_figure_2(by_key),
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


def _key(recipe: AnyRecipe) -> Key:
    return recipe.method_name, recipe.weight, recipe.latents, recipe.seed


def _every_run(cells: Sequence[WaveformCell]) -> list[Picture]:
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


def _figure_2(by_key: Mapping[Key, RunFolder]) -> list[Picture]:
    shown = (by_key.get(("nashae", lam, 32, 0)) for lam in (0.0, 0.2))
    return [
        Picture(
            f"figure-2-lambda-{run.recipe.weight:g}",
            f"True against predicted latents, {run.recipe.title}, m = 32",
            "What the paper's Figure 2 shows for CelebA, here for Beamsynthesis: each code against "
            "its prediction from the others. Grey latents are not learned.",
            true_against_predicted(run),
        )
        for run in shown
        if run
    ]


@styled
def learned_counts(cells: Sequence[WaveformCell]) -> Figure:
    """The learned latents of every run, by m (groups) and weight (colours)."""
    names = list(dict.fromkeys(cell.name for cell in cells))
    colours = dict(zip(names, palette(len(names)), strict=True))
    figure = Figure(figsize=(7.2, 3.0))
    axis = figure.subplots()
    axis.axhline(FACTORS, color=FAINT, zorder=0)
    for cell in cells:
        # The weights of one m stand apart from those of the next, whatever their number.
        place = (names.index(cell.name) + 0.5) / len(names) - 0.5
        centre = LATENTS.index(cell.latents) + 0.8 * place
        for count, runs in Counter(cell.learned).items():
            x = [centre + 0.022 * (i - (runs - 1) / 2) for i in range(runs)]
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


@styled
def right_and_clean(rows: Sequence[Row]) -> Figure:
    """The shares of runs with the right count and of clean ones: a panel an m, a bar a weight."""
    groups = by_cell(rows)
    names = list(dict.fromkeys(group.name for group in groups))
    figure = Figure(figsize=(PAGE, 0.9 + 0.17 * len(names)))
    axes = figure.subplots(1, len(LATENTS), sharey=True, sharex=True, squeeze=False)[0]
    for axis, latents in zip(axes, LATENTS, strict=True):
        for group in (group for group in groups if group.latents == latents):
            y = names.index(group.name)
            for share, colour, height in (
                (group.right, FAINT, 0.75),
                (group.clean, PALETTE[0], 0.4),
            ):
                axis.barh(y, share.share, height, color=colour, linewidth=0)
            right = group.right
            axis.plot([right.low, right.high], [y, y], color=DARK, linewidth=0.8, zorder=3)
        axis.set_title(f"m = {latents}")
        axis.set_xlim(0, 1)
        axis.set_xticks([0, 0.5, 1], ["0", "½", "1"])
    axes[0].set_yticks(range(len(names)), names)
    axes[0].invert_yaxis()
    figure.supxlabel("share of runs")
    for label, colour in (("two learned latents", FAINT), ("and clean", PALETTE[0])):
        axes[-1].barh([0], [0], color=colour, label=label)
    figure.legend(loc="outside upper center", ncols=2)
    return figure
