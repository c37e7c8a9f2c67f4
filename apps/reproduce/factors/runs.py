"""Runs that search for the number of factors; each is one row, kept in a file of its own."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.metadata import version
from itertools import permutations
from pathlib import Path
from typing import Literal

import joblib  # type: ignore[import-untyped]
import numpy as np
import torch
from torch import Tensor

from apps.console import console, progress_bar
from apps.recipes import RECIPES
from apps.reproduce.clean import (
    CLEAN_DUTY,
    CLEAN_FREQUENCY,
    Numbers,
    between_classes,
    rank_correlation,
)
from apps.reproduce.factors.data import COUNT_DATA, PAPERS, count_data, true_factors
from apps.reproduce.factors.forest import Indices, forest_r2
from apps.runs.made_by import versions
from apps.runs.memory import keep_memory
from apps.runs.rows import Row, read_rows, write_rows
from apps.sources import code_digest, imported_files
from nashae_core import Count, NashAE, align_axes, count_factors, encode, reconstruction_loss, train
from nashae_data import Dataset
from nashae_metrics import learned_latents

CountMethod = Literal["nashae", "nashae-counted", "nashae-aligned"]
METHODS: tuple[CountMethod, ...] = ("nashae", "nashae-counted", "nashae-aligned")
PAPERS_LATENTS = (4, 8, 16, 32, 64)
OTHER_LATENTS = (8, 32)
# Runs with smaller seeds were looked at when the thresholds of `CountConfig` were chosen.
FRESH_SEED = 16
ASIDE = "stale"  # the folder of rows that are of other code
CODE = ("apps", "nashae_core", "nashae_data", "nashae_metrics")
STANDS_ON = ("nashae-core", "nashae-data", "nashae-metrics")
FEW = 10  # frequencies up to this number are classes, more are a scale


@dataclass(frozen=True)
class CountRun:
    """One search for the number of factors, or for a latent for each.

    `nashae` trains with the paper's λ = 0.2 and counts the learned latents; `nashae-counted` calls
    `count_factors`; `nashae-aligned` calls `align_axes` with the number that the counted run of
    the same seed finds.
    """

    method: CountMethod
    data: str
    latents: int
    seed: int

    @property
    def file(self) -> str:
        """The name of its row's file."""
        return f"{self.method} {self.data} m{self.latents} seed{self.seed}.jsonl"


def count_runs(trials: int, other_trials: int) -> list[CountRun]:
    """All methods on the paper's data set from every m, and on the other sets from two.

    Each has so many seeds, from `FRESH_SEED` on. Aligned runs come after the counted ones.
    """
    seeds, other_seeds = (range(FRESH_SEED, FRESH_SEED + n) for n in (trials, other_trials))
    cells = [(PAPERS, m, seed) for seed in seeds for m in PAPERS_LATENTS]
    others = [name for name in COUNT_DATA if name != PAPERS]
    cells += [(name, m, seed) for m in OTHER_LATENTS for seed in other_seeds for name in others]
    counts = [CountRun(method, *cell) for cell in cells for method in METHODS[:2]]
    return counts + [CountRun("nashae-aligned", *cell) for cell in cells]


def run_counts(runs: Sequence[CountRun], folder: Path, jobs: int) -> list[Row]:
    """The rows of the runs, in their order; `jobs` runs are made at a time.

    Rows in `folder` are kept. Those of other code or of another release are moved into a folder
    below and made again; how many is printed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    stale = [run for run in runs if _set_aside(folder / run.file)]
    if stale:
        line = f"{len(stale)} of {len(runs)} runs in {folder} are made again: they are of other "
        console.print(f"{line}code; the old rows are kept in {ASIDE}", markup=False, soft_wrap=True)
    parallel = joblib.Parallel(n_jobs=jobs, batch_size=1, return_as="generator_unordered")
    waiting = [run for run in runs if not (folder / run.file).exists()]
    with progress_bar() as bar:
        task = bar.add_task(
            "factors counted", total=len(runs), completed=len(runs) - len(waiting), note=""
        )
        for run in parallel(joblib.delayed(_made)(run, folder) for run in waiting):
            bar.update(task, advance=1, note=run.file.removesuffix(".jsonl"))
    return [_row(folder / run.file)["row"] for run in runs]


def _row(path: Path) -> Row:
    """The contents of a run's file: its `row`, and the code that it was `made by`."""
    (kept,) = read_rows(path)
    return kept if "made by" in kept else {"row": kept, "made by": None}  # of release 0.1.0


def _set_aside(path: Path) -> bool:
    """Move a row of other code into the folder of stale ones; whether there was one."""
    if not path.exists() or _row(path)["made by"] == _code():
        return False
    aside = path.parent / ASIDE
    aside.mkdir(exist_ok=True)
    path.replace(aside / f"{len(list(aside.iterdir()))} {path.name}")
    return True


@cache
def _code() -> dict[str, str]:
    """What decides a row: the code of search and scores, and the versions of the packages."""
    files = imported_files(__name__, CODE)
    return {"code": code_digest(files), **{name: version(name) for name in STANDS_ON}}


def _made(run: CountRun, folder: Path) -> CountRun:
    torch.set_num_threads(1)
    keep_memory()
    factors = None
    if run.method == "nashae-aligned":
        counted = replace(run, method="nashae-counted")
        if not (folder / counted.file).exists() or _set_aside(folder / counted.file):
            _made(counted, folder)
        factors = int(_row(folder / counted.file)["row"]["learned"])
    write_rows([{"made by": _code(), "row": count_row(run, factors)}], folder / run.file)
    return run


def count_row(run: CountRun, factors: int | None = None) -> Row:
    """Make a run; its row. An aligned run is given the number of `factors`.

    - `learned`: the number of latents found, `true`: the number of factors that vary;
    - `between` and `rank`: for each learned latent and varying factor the share of the latent's
      variance between the factor's classes, and their rank correlation; `clean`: see `is_clean`;
    - `told_by_all`, `told_by_learned`: R² of each learned latent, predicted by a random forest from
      all other latents, and from the other learned ones (`forest_r2`);
    - `reconstruction`: ½·mean (x′ − x)² over the data;
    - of a counted run the `margin` of its closest decision, whether that was `near`, and all
      `decisions`;
    - of an aligned run its `tries`, and whether the chosen one is `independent`.
    """
    dataset, x = _data(run.data)
    generator = torch.Generator().manual_seed(run.seed)
    recipe = replace(RECIPES["beamsynthesis-nashae"], latents=run.latents)

    def build(generator: torch.Generator) -> NashAE:
        model = recipe.build(generator)
        assert isinstance(model, NashAE)
        return model

    model, started, extra = build(generator), time.monotonic(), dict[str, object]()
    if run.method == "nashae":
        train(model, x, recipe.train, generator)
    elif factors is not None:
        axes = align_axes(build, x, factors, generator)
        tries = [[tried.latents, round(tried.dependence, 4)] for tried in axes.tries]
        model, extra = axes.model, {"independent": axes.independent, "tries": tries}
    else:
        count = count_factors(model, x, generator)
        model, extra = count.model, _search(count)
    seconds = time.monotonic() - started
    every = encode(model, x)
    whole = every.double().numpy()
    active = np.ones(whole.shape[1], dtype=bool)  # for a counted run all that remain
    if run.method == "nashae":
        active = learned_latents(whole, rule="nashae").active
    learned, codes = np.flatnonzero(active), whole[:, active]
    by_all = _r2(whole, learned, np.arange(len(active)), run.seed)
    varying = np.flatnonzero(np.array(dataset.sizes) > 1)
    columns = [dataset.factors[:, factor] for factor in varying]
    between = np.stack([between_classes(codes, column) for column in columns], axis=1)
    rank = np.stack([rank_correlation(codes, column) for column in columns], axis=1)
    few = [dataset.names[i] == "frequency" and dataset.sizes[i] <= FEW for i in varying]
    return {
        "method": run.method,
        "data": run.data,
        "latents": run.latents,
        "seed": run.seed,
        "learned": codes.shape[1],
        "true": true_factors(dataset),
        "clean": is_clean(between, rank, few),
        "between": between.round(4).tolist(),
        "rank": rank.round(4).tolist(),
        "told_by_all": by_all,
        "told_by_learned": by_all if active.all() else _r2(whole, learned, learned, run.seed),
        "reconstruction": float(reconstruction_loss(model.decode(every), x).detach()),
        "seconds": round(seconds, 2),
        **extra,
        "versions": versions(),
    }


def is_clean(between: Numbers, rank: Numbers, few: Sequence[bool]) -> bool:
    """Whether there are as many latents as factors, and each carries a factor of its own.

    A latent carries a factor of a few classes if at least 0.85 of its variance is between them, and
    any other factor if their rank correlation is at least 0.9 in absolute value.

    Args:
        between: (latents, factors), the shares of variance.
        rank: (latents, factors), the rank correlations.
        few: (factors,), whether a factor has a few classes.
    """
    if len(between) != len(few):
        return False
    carries = np.where(few, between >= CLEAN_FREQUENCY, np.abs(rank) >= CLEAN_DUTY)
    every = range(len(few))
    return any(carries[list(order), every].all() for order in permutations(every))


def _r2(codes: Numbers, targets: Indices, sources: Indices, seed: int) -> list[float]:
    return [round(r2, 4) for r2 in forest_r2(codes, targets, sources, seed)]


@cache
def _data(name: str) -> tuple[Dataset, Tensor]:
    return count_data(name)


def _search(count: Count) -> dict[str, object]:
    """The fields that only the row of a counted run has."""
    decisions = [
        {name: _rounded(value) for name, value in decision._asdict().items()}
        for decision in count.decisions
    ]
    return {"margin": round(count.margin, 4), "near": count.near, "decisions": decisions}


def _rounded(value: object) -> object:
    return round(value, 4) if isinstance(value, float) else value
