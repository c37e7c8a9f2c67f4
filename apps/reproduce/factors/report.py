"""The report on the counting runs: a table and a page."""

import time
from pathlib import Path

import rich.table

from apps.console import console, text_table
from apps.reproduce.factors.cells import count_cells
from apps.reproduce.factors.pictures import draw
from apps.reproduce.factors.runs import count_runs, run_counts
from apps.reproduce.page import write_page, write_pictures
from apps.runs.rows import Row, published, write_rows

TRIALS, OTHER_TRIALS = 16, 8


def report_counts(trials: int, out: Path, *, jobs: int, command: str) -> rich.table.Table:
    """Count the factors of every set, and write rows, pictures and page to `out`.

    Each cell of the paper's set has `trials` runs, those of the others at most 8. Returns the
    table for the terminal.
    """
    started = time.monotonic()
    runs = count_runs(trials, min(trials, OTHER_TRIALS))
    rows = run_counts(runs, out / "counts", jobs)
    write_rows(rows, out / "count.jsonl")
    with console.status("drawing"):
        write_count_report(out, rows, command=command, seconds=time.monotonic() - started)
    return text_table(
        "latents found, and how many runs found so many",
        ("data", "factors", "m", "method", "latents (runs)", "right"),
        (
            (
                cell.data,
                str(cell.true),
                str(cell.latents),
                cell.title,
                cell.found,
                f"{cell.right.count} of {cell.right.runs}",
            )
            for cell in count_cells(rows)
        ),
        left=("data", "method", "latents (runs)", "right"),
    )


def write_count_report(out: Path, rows: list[Row], *, command: str, seconds: float) -> Path:
    """Draw the pictures into `out` and write the page count.html there; its path."""
    pictures, page = draw(rows), out / "count.html"
    write_pictures(pictures, out / "figures")
    write_page(
        page,
        "factors/page.html.j2",
        command=command,
        seconds=seconds,
        tables={
            "Your runs": count_cells(rows),
            "Runs kept with this release": count_cells(published("count")),
        },
        pictures=pictures,
        figures=out / "figures",
    )
    return page
