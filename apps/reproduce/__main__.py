"""The command line of `apps/reproduce`."""

import shlex
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Literal

import tyro

from apps.console import console, exit_on_error, progress_bar, shown_faces
from apps.reproduce.factors.report import TRIALS as COUNT_TRIALS
from apps.reproduce.factors.report import report_counts
from apps.reproduce.table import report
from apps.reproduce.tables import TABLES
from apps.runs.backends import Backend, workers
from apps.runs.progress import plan, progress
from apps.runs.sweep import run_sweep
from nashae_core import Precision

MethodName = Literal["nashae", "beta-vae", "beta-tcvae", "factor-vae"]
COMMAND = "python -m apps.reproduce"


def reproduce(
    table: Literal[1, 2, 3] | Literal["count"] | None = None,
    method: tuple[MethodName, ...] | None = None,
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
    """Train, score and draw what the paper reports, and compare it with the paper's numbers.

    Without arguments: NashAE's lines of Table 1 with two trials, and the four panels of Figure 3,
    on Beamsynthesis, in a few minutes. --table 1: the paper's eight trials. Both write report.html
    to the folder --out, with the figures and the rows. --table 2: fifteen trials on dSprites, which
    is computed and not downloaded, and one run at each λ of a scan and at each m of the supplement;
    writes table2.html. --table 3: three trials on synthetic faces, which are not CelebA, or with
    --celeba on CelebA; writes table3.html. --table count goes beyond the paper: on eleven data sets
    with one to four factors it counts these, and trains a latent for each, in some hours; writes
    count.html. Interrupted runs are resumed; finished ones are neither trained nor scored again.

    Args:
        table: The paper's table, whole, or the counts; by default a short version of Table 1.
        method: The methods of the table: by default all with --table (an hour and more), NashAE
            without.
        trials: Seeds a cell: by default 8 with --table 1, 15 with --table 2 (most of a day and
            16 GB), 3 with --table 3 (some hours), 16 with --table count and at most 8 on the
            sets that are not the paper's, 2 without.
        celeba: CelebA's folder, for --table 3: the images, in a folder or zip file, and
            list_attr_celeba.
        jobs: Runs at a time on this machine, one core each. On a cluster every core has one.
        out: The folder for runs, figures, rows and report.
        device: Where to train.
        precision: bfloat16 trains under autocast, which is faster on processors that support it.
        backend: loky: processes on this machine; dask or ray: a cluster whose machines have this
            package and see --out under the same path.
        address: Of dask's scheduler (tcp://host:8786) or ray's head (host:6379).
        dry_run: Only print what would run and about how long it would take.
    """
    if (trials is not None and trials < 1) or jobs < 1:
        raise ValueError(f"trials and jobs must be at least 1; got {trials} and {jobs}")
    started, command = time.monotonic(), f"{COMMAND} {shlex.join(sys.argv[1:])}".strip()
    if table == "count":
        if celeba:
            raise ValueError("--celeba is for --table 3")
        if method or (device, precision, backend) != ("cpu", "float32", "loky") or dry_run:
            raise ValueError("--table count takes only --trials, --jobs and --out")
        console.print(report_counts(trials or COUNT_TRIALS, out, jobs=jobs, command=command))
        _say(out / "count.html")
        return
    record = TABLES[table] if celeba is None else TABLES[table].on_celeba
    if record is None:
        raise ValueError("--celeba is for --table 3")
    methods = record.chosen(method)
    recipes = [
        replace(recipe, train=replace(recipe.train, precision=precision))
        for recipe in record.recipes(methods, trials or record.trials)
    ]
    with workers(backend, address, jobs) as at_a_time:
        if dry_run:
            console.print(plan(recipes, out / "runs", at_a_time))
            return
        root = celeba or out / "data"
        if recipes[0].data_set.on_disk:
            with progress_bar() as bar:  # once for all workers
                recipes[0].data_set.load(root, shown_faces(bar))
        with progress(recipes, out / "runs", at_a_time):
            folders = run_sweep(recipes, out / "runs", jobs=at_a_time, root=root, device=device)
    shown = report(
        record,
        folders,
        methods,
        out,
        jobs=jobs,
        command=command,
        seconds=lambda: time.monotonic() - started,
    )
    console.print(shown)
    _say(out / record.page)


def _say(page: Path) -> None:
    console.print(f"report: {page.resolve()}", markup=False, soft_wrap=True)


def main() -> None:
    """Read the command line and reproduce."""
    tyro.cli(reproduce, prog=COMMAND)


if __name__ == "__main__":
    exit_on_error(main)
