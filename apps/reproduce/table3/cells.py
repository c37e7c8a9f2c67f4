"""Table 3: TAD on faces, beside the learned latents and how far each predicts the others."""

import statistics
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from apps.recipes import method_named
from apps.reproduce.estimate import Estimate, estimate, mean_of
from apps.reproduce.paper import TABLE_3
from apps.reproduce.table3.score import REAL
from apps.runs.rows import Row

# The paper's: an attribute is captured when a latent has at least this AUROC for it.
CAPTURED = 0.75


class FaceCell(NamedTuple):
    """The runs of one method and weight, in the order of their seeds.

    `paper` is its TAD and its captured attributes on CelebA; None where the runs are on other data.
    """

    method: str
    weight: float
    paper: tuple[float, float] | None
    runs: tuple[Row, ...]

    @property
    def name(self) -> str:
        """The row as the paper names it."""
        return method_named(self.method).title(self.weight)

    def tad(self, protocol: str, field: str = "score") -> Estimate | None:
        """The estimate of a field of `tad` or `tad_yeats2022` of the rows that have it."""
        return estimate([float(run[protocol][field]) for run in self.runs if protocol in run])

    @property
    def learned(self) -> tuple[int, ...]:
        """The learned latents of each run, by the method's own rule."""
        return tuple(run["learned"] for run in self.runs)

    @property
    def predictability(self) -> float | None:
        """The mean R² of the learned latents over the runs; None where none has predictors."""
        return mean_of([run["predictability"] for run in self.runs if "predictability" in run])

    @property
    def error(self) -> float | None:
        """½·mean (x′ − x)² at the end of training, of VAEs by sampled codes; the runs' mean."""
        return mean_of([run["error"] for run in self.runs])

    @property
    def chance(self) -> float | None:
        """What random latents score by the paper's protocol, the mean over the runs."""
        floors = [run["tad_yeats2022"]["floor"] for run in self.runs if "tad_yeats2022" in run]
        return mean_of([floor[0] for floor in floors])

    def detected(self, attribute: str) -> float:
        """The best latent's exact AUROC for an attribute, the mean over the runs."""
        return statistics.fmean(run["attributes"][attribute]["best"] for run in self.runs)


def table_3(rows: Iterable[Row], methods: Sequence[str]) -> list[FaceCell]:
    """The cells of the table's rows of `methods`, in the paper's order.

    The paper's numbers stand beside runs on CelebA alone. Raises `ValueError` for rows of both.
    """
    rows = list(rows)
    data = {row["data"] for row in rows}
    if len(data) > 1:
        raise ValueError(f"one table is of one data set; got {sorted(data)}")
    real = data == {REAL}
    return [
        FaceCell(method, weight, paper if real else None, _runs(rows, method, weight))
        for (method, weight), paper in TABLE_3.items()
        if method in methods
    ]


def captured_attributes(cells: Sequence[FaceCell]) -> list[str]:
    """The attributes that some cell captures on average, in the data's order."""
    filled = [cell for cell in cells if cell.runs]
    names = filled[0].runs[0]["attributes"] if filled else ()
    return [name for name in names if max(cell.detected(name) for cell in filled) >= CAPTURED]


def _runs(rows: Sequence[Row], method: str, weight: float) -> tuple[Row, ...]:
    found = [row for row in rows if (row["method"], row["weight"]) == (method, weight)]
    return tuple(sorted(found, key=lambda row: int(row["seed"])))
