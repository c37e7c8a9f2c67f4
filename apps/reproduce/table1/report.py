"""The report on Table 1."""

from collections.abc import Callable, Sequence

import rich.table

from apps.console import text_table
from apps.reproduce.clean import DEFINITION
from apps.reproduce.learned import COUNTING_RULES
from apps.reproduce.metric_table import metric_table
from apps.reproduce.page import Picture
from apps.reproduce.table import Results
from apps.reproduce.table1 import pictures
from apps.reproduce.table1.cells import table_1
from apps.reproduce.table1.comparison import by_cell, by_weight
from apps.reproduce.table1.paper import LATENTS
from apps.runs.rows import Row

Compared = Callable[[Results], Sequence[Row]]


def own_rows(results: Results) -> Sequence[Row]:
    """The user's rows of the table's methods, by which these may be compared."""
    return [row for row in results.trained_rows if row["method"] in results.methods]


def published_rows(results: Results) -> Sequence[Row]:
    """The rows kept with this release, by which methods may be compared."""
    return results.trained_published


def draw(results: Results, *, compared: Compared = own_rows) -> list[Picture]:
    """The report's pictures."""
    cells = table_1(results.trained_rows, results.methods)
    return pictures.draw(results, cells, compared(results))


def contents(
    results: Results, *, compared: Compared = own_rows, whose: str = "your runs"
) -> dict[str, object]:
    """What the page's template is given; `whose` says in words which rows are compared."""
    groups, wholes = by_cell(compared(results)), by_weight(compared(results))
    cells = table_1(results.trained_rows, results.methods)
    released = table_1(results.trained_published, results.methods)
    return {
        "rows": list(zip(cells, released, strict=True)),
        "whose": whose,
        "groups": groups,
        "wholes": wholes,
        "by_metric": metric_table((whole.name, whole.runs) for whole, _ in wholes),
        "rules": COUNTING_RULES,
        "latents": LATENTS,
        "definition": DEFINITION,
    }


def summary(results: Results) -> rich.table.Table:
    """The table for the terminal."""
    return text_table(
        "Table 1: mean |learned latents − 2| on Beamsynthesis",
        ("method", "m", "paper", "ours", "learned latents of each run"),
        (
            (
                cell.name,
                str(cell.latents),
                f"{cell.paper:g}",
                "–" if cell.mean is None else f"{cell.mean:.3g}",
                " ".join(map(str, cell.learned)),
            )
            for cell in table_1(results.trained_rows, results.methods)
        ),
        left=("learned latents of each run",),
    )
