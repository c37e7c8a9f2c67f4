"""The cells of Table 2: the β-VAE score on dSprites, and which factors the codes carry."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from apps.reproduce.cell import Cell
from apps.reproduce.estimate import Estimate, estimate
from apps.reproduce.table2.paper import LATENTS, SCAN, SIZED, SIZES, TABLE_2
from apps.reproduce.table2.score import FACTORS
from apps.runs.rows import Row

# A code carries a factor if some latent has at least this share of the factor's information (I/H,
# 20 bins). A round number, stated wherever it is used; the rows hold the shares themselves.
CARRIED = 0.1


@dataclass(frozen=True)
class SpriteCell(Cell):
    """The runs of one method, weight and m.

    `paper` is its score there, in percent; None for a cell that is not in the paper.
    """

    paper: float | None = None

    def percent(self, score: str) -> Estimate | None:
        """The estimate of a score of the rows, in percent."""
        return estimate([100 * run[score] for run in self.runs])

    @property
    def carried(self) -> dict[str, int]:
        """For each factor the number of runs whose code carries it."""
        return {
            factor: sum(factor in carried_factors(run) for run in self.runs) for factor in FACTORS
        }


def carried_factors(row: Row) -> list[str]:
    """The factors that a run's code carries, by `CARRIED`."""
    most = np.asarray(row["information"]).max(0)
    return [name for name, share in zip(FACTORS, most, strict=True) if share >= CARRIED]


def table_2(rows: Iterable[Row], methods: Sequence[str]) -> list[SpriteCell]:
    """The table's cells of `methods`, in the order of the paper."""
    rows = list(rows)
    return [
        SpriteCell.of(rows, method, weight, LATENTS, paper=paper)
        for (method, weight), paper in TABLE_2.items()
        if method in methods
    ]


def scan_cells(rows: Iterable[Row]) -> list[SpriteCell]:
    """The cells of the scan over λ that have runs."""
    rows = list(rows)
    cells = [SpriteCell.of(rows, "nashae", lam, LATENTS) for lam in SCAN]
    return [cell for cell in cells if cell.runs]


def size_cells(rows: Iterable[Row]) -> list[SpriteCell]:
    """The cells of learned latents against m that have runs."""
    rows = list(rows)
    sizes = sorted({*SIZES, LATENTS})
    cells = [SpriteCell.of(rows, method, weight, m) for method, weight in SIZED for m in sizes]
    return [cell for cell in cells if cell.runs]


def disjoint_intervals(cells: Sequence[SpriteCell]) -> str:
    """A sentence for each method: which weights' scores have disjoint intervals."""
    sentences = []
    for method in dict.fromkeys(cell.method for cell in cells):
        own = [cell for cell in cells if cell.method == method and cell.runs]
        if len(own) < 2:
            continue
        family, symbol = own[0].name.split(" ")[:2]
        pairs = [(a, b) for a, b in combinations(own, 2) if _apart(a, b)]
        if pairs:
            named = ", ".join(f"{a.weight:g} and {b.weight:g}" for a, b in pairs)
            sentences.append(f"{family}: only the intervals for {symbol} = {named} are disjoint.")
        else:
            sentences.append(f"{family}: no two values of {symbol} have disjoint intervals.")
    return " ".join(sentences)


def best_run(rows: Iterable[Row], method: str) -> Row | None:
    """A method's run with the highest score, of the table's m; the first of equal ones."""
    own = [row for row in rows if (row["method"], row["latents"]) == (method, LATENTS)]
    return max(own, key=lambda row: float(row["beta_vae"]), default=None)


def _apart(a: SpriteCell, b: SpriteCell) -> bool:
    first, second = a.percent("beta_vae"), b.percent("beta_vae")
    return first is not None and second is not None and first.apart(second)
