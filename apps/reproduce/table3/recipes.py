"""The runs of Table 3."""

from collections.abc import Sequence

from apps.recipes import AnyRecipe, DataName, recipe
from apps.reproduce.table3.paper import LATENTS, TABLE_3


def table_3_recipes(methods: Sequence[str], trials: int, data: DataName) -> list[AnyRecipe]:
    """The runs of Table 3's cells of `methods`, seeds 0 to `trials` − 1, on `data`."""
    return [
        recipe(method, weight, LATENTS, seed, data)
        for method, weight in TABLE_3
        if method in methods
        for seed in range(trials)
    ]
