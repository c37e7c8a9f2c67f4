"""The cells of Table 3: TAD on faces, learned latents, predictability."""

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from apps.reproduce.cell import Cell
from apps.reproduce.estimate import Estimate, estimate, mean_of
from apps.reproduce.table3.paper import TABLE_3
from apps.reproduce.table3.score import REAL
from apps.runs.rows import Row

# The paper's: an attribute is captured if a latent has at least this AUROC for it.
CAPTURED = 0.75


@dataclass(frozen=True)
class FaceCell(Cell):
    """The runs of one method and weight.

    `paper` is its TAD and its captured attributes on CelebA; None where the runs are on other data.
    """

    paper: tuple[float, float] | None = None

    def tad(self, protocol: str, field: str = "score") -> Estimate | None:
        """The estimate of a field of `tad` or `tad_yeats2022`, over the rows that have it."""
        return estimate([float(run[protocol][field]) for run in self.runs if protocol in run])

    @property
    def error(self) -> float | None:
        """½·mean (x′ − x)² at the end of training, of VAEs by sampled codes; the runs' mean."""
        return mean_of([run["error"] for run in self.runs])

    @property
    def chance(self) -> float | None:
        """The score of random latents by the paper's protocol, the mean over the runs."""
        floors = [run["tad_yeats2022"]["floor"] for run in self.runs if "tad_yeats2022" in run]
        return mean_of([floor[0] for floor in floors])

    def detected(self, attribute: str) -> float:
        """The best latent's exact AUROC for an attribute, the mean over the runs."""
        return statistics.fmean(run["attributes"][attribute]["best"] for run in self.runs)


def table_3(rows: Iterable[Row], methods: Sequence[str]) -> list[FaceCell]:
    """The table's cells of `methods`, in the order of the paper.

    Only cells of runs on CelebA have the paper's numbers. Raises `ValueError` for rows of more
    than one data set.
    """
    rows = list(rows)
    data = {row["data"] for row in rows}
    if len(data) > 1:
        raise ValueError(f"rows must be of one data set; got {sorted(data)}")
    real = data == {REAL}
    return [
        FaceCell.of(rows, method, weight, paper=paper if real else None)
        for (method, weight), paper in TABLE_3.items()
        if method in methods
    ]


def captured_attributes(cells: Sequence[FaceCell]) -> list[str]:
    """The attributes that some cell captures on average, in the order of the data."""
    filled = [cell for cell in cells if cell.runs]
    names = filled[0].runs[0]["attributes"] if filled else ()
    return [name for name in names if max(cell.detected(name) for cell in filled) >= CAPTURED]
