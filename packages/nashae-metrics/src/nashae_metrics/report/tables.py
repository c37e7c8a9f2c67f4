"""An evaluation as JSON, CSV, Markdown, LaTeX, or for the terminal."""

import csv
import io
import json
from collections.abc import Callable
from math import inf

from rich.table import Table

from nashae_metrics.report.evaluation import COLUMNS, Evaluation, Row

HEADERS = ("metric", "score", "interval", "over draws", "better", "protocol", "seconds")


def json_text(evaluation: Evaluation) -> str:
    """The table at full precision, and why metrics were skipped.

    JSON has no infinity: an infinite score, or end of an interval, is null.
    """
    record = {
        "samples": evaluation.samples,
        "latents": len(evaluation.active),
        "active": evaluation.active.tolist(),
        "rule": evaluation.rule,
        "seed": evaluation.seed,
        "factors": list(evaluation.columns),
        "metrics": [
            {name: None if value in (inf, -inf) else value for name, value in record.items()}
            for record in evaluation.records()
        ],
        "skipped": evaluation.skipped,
    }
    return json.dumps(record, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def csv_text(evaluation: Evaluation) -> str:
    """The table at full precision, one metric a line."""
    file = io.StringIO()
    writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(evaluation.records())
    return file.getvalue()


def markdown_text(evaluation: Evaluation) -> str:
    """The table for a README or an issue."""
    return _tabulated(evaluation, "pipe")


def latex_text(evaluation: Evaluation) -> str:
    """The table for a paper; needs the package booktabs."""
    return _tabulated(evaluation, "latex_booktabs")


def terminal_table(evaluation: Evaluation) -> Table:
    """The table for a terminal."""
    table = Table(*HEADERS, caption=caption(evaluation), caption_justify="left")
    table.columns[0].no_wrap = True
    for column in table.columns[1:4] + table.columns[-1:]:
        column.justify = "right"
    for row in evaluation.rows:
        table.add_row(*cells(row))
    return table


WRITERS: dict[str, Callable[[Evaluation], str]] = {
    "json": json_text,
    "csv": csv_text,
    "markdown": markdown_text,
    "latex": latex_text,
}


def cells(row: Row) -> tuple[str, ...]:
    """A row of the table, by `HEADERS`."""
    intervals = (row.interval, row.draws_interval)
    between = [f"{i.low:.3f} – {i.high:.3f}" if i else "–" for i in intervals]
    record = row.record()
    number = f"{row.score:.0f}" if isinstance(row.result.score, int) else f"{row.score:.3f}"
    seconds = f"{row.seconds:.2f}"
    return (row.metric, number, *between, record["better"], record["protocol"], seconds)


def caption(evaluation: Evaluation) -> str:
    """What the rows of the table have in common."""
    intervals = [row.result.interval for row in evaluation.rows if row.result.interval]
    levels = {over: set[str]() for over in ("samples", "draws")}
    for interval in intervals:
        levels[interval.over].add(f"{interval.level:.0%}")
    rules: dict[tuple[int, str], list[str]] = {}
    for row in evaluation.rows:
        rules.setdefault((row.result.active_count, row.result.rule), []).append(row.metric)
    own = int(evaluation.active.sum()), evaluation.rule
    count, rule = own if own in rules or not rules else next(iter(rules))
    rules.pop((count, rule), None)
    return (
        f"{evaluation.samples} samples, {count} of {len(evaluation.active)} latents active by the "
        f"rule “{rule}”"
        + "".join(f"; {', '.join(names)}: {n} by “{rule}”" for (n, rule), names in rules.items())
        + "".join(
            f"; intervals over other {over} at {' and '.join(sorted(values))}"
            for over, values in levels.items()
            if values
        )
    )


def _tabulated(evaluation: Evaluation, style: str) -> str:
    from tabulate import tabulate  # type: ignore[import-untyped]

    body = [cells(row) for row in evaluation.rows]
    alignment = ("left", "right", "right", "right", "left", "left", "right")
    text = tabulate(body, HEADERS, tablefmt=style, colalign=alignment, disable_numparse=True)
    return f"{text}\n\n{caption(evaluation)}\n"
