"""The rows of finished runs: each run is scored once."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib.metadata import version

import joblib  # type: ignore[import-untyped]

from apps.console import console, progress_bar
from apps.runs.folder import RunFolder
from apps.runs.rows import Row
from apps.runs.trained import errors
from apps.sources import code_digest, imported_files

ROW = "row.json"
SCORING = ("apps", "nashae_metrics")
STANDS_ON = ("nashae-metrics", "nashae-data", "numpy", "scipy", "scikit-learn")

Score = Callable[[RunFolder], Row]


def score_runs(folders: Sequence[RunFolder], score: Score, jobs: int) -> list[Row]:
    """The rows of the runs in their order, `jobs` scored at a time.

    A line says how many rows other scoring code had made, which are made again.
    """
    old = sum((f.path / ROW).exists() and _kept(f, _made_of(f, score)) is None for f in folders)
    if old:
        line = f"{old} of {len(folders)} runs are scored again: other code had made their rows"
        console.print(line, markup=False, soft_wrap=True)
    parallel = joblib.Parallel(n_jobs=jobs, return_as="generator")
    rows = parallel(joblib.delayed(scored)(folder, score) for folder in folders)
    made = []
    with progress_bar() as bar:
        task = bar.add_task("scored", total=len(folders), note="")
        for row in rows:
            made.append(row)
            bar.advance(task)
    return made


def scored(folder: RunFolder, score: Score) -> Row:
    """The row of a run: the one in its folder, or where there is none one that is made and kept.

    To what `score` gives it adds `errors`, which tell whether the run is trained.

    A kept row is taken only if it is of this very run, and made by this very code: that of `score`,
    of this module and of all they import from the apps and nashae-metrics, comments and docstrings
    left out, and the releases of what that stands on.
    """
    folder = RunFolder(folder.path)  # its arrays are let go with it
    made_of = _made_of(folder, score)
    row = _kept(folder, made_of)
    if row is None:
        row = score(folder) | errors(folder)
        folder.write_json(ROW, {"made of": made_of, "row": row})
    return row


def _kept(folder: RunFolder, made_of: Row) -> Row | None:
    """The row in the folder; None where it is absent, damaged, or made of something else."""
    with suppress(ValueError, KeyError):
        if folder.row["made of"] == made_of:
            return dict(folder.row["row"])
    return None


def _made_of(folder: RunFolder, score: Score) -> Row:
    parts = (score.__module__, __name__)
    code = code_digest(file for part in parts for file in imported_files(part, SCORING))
    return {"record": folder.record, "code": code, **{name: version(name) for name in STANDS_ON}}
