"""Runs that are to find the number of factors: each is one row, kept in a file of its own."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import permutations
from pathlib import Path
from typing import Literal

import joblib  # type: ignore[import-untyped]
import numpy as np
import torch
from torch import Tensor

from apps.console import progress_bar
from apps.memory import keep_memory
from apps.recipes import beamsynthesis_nashae
from apps.reproduce.alignment import (
    CLEAN_DUTY,
    CLEAN_FREQUENCY,
    Numbers,
    between_classes,
    rank_correlation,
)
from apps.reproduce.count_data import COUNT_DATA, PAPERS, count_data, true_factors
from apps.reproduce.rows import Row, read_rows, write_rows
from apps.run_folder import versions
from nashae_core import MLP, NashAE, Predictors, count_factors, encode, train
from nashae_data import Dataset
from nashae_metrics import learned_latents

CountMethod = Literal["nashae", "nashae-counted"]
METHODS: tuple[CountMethod, ...] = ("nashae", "nashae-counted")
PAPERS_LATENTS = (4, 8, 16, 32, 64)
OTHER_LATENTS = (8, 32)


@dataclass(frozen=True)
class CountRun:
    """One search: `nashae` is the paper's setting at λ = 0.2, its learned latents counted."""

    method: CountMethod
    data: str
    latents: int
    seed: int

    @property
    def file(self) -> str:
        """The name of the file of its row."""
        return f"{self.method} {self.data} m{self.latents} seed{self.seed}.jsonl"


def count_runs(seeds: Sequence[int], other_seeds: Sequence[int]) -> list[CountRun]:
    """Both methods on the paper's set at every m, and on the other sets at two."""
    cells = [(PAPERS, m, seed) for seed in seeds for m in PAPERS_LATENTS]
    others = [name for name in COUNT_DATA if name != PAPERS]
    cells += [(name, m, seed) for m in OTHER_LATENTS for seed in other_seeds for name in others]
    return [CountRun(method, *cell) for cell in cells for method in METHODS]


def run_counts(runs: Sequence[CountRun], folder: Path, jobs: int) -> list[Row]:
    """The rows of the runs, in their order, `jobs` made at a time; those in `folder` are kept."""
    folder.mkdir(parents=True, exist_ok=True)
    parallel = joblib.Parallel(n_jobs=jobs, batch_size=1, return_as="generator_unordered")
    waiting = [run for run in runs if not (folder / run.file).exists()]
    with progress_bar() as bar:
        task = bar.add_task(
            "factors counted", total=len(runs), completed=len(runs) - len(waiting), note=""
        )
        for run in parallel(joblib.delayed(_made)(run, folder) for run in waiting):
            bar.update(task, advance=1, note=run.file.removesuffix(".jsonl"))
    return [row for run in runs for row in read_rows(folder / run.file)]


def _made(run: CountRun, folder: Path) -> CountRun:
    torch.set_num_threads(1)
    keep_memory()
    write_rows([count_row(run)], folder / run.file)
    return run


def count_row(run: CountRun) -> Row:
    """Make a run; its row.

    - `learned`: the latents found, `true`: the factors that vary;
    - `between` and `rank`: of each learned latent and varying factor the share of the latent's
      variance between the factor's classes, and their rank correlation; `clean`: see `is_clean`;
    - `reconstruction`: ½·mean (x′ − x)² over the data;
    - of a counted run the `margin` of its closest decision, whether that was `near`, and every
      decision.
    """
    dataset, x = _data(run.data)
    generator = torch.Generator().manual_seed(run.seed)
    model = _model(x.shape[1], run.latents, generator)
    started, found = time.monotonic(), {}
    if run.method == "nashae":
        train(model, x, beamsynthesis_nashae().train, generator)
    else:
        count = count_factors(model, x, generator)
        model, found = (
            count.model,
            {
                "margin": round(count.margin, 4),
                "near": count.near,
                "decisions": [
                    {name: _rounded(value) for name, value in decision._asdict().items()}
                    for decision in count.decisions
                ],
            },
        )
    seconds = time.monotonic() - started
    codes = encode(model, x).double().numpy()
    if run.method == "nashae":
        codes = codes[:, learned_latents(codes, rule="nashae").active]
    between, rank = _aligned(codes, dataset)
    error = 0.5 * float((model.decode(encode(model, x)) - x).detach().square().mean())
    return {
        "method": run.method,
        "data": run.data,
        "latents": run.latents,
        "seed": run.seed,
        "learned": codes.shape[1],
        "true": true_factors(dataset),
        "clean": is_clean(between, rank, _few(dataset)),
        "between": between.round(4).tolist(),
        "rank": rank.round(4).tolist(),
        "reconstruction": error,
        "seconds": round(seconds, 2),
        **found,
        "versions": versions(),
    }


def is_clean(between: Numbers, rank: Numbers, few: Sequence[bool]) -> bool:
    """Whether there is one latent for each factor, and each carries its own.

    A latent carries one of a `few` frequencies when at least 0.85 of its variance is between them,
    and any other factor at a rank correlation of at least 0.9 in absolute value. `between` and
    `rank` are (latents, factors).
    """
    if len(between) != len(few):
        return False
    carries = np.where(few, between >= CLEAN_FREQUENCY, np.abs(rank) >= CLEAN_DUTY)
    every = range(len(few))
    return any(carries[list(order), every].all() for order in permutations(every))


def _model(inputs: int, latents: int, generator: torch.Generator) -> NashAE:
    """The networks and λ that the recipe has for the paper's set."""
    recipe = beamsynthesis_nashae()
    hidden = (200, 80, 40)
    encoder = MLP((inputs, *hidden, latents), generator=generator)
    decoder = MLP((latents, *hidden[::-1], inputs), generator=generator)
    return NashAE(encoder, decoder, Predictors(latents, generator=generator), recipe.method)


@cache
def _data(name: str) -> tuple[Dataset, Tensor]:
    return count_data(name)


def _varying(dataset: Dataset) -> list[str]:
    return [n for n, size in zip(dataset.names, dataset.sizes, strict=True) if size > 1]


def _few(dataset: Dataset) -> list[bool]:
    """Which of the varying factors is a frequency of at most 10 levels."""
    return [
        name == "frequency" and dataset.sizes[dataset.names.index(name)] <= 10
        for name in _varying(dataset)
    ]


def _aligned(codes: Numbers, dataset: Dataset) -> tuple[Numbers, Numbers]:
    columns = [dataset.factors[:, dataset.names.index(name)] for name in _varying(dataset)]
    between = [between_classes(codes, column) for column in columns]
    rank = [rank_correlation(codes, column) for column in columns]
    return np.stack(between, axis=1), np.stack(rank, axis=1)


def _rounded(value: object) -> object:
    return round(value, 4) if isinstance(value, float) else value
