"""The runs of Table 1 and of Figure 3."""

from collections.abc import Sequence

from apps.recipes import AnyRecipe, recipe
from apps.reproduce.table1.paper import FIGURE_3, LATENTS, TABLE_1


def table_1_recipes(methods: Sequence[str], trials: int) -> list[AnyRecipe]:
    """The runs of Table 1's lines of `methods`, seeds 0 to `trials` − 1."""
    return [
        recipe(method, weight, latents, seed)
        for method, weight in TABLE_1
        if method in methods
        for latents in LATENTS
        for seed in range(trials)
    ]


def figure_3_recipes() -> list[AnyRecipe]:
    """The four panels of Figure 3: m = 4, seed 0, whatever it shows."""
    return [recipe(method, weight, latents=4, seed=0) for method, weight in FIGURE_3]


def all_recipes(methods: Sequence[str], trials: int) -> list[AnyRecipe]:
    """The runs of the table and of the figure."""
    return [*table_1_recipes(methods, trials), *figure_3_recipes()]
