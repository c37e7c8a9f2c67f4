"""The report on Table 2."""

import rich.table

from apps.console import text_table
from apps.reproduce.metric_table import metric_table
from apps.reproduce.table import Results
from apps.reproduce.table2.cells import CARRIED, disjoint_intervals, scan_cells, size_cells, table_2
from apps.reproduce.table2.paper import ILLEGIBLE, LATENTS, TRIALS
from apps.reproduce.table2.score import FACTORS


def contents(results: Results) -> dict[str, object]:
    """What the page's template is given."""
    own = results.trained_rows
    cells = table_2(own, results.methods)
    released = table_2(results.trained_published, results.methods)
    scan = scan_cells(own)
    return {
        "rows": list(zip(cells, released, strict=True)),
        "apart": disjoint_intervals(cells),
        "apart_published": disjoint_intervals(released),
        "carrying": [cell for cell in cells if cell.runs],
        "carried": CARRIED,
        "factors": FACTORS,
        "scan": scan,
        "scan_apart": disjoint_intervals(scan),
        "sizes": size_cells(own),
        "by_metric": metric_table((cell.name, cell.runs) for cell in cells),
        "latents": LATENTS,
        "trials": TRIALS,
        "illegible": f"λ = {ILLEGIBLE[1]:g}",
    }


def summary(results: Results) -> rich.table.Table:
    """The table for the terminal."""
    lines = []
    for cell in table_2(results.trained_rows, results.methods):
        score = cell.percent("beta_vae")
        mean = "–" if score is None else f"{score.mean:.1f}"
        counts = " ".join(map(str, cell.learned))
        lines.append((cell.name, f"{cell.paper:.2f}", mean, str(len(cell.runs)), counts))
    return text_table(
        "Table 2: β-VAE score on dSprites, %",
        ("method", "paper", "ours", "n", "learned latents of each run"),
        lines,
        left=("learned latents of each run",),
    )
