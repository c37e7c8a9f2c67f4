"""Codes and scores of runs, and methods side by side."""

from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import tyro

from apps.console import console, text_table
from apps.figures import learning_curves, write_figure
from apps.own.options import Data, Machine, print_json, write_json
from apps.own.results import agreement, evaluated, finite_scores, result
from apps.own.train import Training
from apps.recipes.own import OwnInputs
from apps.runs.folder import RunFolder
from apps.runs.sweep import run_sweep
from nashae_core import encode as encoded
from nashae_data import atomic_file, open_data


def encode(
    run: tyro.conf.Positional[Path],
    data: tyro.conf.Positional[Path | None] = None,
    key: str | None = None,
    out: Path = Path("codes.npz"),
) -> None:
    """Write the codes of the observations of a run, or of other ones of that shape.

    Example: nashae encode runs/waves-nashae-0.2-m8-seed0 new.npz --out new-codes.npz

    Args:
        run: A run folder.
        data: Other data; by default those that the run was trained on.
        key: The name of the observations in them.
        out: The file: `codes` (n, m).
    """
    folder = RunFolder(run)
    codes = folder.codes["codes"]
    if data is not None:
        observations = open_data(data, key).observations
        source = folder.recipe.source
        if source is None or tuple(observations.shape[1:]) != source.shape:
            shape = () if source is None else source.shape
            raise ValueError(
                f"{data} must hold observations (n, {', '.join(map(str, shape))}), as {run} was "
                f"trained on; got {tuple(observations.shape)}: give data of that shape"
            )
        rows = OwnInputs(source).rows(observations, torch.arange(len(observations)))
        codes = encoded(folder.model(), rows).numpy()
    with atomic_file(out) as temporary, temporary.open("wb") as file:
        np.savez(file, codes=codes)
    console.print(f"{out}: codes {codes.shape}", soft_wrap=True)


def score(run: tyro.conf.Positional[Path], json: bool = False) -> None:
    """Score a run's codes by every metric that its data allow.

    Example: nashae score runs/waves-nashae-0.2-m8-seed0

    Args:
        run: A run folder.
        json: Print the scores as JSON alone.
    """
    if json:
        print_json(finite_scores(RunFolder(run)))
        return
    found = evaluated(RunFolder(run))
    lines = []
    for row in found.rows:
        bounds = row.interval and f"{row.interval.low:.3f} … {row.interval.high:.3f}"
        lines.append([row.metric, f"{row.score:.3f}", bounds or ""])
    console.print(text_table(str(run), ("metric", "score", "95 %"), lines, left=("metric",)))
    for name, why in found.skipped.items():
        console.print(f"{name}: {why}", style="dim", soft_wrap=True, markup=False)


def compare(
    data: Data,
    methods: Annotated[tuple[str, ...], tyro.conf.arg(metavar="METHOD [METHOD ...]")] = (
        "nashae",
        "beta-vae",
        "factor-vae",
    ),
    seeds: int = 2,
    training: Training = Training(),  # noqa: B008
    jobs: int = 2,
    out: Path = Path("compare"),
    machine: Machine = Machine(),  # noqa: B008
) -> None:
    """Train several methods on data of your own, and set them side by side.

    Example: nashae compare waves.npz --methods nashae beta-vae --seeds 3

    Args:
        data: What to train on.
        methods: Which, each with its own default weight.
        seeds: Runs of each method, 0, 1 ...; of two or more their agreement (UDR) is scored.
        training: How long.
        jobs: Runs at a time.
        out: The folder for the runs, compare.json and the learning curves.
        machine: Where.
    """
    if seeds < 1:
        raise ValueError(f"seeds must be at least 1; got {seeds}: give 2 to see their spread")
    source = data.look_at()
    device = machine.prepare(source.kind)
    recipes = [
        training.recipe(source, method, seed=seed)
        for method in dict.fromkeys(methods)
        for seed in range(seeds)
    ]
    runs = run_sweep(recipes, out / "runs", jobs=jobs, device=device)
    columns = {
        method: _column([run for run in runs if run.recipe.method_name == method])
        for method in dict.fromkeys(methods)
    }
    write_json(out / "compare.json", columns)
    write_figure(learning_curves(runs), out / "learning-curves.png")
    if machine.json:
        print_json(columns)
        return
    rows = list(dict.fromkeys(name for column in columns.values() for name in column))
    lines = [
        [name.replace("_", " "), *(_several(column.get(name, [])) for column in columns.values())]
        for name in rows
    ]
    title = f"{data.data}, {seeds} seed{'s' * (seeds > 1)}"
    console.print(text_table(title, ("", *columns), lines, left=("",)))
    console.print(f"{out / 'compare.json'}, {out / 'learning-curves.png'}", soft_wrap=True)


def _column(runs: list[RunFolder]) -> dict[str, list[float | None]]:
    """What is compared of the runs of one method, a value a run."""
    results = [result(run) for run in runs]
    scores = [finite_scores(run) for run in runs]
    return {
        "learned": [found["learned"] for found in results],
        "explained": [found["explained"] for found in results],
        "explained_held_out": [found["explained_held_out"] for found in results],
        "udr": [agreement(runs)],
        **{metric: [own.get(metric) for own in scores] for metric in scores[0]},
    }


def _several(values: list[float | None]) -> str:
    return " ".join("–" if value is None else f"{value:.3g}" for value in values)
