"""The command line of `apps/reproduce`."""

import shlex
import sys
import time
from pathlib import Path
from typing import Literal, get_args

import joblib  # type: ignore[import-untyped]
import tyro
from rich.table import Table

from apps.console import console, exit_on_error
from apps.reproduce.backends import Backend, workers
from apps.reproduce.paper import TRIALS
from apps.reproduce.pictures import draw
from apps.reproduce.progress import plan, progress
from apps.reproduce.report import write_report
from apps.reproduce.rows import published, write_rows
from apps.reproduce.score import score
from apps.reproduce.sweep import figure_3_recipes, run_sweep, table_1_recipes
from apps.reproduce.table1 import Cell, table_1

SHORT_TRIALS = 2
Method = Literal["nashae", "beta-vae", "beta-tcvae", "factor-vae"]
METHODS: tuple[Method, ...] = get_args(Method)
COMMAND = "python -m apps.reproduce"


def reproduce(
    table: Literal[1] | None = None,
    method: tuple[Method, ...] | None = None,
    trials: int | None = None,
    jobs: int = 2,
    out: Path = Path("out"),
    device: Literal["cpu", "cuda"] = "cpu",
    backend: Backend = "loky",
    address: str | None = None,
    dry_run: bool = False,
) -> None:
    """Train, score and draw what the paper reports, and set it beside the paper's numbers.

    Without arguments: Table 1's NashAE rows with two trials and the four panels of Figure 3, on
    Beamsynthesis, in a few minutes. `--table 1` makes the eight trials of the paper. The result is
    report.html in the folder --out, with the figures and the rows beside it. What was cut off goes
    on where it was, and finished runs are not run again.

    Args:
        table: The paper's table to make whole; by default a short version of Table 1.
        method: Whose rows: all with --table (an hour and more), NashAE's without.
        trials: Seeds a cell: 8 with --table, 2 without.
        jobs: Runs at a time on this machine, one core each. A cluster's cores all have one.
        out: Where runs, figures, rows and report go.
        device: Where to train.
        backend: Who runs the runs: loky, processes on this machine; dask or ray, a cluster whose
            machines all have this package and see --out under the same path.
        address: Of dask's scheduler (tcp://host:8786) or ray's head (host:6379).
        dry_run: Only say what would run and about how long.
    """
    if (trials is not None and trials < 1) or jobs < 1:
        raise ValueError(f"trials and jobs must be at least 1; got {trials} and {jobs}")
    started = time.monotonic()
    trials = trials or (TRIALS if table else SHORT_TRIALS)
    methods = method or (METHODS if table else ("nashae",))
    recipes = [*table_1_recipes(methods, trials), *figure_3_recipes()]
    with workers(backend, address, jobs) as at_a_time:
        if dry_run:
            console.print(plan(recipes, out / "runs", at_a_time))
            return
        with progress(recipes, out / "runs", at_a_time):
            folders = run_sweep(recipes, out / "runs", jobs=at_a_time, device=device)
    with console.status("scoring"):
        rows = joblib.Parallel(n_jobs=jobs)(joblib.delayed(score)(folder) for folder in folders)
    write_rows(rows, out / "table1.jsonl")
    cells, kept = table_1(rows, methods), table_1(published(1), methods)
    # Two trials of one method compare nothing.
    compared = [row for row in rows if row["method"] in methods] if table else published(1)
    with console.status("drawing"):
        pictures = draw(folders, cells, compared, out / "figures")
    write_report(
        out / "report.html",
        command=f"{COMMAND} {shlex.join(sys.argv[1:])}".strip(),
        seconds=time.monotonic() - started,
        cells=cells,
        kept=kept,
        compared=compared,
        whose="your runs" if table else "the runs kept with this release",
        pictures=pictures,
        figures=out / "figures",
    )
    console.print(_terminal_table(cells))
    console.print(f"report: {(out / 'report.html').resolve()}", markup=False, soft_wrap=True)


def _terminal_table(cells: list[Cell]) -> Table:
    table = Table(title="Table 1: mean |learned latents − 2| on Beamsynthesis")
    for heading in ("method", "m", "paper", "ours", "learned latents of each run"):
        table.add_column(heading, justify="left" if heading[0] == "l" else "right")
    for cell in cells:
        counts = " ".join(map(str, cell.learned))
        mean = "–" if cell.mean is None else f"{cell.mean:.3g}"
        table.add_row(cell.name, str(cell.latents), f"{cell.paper:g}", mean, counts)
    return table


def main() -> None:
    """Read the command line and reproduce."""
    tyro.cli(reproduce, prog=COMMAND)


if __name__ == "__main__":
    exit_on_error(main)
