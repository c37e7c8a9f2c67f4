"""Scoring of finished runs into rows, each run once."""

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
    """The rows of the runs, in their order; `jobs` runs are scored at a time.

    Prints how many runs are scored again because their rows are of other code.
    """
    old = sum((f.path / ROW).exists() and _kept(f, _made_of(f, score)) is None for f in folders)
    if old:
        line = f"{old} of {len(folders)} runs are scored again: their rows are of other code"
        console.print(line, markup=False, soft_wrap=True)
    parallel = joblib.Parallel(n_jobs=jobs, return_as="generator")
    rows = parallel(joblib.delayed(scored)(folder, score) for folder in folders)
    scored_rows = []
    with progress_bar() as bar:
        task = bar.add_task("scored", total=len(folders), note="")
        for row in rows:
            scored_rows.append(row)
            bar.advance(task)
    return scored_rows


def scored(folder: RunFolder, score: Score) -> Row:
    """The row of a run, from its folder if possible: the fields of `score` and of `errors`.

    A row in the folder is used only if it was computed from this very run by this very code: that
    of `score`, of this module and of all they import from the apps and nashae-metrics (without
    comments and docstrings), with the same versions of `STANDS_ON`.
    """
    folder = RunFolder(folder.path)  # so that its arrays are freed on return
    made_of = _made_of(folder, score)
    row = _kept(folder, made_of)
    if row is None:
        row = score(folder) | errors(folder)
        folder.write_json(ROW, {"made of": made_of, "row": row})
    return row


def _kept(folder: RunFolder, made_of: Row) -> Row | None:
    """The row in the folder; None if it is absent, damaged or of other code."""
    with suppress(ValueError, KeyError):
        if folder.row["made of"] == made_of:
            return dict(folder.row["row"])
    return None


def _made_of(folder: RunFolder, score: Score) -> Row:
    parts = (score.__module__, __name__)
    code = code_digest(file for part in parts for file in imported_files(part, SCORING))
    return {"record": folder.record, "code": code, **{name: version(name) for name in STANDS_ON}}
