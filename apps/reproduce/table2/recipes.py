"""The runs of Table 2, and those beside it."""

from collections.abc import Sequence

from apps.recipes import AnyRecipe, recipe
from apps.reproduce.table2.paper import LATENTS, SCAN, SIZED, SIZES, TABLE_2


def table_2_recipes(methods: Sequence[str], trials: int) -> list[AnyRecipe]:
    """The runs of Table 2's cells of `methods`, seeds 0 to `trials` − 1, and those beside it.

    Those have seed 0: NashAE at every λ of the scan, and the sizes m for which the learned latents
    are counted. No run is listed twice.
    """
    cells = [
        (method, weight, LATENTS, seed) for method, weight in TABLE_2 for seed in range(trials)
    ]
    scan = [("nashae", lam, LATENTS, 0) for lam in SCAN]
    sizes = [(method, weight, latents, 0) for method, weight in SIZED for latents in SIZES]
    keys = [key for key in dict.fromkeys([*cells, *scan, *sizes]) if key[0] in methods]
    return [recipe(*key, data="dsprites") for key in keys]
