"""The command line of `apps/reproduce`."""

import shlex
import sys
import time
from pathlib import Path
from typing import Literal, get_args

import tyro
from rich.table import Table

from apps.console import console, exit_on_error, progress_bar
from apps.recipes import AnyRecipe
from apps.reproduce.paper import TRIALS
from apps.reproduce.pictures import draw
from apps.reproduce.report import write_report
from apps.reproduce.rows import published, write_rows
from apps.reproduce.score import score
from apps.reproduce.sweep import figure_3_recipes, run_sweep, table_1_recipes
from apps.reproduce.table1 import Cell, table_1
from apps.run_folder import RunFolder

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
        jobs: Runs at a time, one core each.
        out: Where runs, figures, rows and report go.
        device: Where to train.
    """
    if (trials is not None and trials < 1) or jobs < 1:
        raise ValueError(f"trials and jobs must be at least 1; got {trials} and {jobs}")
    started = time.monotonic()
    trials = trials or (TRIALS if table else SHORT_TRIALS)
    methods = method or (METHODS if table else ("nashae",))
    recipes = [*table_1_recipes(methods, trials), *figure_3_recipes()]
    folders = _sweep(recipes, out / "runs", jobs, device)
    rows = [score(folder) for folder in folders]
    write_rows(rows, out / "table1.jsonl")
    cells, kept = table_1(rows, methods), table_1(published(1), methods)
    with console.status("drawing"):
        pictures = draw(folders, cells, out / "figures")
    write_report(
        out / "report.html",
        command=f"{COMMAND} {shlex.join(sys.argv[1:])}".strip(),
        seconds=time.monotonic() - started,
        cells=cells,
        kept=kept,
        pictures=pictures,
        figures=out / "figures",
    )
    console.print(_terminal_table(cells))
    console.print(f"report: {(out / 'report.html').resolve()}", markup=False, soft_wrap=True)


def _sweep(recipes: list[AnyRecipe], runs: Path, jobs: int, device: str) -> list[RunFolder]:
    with progress_bar() as bar:
        task = bar.add_task("runs", total=len(set(recipes)), note="")

        def finished(recipe: AnyRecipe) -> None:
            bar.update(task, advance=1, note=recipe.label)

        return run_sweep(recipes, runs, jobs=jobs, device=device, on_finished=finished)


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
