"""A sweep: independent runs, each in a folder of its own."""

import os
import time
from collections.abc import Iterable
from contextlib import suppress
from functools import cache
from pathlib import Path
from threading import Thread

import joblib  # type: ignore[import-untyped]
import torch

from apps.console import console
from apps.recipes import AnyRecipe
from apps.runs.folder import CHECKPOINT, RunFolder
from apps.runs.memory import keep_memory
from apps.runs.train import train_run


def run_sweep(
    recipes: Iterable[AnyRecipe],
    runs: Path,
    *,
    jobs: int = 2,
    root: Path = Path("data"),
    device: str = "cpu",
    checkpoint_seconds: float = 20.0,
) -> list[RunFolder]:
    """Train each recipe into its folder below `runs`, with one thread each.

    Finished runs are kept, interrupted ones resumed, stale ones (`RunFolder.stale`) announced and
    trained again. A run that another process is writing is waited for.

    Args:
        recipes: What to train.
        runs: The folder of the run folders. On a cluster every worker has to see it, and `root`.
        jobs: Runs at a time.
        root: The folder of data sets on disk.
        device: Where to train.
        checkpoint_seconds: As for `train_run`.

    Returns:
        The run folders, in the order of `recipes` without repetitions.

    Raises:
        RuntimeError: Runs failed; the first failure, raised when all other runs have ended.
    """
    unique = list(dict.fromkeys(recipes))
    waiting = [r for r in unique if not _tidy(r, runs / r.label)]
    for r in waiting:
        if why := _stale(r, runs / r.label):
            console.print(RunFolder(runs / r.label).says(why), markup=False, soft_wrap=True)
    # Long runs first, so that none starts when the other workers are done.
    waiting.sort(key=lambda r: r.latents * r.train.steps, reverse=True)
    # One run a batch, so that a killed worker loses no more than one. All results come at the end,
    # as not every backend gives them one by one; progress is read from the folders.
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
    """Whether the folder at `path` holds a finished run of `recipe` that is not stale."""
    folder = RunFolder(path)
    try:
        return folder.finished and not folder.stale(recipe) and folder.recipe == recipe
    except ValueError:  # training will raise it
        return False


def _stale(recipe: AnyRecipe, path: Path) -> str:
    folder = RunFolder(path)
    with suppress(ValueError):  # training will raise it
        return folder.stale(recipe) if (path / "config.json").exists() else ""
    return ""


def _tidy(recipe: AnyRecipe, path: Path) -> bool:
    # A process that is killed at its very end leaves a checkpoint, which `_run` removes.
    return finished(recipe, path) and not (path / CHECKPOINT).exists()


def _run(
    recipe: AnyRecipe, path: Path, root: Path, device: str, checkpoint_seconds: float, sweep: int
) -> str:
    """Train one run in this process; why it failed, or ""."""
    if os.getppid() == sweep:
        _end_with_the_sweep(sweep)
    torch.set_num_threads(1)
    keep_memory()
    try:
        # Wait: another sweep may be writing the folder, or a worker of a killed one.
        train_run(
            recipe,
            path,
            root=root,
            device=device,
            checkpoint_seconds=checkpoint_seconds,
            wait=True,
            quiet=True,  # the sweep has printed it
        )
    except (ValueError, OSError, FloatingPointError, RuntimeError) as error:
        return str(error)
    return ""


@cache
def _end_with_the_sweep(sweep: int) -> None:
    """End this worker soon after the sweep that started it has been killed."""

    def watch() -> None:
        while os.getppid() == sweep:
            time.sleep(0.2)
        os._exit(1)

    Thread(target=watch, daemon=True).start()
