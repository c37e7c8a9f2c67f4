"""Table 2: the β-VAE score on dSprites, and what the codes carry."""

from collections.abc import Iterable, Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np

from apps.recipes import method_named
from apps.reproduce.estimate import Estimate, estimate, mean_of
from apps.reproduce.paper import SCAN, SIZED, SIZES, SPRITE_LATENTS, TABLE_2
from apps.reproduce.table2.score import FACTORS
from apps.runs.rows import Row

# A code carries a factor when some latent has at least this share of the factor's information
# (I/H, 20 bins). A round number, said wherever it is used; the rows have the shares themselves.
CARRIED = 0.1


class SpriteCell(NamedTuple):
    """The runs of one method, weight and m, in the order of their seeds.

    `paper` is its score there, in percent; None for a cell that the paper has not.
    """

    method: str
    weight: float
    latents: int
    paper: float | None
    runs: tuple[Row, ...]

    @property
    def name(self) -> str:
        """The row as the paper names it."""
        return method_named(self.method).title(self.weight)

    def percent(self, score: str) -> Estimate | None:
        """The estimate of a score of the rows, in percent."""
        return estimate([100 * run[score] for run in self.runs])

    @property
    def learned(self) -> tuple[int, ...]:
        """The learned latents of each run, by the method's own rule."""
        return tuple(run["learned"] for run in self.runs)

    @property
    def predictability(self) -> float | None:
        """The mean R² of the learned latents over the runs; None where none has predictors."""
        return mean_of([run["predictability"] for run in self.runs if "predictability" in run])

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
    """The cells of the table's rows of `methods`, in the paper's order."""
    rows = list(rows)
    return [
        _cell(rows, method, weight, SPRITE_LATENTS, paper)
        for (method, weight), paper in TABLE_2.items()
        if method in methods
    ]


def scan_cells(rows: Iterable[Row]) -> list[SpriteCell]:
    """NashAE at each λ of the scan that has runs."""
    rows = list(rows)
    return _filled(_cell(rows, "nashae", lam, SPRITE_LATENTS) for lam in SCAN)


def size_cells(rows: Iterable[Row]) -> list[SpriteCell]:
    """The cells of the count of learned latents against m that have runs."""
    rows = list(rows)
    sizes = sorted({*SIZES, SPRITE_LATENTS})
    return _filled(_cell(rows, method, weight, m) for method, weight in SIZED for m in sizes)


def told_apart(cells: Sequence[SpriteCell]) -> str:
    """A sentence a method: which weights' scores the intervals tell from each other."""
    sentences = []
    for method in dict.fromkeys(cell.method for cell in cells):
        own = [cell for cell in cells if cell.method == method and cell.runs]
        if len(own) < 2:
            continue
        family, symbol = own[0].name.split(" ")[:2]
        pairs = [(a, b) for a, b in combinations(own, 2) if _apart(a, b)]
        if pairs:
            named = ", ".join(f"{a.weight:g} and {b.weight:g}" for a, b in pairs)
            sentences.append(f"{family}: the intervals lie apart for {symbol} = {named} only.")
        else:
            sentences.append(f"{family}: no value of {symbol} can be told from another.")
    return " ".join(sentences)


def best_run(rows: Iterable[Row], method: str) -> Row | None:
    """The run of a method with the highest score of the table's m; the first seed among equals."""
    own = [r for r in rows if r["method"] == method and r["latents"] == SPRITE_LATENTS]
    return max(own, key=lambda row: float(row["beta_vae"]), default=None)


def _apart(a: SpriteCell, b: SpriteCell) -> bool:
    first, second = a.percent("beta_vae"), b.percent("beta_vae")
    return first is not None and second is not None and first.apart(second)


def _filled(cells: Iterable[SpriteCell]) -> list[SpriteCell]:
    return [cell for cell in cells if cell.runs]


def _cell(
    rows: Sequence[Row], method: str, weight: float, latents: int, paper: float | None = None
) -> SpriteCell:
    key = (method, weight, latents)
    found = [row for row in rows if (row["method"], row["weight"], row["latents"]) == key]
    ordered = sorted(found, key=lambda row: int(row["seed"]))
    return SpriteCell(method, weight, latents, paper, tuple(ordered))
