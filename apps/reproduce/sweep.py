"""A sweep: a list of independent runs, each in a folder of its own."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import joblib  # type: ignore[import-untyped]
import torch

from apps.recipes import RECIPES, AnyRecipe
from apps.reproduce.paper import FIGURE_3, LATENTS, TABLE_1
from apps.run_folder import RunFolder
from apps.train import train_run


def recipe(method: str, weight: float, latents: int, seed: int) -> AnyRecipe:
    """The recipe of one cell's trial. Nothing but these four differs between a method's runs."""
    # Differs from the paper: "to convergence" there. Here every run has the 1000 steps of the
    # authors' code, whatever the method.
    of_method = RECIPES[f"beamsynthesis-{method}"]()
    return replace(of_method.with_weight(weight), latents=latents, seed=seed)


def table_1_recipes(methods: Sequence[str], trials: int) -> list[AnyRecipe]:
    """The runs of Table 1's rows of `methods`, seeds 0 to `trials` − 1."""
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


def run_sweep(
    recipes: Iterable[AnyRecipe],
    runs: Path,
    *,
    jobs: int = 2,
    device: str = "cpu",
    on_finished: Callable[[AnyRecipe], None],
) -> list[RunFolder]:
    """Train each recipe into its folder below `runs`, `jobs` at a time, one thread each.

    Finished runs are left as they are, and one that was cut off goes on where it was. Returns the
    folders in the order of `recipes`. A run that fails does not stop the others; at the end the
    first failure is raised as `RuntimeError`.
    """
    unique = list(dict.fromkeys(recipes))
    waiting = [r for r in unique if not _finished(r, runs / r.label)]
    for done in unique:
        if done not in waiting:
            on_finished(done)
    # The long ones first, so that no worker is left with one at the end.
    waiting.sort(key=lambda r: r.latents * r.train.steps, reverse=True)
    parallel = joblib.Parallel(n_jobs=jobs, return_as="generator_unordered")
    failures = []
    for which, failure in parallel(
        joblib.delayed(_run)(i, r, runs / r.label, device) for i, r in enumerate(waiting)
    ):
        on_finished(waiting[which])
        if failure:
            failures.append(f"{waiting[which].label}: {failure}")
    if failures:
        raise RuntimeError(f"{len(failures)} of {len(unique)} runs failed; {failures[0]}")
    return [RunFolder(runs / r.label) for r in unique]


def _finished(recipe: AnyRecipe, path: Path) -> bool:
    folder = RunFolder(path)
    try:
        return folder.finished and folder.recipe == recipe
    except ValueError:  # the run fails, and says why
        return False


def _run(which: int, recipe: AnyRecipe, path: Path, device: str) -> tuple[int, str]:
    torch.set_num_threads(1)
    try:
        train_run(recipe, path, device=device)
    except (ValueError, OSError, FloatingPointError, RuntimeError) as error:
        return which, str(error)
    return which, ""
