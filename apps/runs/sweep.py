"""A sweep: a list of independent runs, each in a folder of its own."""

import os
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from threading import Thread

import joblib  # type: ignore[import-untyped]
import torch

from apps.console import console
from apps.recipes import AnyRecipe, DataName, recipe
from apps.reproduce.paper import (
    FACE_LATENTS,
    FIGURE_3,
    LATENTS,
    SCAN,
    SIZED,
    SIZES,
    SPRITE_LATENTS,
    TABLE_1,
    TABLE_2,
    TABLE_3,
)
from apps.runs.folder import CHECKPOINT, RunFolder
from apps.runs.memory import keep_memory
from apps.runs.train import train_run


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


def table_2_recipes(methods: Sequence[str], trials: int) -> list[AnyRecipe]:
    """The runs of Table 2's cells of `methods`, seeds 0 to `trials` − 1, and those beside it.

    Those are, with seed 0: NashAE at every λ of the scan, and the sizes m at which the learned
    latents are counted. A run that is in two of these is there once.
    """
    cells = [
        (method, weight, SPRITE_LATENTS, seed)
        for method, weight in TABLE_2
        for seed in range(trials)
    ]
    scan = [("nashae", lam, SPRITE_LATENTS, 0) for lam in SCAN]
    sizes = [(method, weight, latents, 0) for method, weight in SIZED for latents in SIZES]
    keys = [key for key in dict.fromkeys([*cells, *scan, *sizes]) if key[0] in methods]
    return [recipe(*key, data="dsprites") for key in keys]


def table_3_recipes(methods: Sequence[str], trials: int, data: DataName) -> list[AnyRecipe]:
    """The runs of Table 3's cells of `methods`, seeds 0 to `trials` − 1, on `data`."""
    return [
        recipe(method, weight, FACE_LATENTS, seed, data)
        for method, weight in TABLE_3
        if method in methods
        for seed in range(trials)
    ]


def run_sweep(
    recipes: Iterable[AnyRecipe],
    runs: Path,
    *,
    jobs: int = 2,
    root: Path = Path("data"),
    device: str = "cpu",
    checkpoint_seconds: float = 20.0,
) -> list[RunFolder]:
    """Train each recipe into its folder below `runs`, `jobs` at a time, one thread each.

    Finished runs are left as they are, one that was cut off goes on where it was, one that is stale
    (`RunFolder.stale`) is made again, which a line says, and one that another process is writing is
    waited for. `root` is the folder of data that lie on disk. Where
    joblib is set to a cluster, every worker has to see `runs` and `root`. Returns the folders in
    the order of `recipes`. A run that fails does not stop the others; at the end the first failure
    is raised as `RuntimeError`.
    """
    unique = list(dict.fromkeys(recipes))
    waiting = [r for r in unique if not _tidy(r, runs / r.label)]
    for r in waiting:
        if why := _stale(r, runs / r.label):
            console.print(RunFolder(runs / r.label).says(why), markup=False, soft_wrap=True)
    # The long ones first, so that no worker is left with one at the end.
    waiting.sort(key=lambda r: r.latents * r.train.steps, reverse=True)
    # One run a batch: a worker that is killed has one run to make again. The whole list at the end,
    # because not every backend gives results as they come; progress is read from the folders.
    parallel = joblib.Parallel(n_jobs=jobs, batch_size=1)
    reasons = parallel(
        joblib.delayed(_run)(
            r, (runs / r.label).absolute(), root.absolute(), device, checkpoint_seconds, os.getpid()
        )
        for r in waiting
    )
    failures = [f"{r.label}: {why}" for r, why in zip(waiting, reasons, strict=True) if why]
    if failures:
        raise RuntimeError(f"{len(failures)} of {len(unique)} runs failed; {failures[0]}")
    return [RunFolder(runs / r.label) for r in unique]


def finished(recipe: AnyRecipe, path: Path) -> bool:
    """Whether the folder at `path` holds the finished run of `recipe`, made as it is made now."""
    folder = RunFolder(path)
    try:
        return folder.finished and not folder.stale(recipe) and folder.recipe == recipe
    except ValueError:  # the run fails, and says why
        return False


def _stale(recipe: AnyRecipe, path: Path) -> str:
    folder = RunFolder(path)
    with suppress(ValueError):  # the run fails, and says why
        return folder.stale(recipe) if (path / "config.json").exists() else ""
    return ""


def _tidy(recipe: AnyRecipe, path: Path) -> bool:
    # A process that was killed at its very end leaves the checkpoint, which `_run` removes.
    return finished(recipe, path) and not (path / CHECKPOINT).exists()


def _run(
    recipe: AnyRecipe, path: Path, root: Path, device: str, checkpoint_seconds: float, sweep: int
) -> str:
    """Make one run in this process; the reason where it fails."""
    if os.getppid() == sweep:
        _end_with_the_sweep(sweep)
    torch.set_num_threads(1)
    keep_memory()
    try:
        # Another sweep's worker may have the folder, or one that outlives a sweep that was killed.
        train_run(
            recipe,
            path,
            root=root,
            device=device,
            checkpoint_seconds=checkpoint_seconds,
            wait=True,
            quiet=True,  # the sweep has said it
        )
    except (ValueError, OSError, FloatingPointError, RuntimeError) as error:
        return str(error)
    return ""


@cache
def _end_with_the_sweep(sweep: int) -> None:
    """End this worker soon after the sweep that started it is killed: else it would run on."""

    def watch() -> None:
        while os.getppid() == sweep:
            time.sleep(0.2)
        os._exit(1)

    Thread(target=watch, daemon=True).start()
