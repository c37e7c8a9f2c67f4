"""The report on Table 3."""

import rich.table

from apps.console import text_table
from apps.reproduce.table import Results
from apps.reproduce.table3.cells import captured_attributes, table_3
from apps.reproduce.table3.paper import LATENTS
from apps.reproduce.table3.score import REAL


def contents(results: Results) -> dict[str, object]:
    """What the page's template is given."""
    cells = table_3(results.trained_rows, results.methods)
    rows, released = results.rows, results.published
    return {
        "cells": cells,
        "released": table_3(results.trained_published, results.methods) if released else [],
        "real": rows[0]["data"] == REAL,
        "mine": rows[0],
        "theirs": released[0] if released else None,
        "latents": LATENTS,
        "attributes": captured_attributes(cells),
    }


def summary(results: Results) -> rich.table.Table:
    """The table for the terminal."""
    lines = []
    for cell in table_3(results.trained_rows, results.methods):
        estimates = cell.tad("tad_yeats2022"), cell.tad("tad_yeats2022", "captured")
        means = ["–" if estimate is None else f"{estimate.mean:.3g}" for estimate in estimates]
        lines.append((cell.name, *means, str(len(cell.runs)), " ".join(map(str, cell.learned))))
    return text_table(
        f"Table 3: TAD on {results.rows[0]['data']}",
        ("method", "TAD", "captured", "n", "learned latents of each run"),
        lines,
        left=("learned latents of each run",),
    )
