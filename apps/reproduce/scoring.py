"""The rows of finished runs: each run is scored once."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib.metadata import version

import joblib  # type: ignore[import-untyped]

from apps.console import progress_bar
from apps.reproduce.rows import Row
from apps.reproduce.trained import errors
from apps.run_folder import RunFolder

ROW = "row.json"

Score = Callable[[RunFolder], Row]


def score_runs(folders: Sequence[RunFolder], score: Score, jobs: int) -> list[Row]:
    """The rows of the runs in their order, `jobs` scored at a time."""
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

    A kept row is taken only if it is of this very run, and made by this release of the metrics.
    """
    folder = RunFolder(folder.path)  # its arrays are let go with it
    made_of = {"record": folder.record, "nashae-metrics": version("nashae-metrics")}
    if (folder.path / ROW).exists():
        with suppress(ValueError, KeyError):  # damaged: it is made again
            kept = folder.row
            if kept["made of"] == made_of:
                return dict(kept["row"])
    row = score(folder) | errors(folder)
    folder.write_json(ROW, {"made of": made_of, "row": row})
    return row
