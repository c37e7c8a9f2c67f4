"""The command line of `apps/reproduce`."""

import shlex
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, get_args

import tyro
from rich.table import Table

from apps.console import console, exit_on_error, progress_bar, shown_faces
from apps.recipes import AnyRecipe, DataName
from apps.reproduce.factors.report import count_cells, write_count_report
from apps.reproduce.factors.runs import count_runs, run_counts
from apps.reproduce.paper import FACE_TRIALS, SPRITE_TRIALS, TABLE_2, TRIALS
from apps.reproduce.report import write_face_report, write_report, write_sprite_report
from apps.reproduce.table1.cells import Cell, table_1
from apps.reproduce.table1.pictures import Picture, draw
from apps.reproduce.table1.score import score
from apps.reproduce.table2.cells import SpriteCell, table_2
from apps.reproduce.table2.pictures import draw_sprites
from apps.reproduce.table2.score import score_sprites
from apps.reproduce.table3.cells import FaceCell, table_3
from apps.reproduce.table3.pictures import draw_faces
from apps.reproduce.table3.score import score_faces
from apps.runs.backends import Backend, workers
from apps.runs.folder import RunFolder
from apps.runs.progress import plan, progress
from apps.runs.rows import Row, published, write_rows
from apps.runs.scoring import Score, score_runs
from apps.runs.sweep import (
    figure_3_recipes,
    run_sweep,
    table_1_recipes,
    table_2_recipes,
    table_3_recipes,
)
from apps.runs.trained import is_trained, trained, untrained
from nashae_core import Precision

SHORT_TRIALS = 2
Method = Literal["nashae", "beta-vae", "beta-tcvae", "factor-vae"]
TableNumber = Literal[1, 2, 3]
COUNT_TRIALS, OTHER_COUNT_TRIALS = 16, 8
METHODS: tuple[Method, ...] = get_args(Method)
COMMAND = "python -m apps.reproduce"
Draw = Callable[[Sequence[RunFolder], Sequence[Row], Sequence[str], Path], list[Picture]]
Write = Callable[..., None]


def reproduce(
    table: TableNumber | Literal["count"] | None = None,
    method: tuple[Method, ...] | None = None,
    trials: int | None = None,
    celeba: Path | None = None,
    jobs: int = 2,
    out: Path = Path("out"),
    device: Literal["cpu", "cuda"] = "cpu",
    precision: Precision = "float32",
    backend: Backend = "loky",
    address: str | None = None,
    dry_run: bool = False,
) -> None:
    """Train, score and draw what the paper reports, and set it beside the paper's numbers.

    Without arguments: Table 1's NashAE rows with two trials and the four panels of Figure 3, on
    Beamsynthesis, in a few minutes. `--table 1` makes the eight trials of the paper. The result is
    report.html in the folder --out, with the figures and the rows beside it. `--table 2` makes the
    fifteen trials on dSprites, which is computed and not downloaded, and beside them one run at
    each λ of a scan and at each m of the supplement; the result is table2.html. `--table 3` makes
    the three trials of Table 3 on synthetic faces, which are drawn here and are not CelebA, or with
    `--celeba` on CelebA; the result is table3.html. `--table count` goes beyond the paper: on
    eleven sets with one to four factors it counts them by tests, beside the paper's setting, and
    gives each a latent of its own, in some hours; the result is count.html. What was cut off goes
    on where it was, and finished runs are neither run nor scored again.

    Args:
        table: The paper's table to make whole, or the counts; by default a short version of
            Table 1.
        method: Whose rows: all with --table (an hour and more), NashAE's without.
        trials: Seeds a cell: 8 with --table 1, 15 with --table 2 (most of a day and
            16 GB), 3 with --table 3 (some hours), 16 with --table count and at most 8 on the
            sets that are not the paper's, 2 without.
        celeba: CelebA's folder, for --table 3: the images, in a folder or zip file, and
            list_attr_celeba.
        jobs: Runs at a time on this machine, one core each. A cluster's cores all have one.
        out: Where runs, figures, rows and report go.
        device: Where to train.
        precision: bfloat16 trains under autocast, which is faster where the processor has it.
        backend: Who runs the runs: loky, processes on this machine; dask or ray, a cluster whose
            machines all have this package and see --out under the same path.
        address: Of dask's scheduler (tcp://host:8786) or ray's head (host:6379).
        dry_run: Only say what would run and about how long.
    """
    if (trials is not None and trials < 1) or jobs < 1:
        raise ValueError(f"trials and jobs must be at least 1; got {trials} and {jobs}")
    if celeba is not None and table != 3:
        raise ValueError("--celeba is for --table 3")
    if table == "count":
        if method or (device, precision, backend) != ("cpu", "float32", "loky") or dry_run:
            raise ValueError("--table count takes only --trials, --jobs and --out")
        _report_counts(trials or COUNT_TRIALS, out, jobs)
        return
    command = Command(table, _methods(table, method), out, jobs, celeba, precision)
    trials = trials or {None: SHORT_TRIALS, 1: TRIALS, 2: SPRITE_TRIALS, 3: FACE_TRIALS}[table]
    recipes = command.recipes(trials)
    with workers(backend, address, jobs) as at_a_time:
        if dry_run:
            console.print(plan(recipes, out / "runs", at_a_time))
            return
        root = celeba or out / "data"
        if table == 3:
            with progress_bar() as bar:  # once, for all the workers
                recipes[0].data_set.load(root, shown_faces(bar))
        with progress(recipes, out / "runs", at_a_time):
            folders = run_sweep(recipes, out / "runs", jobs=at_a_time, root=root, device=device)
    if table == 2:
        rows = _report_page(command, folders, 2, score_sprites, draw_sprites, write_sprite_report)
        shown = _terminal_sprites(table_2(trained(rows), command.methods))
    elif table == 3:
        rows = _report_page(
            command,
            folders,
            3,
            score_faces,
            lambda runs, _rows, _methods, at: draw_faces(runs, at),
            write_face_report,
        )
        shown = _terminal_faces(table_3(trained(rows), command.methods), rows[0]["data"])
    else:
        shown = _report(command, folders)
    console.print(shown)
    report = out / (f"table{table}.html" if table in (2, 3) else "report.html")
    console.print(f"report: {report.resolve()}", markup=False, soft_wrap=True)


@dataclass(frozen=True)
class Command:
    """What was asked for, and when."""

    table: TableNumber | None
    methods: tuple[Method, ...]
    out: Path
    jobs: int
    celeba: Path | None
    precision: Precision
    started: float = field(default_factory=time.monotonic)

    @property
    def line(self) -> str:
        """The command as it was given."""
        return _command_line()

    @property
    def seconds(self) -> float:
        """How long it has taken so far."""
        return time.monotonic() - self.started

    @property
    def faces(self) -> DataName:
        """The data of Table 3."""
        return "synthetic-faces" if self.celeba is None else "celeba"

    def recipes(self, trials: int) -> list[AnyRecipe]:
        """The runs that it needs."""
        recipes = self._recipes(trials)
        return [replace(r, train=replace(r.train, precision=self.precision)) for r in recipes]

    def _recipes(self, trials: int) -> list[AnyRecipe]:
        if self.table == 2:
            return table_2_recipes(self.methods, trials)
        if self.table == 3:
            return table_3_recipes(self.methods, trials, self.faces)
        return [*table_1_recipes(self.methods, trials), *figure_3_recipes()]


def _methods(table: TableNumber | None, asked: tuple[Method, ...] | None) -> tuple[Method, ...]:
    if table is None:
        return asked or ("nashae",)
    known = tuple(m for m in METHODS if table != 2 or m in {m for m, _ in TABLE_2})
    if unknown := set(asked or ()) - set(known):
        raise ValueError(f"Table {table} has no {', '.join(sorted(unknown))}; it has {known}")
    return asked or known


def _report(command: Command, folders: list[RunFolder]) -> Table:
    """Score, draw and report Table 1, or its short version; the table for the terminal."""
    out, methods = command.out, command.methods
    rows = score_runs(folders, score, command.jobs)
    write_rows(rows, out / "table1.jsonl")
    own, released = trained(rows), trained(published(1))
    cells, kept = table_1(own, methods), table_1(released, methods)
    # Two trials of one method compare nothing.
    compared = [r for r in own if r["method"] in methods] if command.table else released
    with console.status("drawing"):
        pictures = draw(folders, cells, compared, out / "figures")
    write_report(
        out / "report.html",
        command=command.line,
        seconds=command.seconds,
        cells=cells,
        kept=kept,
        compared=compared,
        whose="your runs" if command.table else "the runs kept with this release",
        untrained=untrained(rows),
        untrained_kept=untrained(published(1)),
        pictures=pictures,
        figures=out / "figures",
    )
    return _terminal_table(cells)


def _report_page(
    command: Command, folders: list[RunFolder], number: int, score: Score, draw: Draw, write: Write
) -> list[Row]:
    """Score, draw and report one of the tables that have a page of their own; the rows."""
    out = command.out
    rows = score_runs(folders, score, command.jobs)
    write_rows(rows, out / f"table{number}.jsonl")
    with console.status("drawing"):
        drawn = [folder for folder, row in zip(folders, rows, strict=True) if is_trained(row)]
        pictures = draw(drawn, trained(rows), command.methods, out / "figures")
    write(
        out / f"table{number}.html",
        command=command.line,
        seconds=command.seconds,
        rows=rows,
        kept=published(number),
        methods=command.methods,
        pictures=pictures,
        figures=out / "figures",
    )
    return rows


def _report_counts(trials: int, out: Path, jobs: int) -> None:
    """Count the factors of every set, and report it."""
    started = time.monotonic()
    runs = count_runs(trials, min(trials, OTHER_COUNT_TRIALS))
    rows = run_counts(runs, out / "counts", jobs)
    write_rows(rows, out / "count.jsonl")
    with console.status("drawing"):
        seconds = time.monotonic() - started
        report = write_count_report(out, rows, command=_command_line(), seconds=seconds)
    table = Table(title="latents found, and how many runs found so many")
    for heading in ("data", "factors", "m", "method", "latents (runs)", "right"):
        table.add_column(heading, justify="right" if heading in ("factors", "m") else "left")
    for cell in count_cells(rows):
        right = f"{cell.right.count} of {cell.right.runs}"
        row = (cell.data, str(cell.true), str(cell.latents), cell.title, cell.found, right)
        table.add_row(*row)
    console.print(table)
    console.print(f"report: {report.resolve()}", markup=False, soft_wrap=True)


def _command_line() -> str:
    return f"{COMMAND} {shlex.join(sys.argv[1:])}".strip()


def _terminal_table(cells: list[Cell]) -> Table:
    table = Table(title="Table 1: mean |learned latents − 2| on Beamsynthesis")
    for heading in ("method", "m", "paper", "ours", "learned latents of each run"):
        table.add_column(heading, justify="left" if heading[0] == "l" else "right")
    for cell in cells:
        counts = " ".join(map(str, cell.learned))
        mean = "–" if cell.mean is None else f"{cell.mean:.3g}"
        table.add_row(cell.name, str(cell.latents), f"{cell.paper:g}", mean, counts)
    return table


def _terminal_sprites(cells: list[SpriteCell]) -> Table:
    table = Table(title="Table 2: β-VAE score on dSprites, %")
    for heading in ("method", "paper", "ours", "n", "learned latents of each run"):
        table.add_column(heading, justify="left" if heading[0] == "l" else "right")
    for cell in cells:
        found = cell.percent("beta_vae")
        mean = "–" if found is None else f"{found.mean:.1f}"
        counts = " ".join(map(str, cell.learned))
        table.add_row(cell.name, f"{cell.paper:.2f}", mean, str(len(cell.runs)), counts)
    return table


def _terminal_faces(cells: list[FaceCell], data: str) -> Table:
    table = Table(title=f"Table 3: TAD on {data}")
    for heading in ("method", "TAD", "captured", "n", "learned latents of each run"):
        table.add_column(heading, justify="left" if heading[0] == "l" else "right")
    for cell in cells:
        tad, captured = cell.tad("tad_yeats2022"), cell.tad("tad_yeats2022", "captured")
        counts = " ".join(map(str, cell.learned))
        means = ["–" if found is None else f"{found.mean:.3g}" for found in (tad, captured)]
        table.add_row(cell.name, *means, str(len(cell.runs)), counts)
    return table


def main() -> None:
    """Read the command line and reproduce."""
    tyro.cli(reproduce, prog=COMMAND)


if __name__ == "__main__":
    exit_on_error(main)
