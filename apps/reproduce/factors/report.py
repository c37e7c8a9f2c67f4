"""What the counting runs found: a table, two figures and a page."""

import math
import statistics
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from apps.figures.style import FAINT, GREY, PAGE, palette, styled
from apps.reproduce.factors.data import COUNT_DATA
from apps.reproduce.factors.runs import METHODS
from apps.reproduce.report import embedded, write_page
from apps.reproduce.table1.comparison import Share, share
from apps.reproduce.table1.pictures import Picture, write_pictures
from apps.runs.rows import Row, published
from nashae_core import CountConfig

VERDICTS = (
    ("remove", False, "stays"),
    ("remove", True, "taken out"),
    ("add", False, "not put in"),
    ("add", True, "put in"),
)
LEAST = 0.25  # of the ratios that are drawn
TITLES = {
    "nashae": "NashAE λ = 0.2",
    "nashae-counted": "counted by tests",
    "nashae-aligned": "counted, then aligned",
}


class CountCell(NamedTuple):
    """The runs of one method on one set from one m, in the order of their seeds."""

    method: str
    data: str
    latents: int
    runs: tuple[Row, ...]

    @property
    def title(self) -> str:
        """The method in words."""
        return TITLES[self.method]

    @property
    def true(self) -> int:
        """The factors of the set."""
        return int(self.runs[0]["true"])

    @property
    def right(self) -> Share:
        """The runs that found as many latents as there are factors."""
        return share(sum(run["learned"] == self.true for run in self.runs), len(self.runs))

    @property
    def clean(self) -> Share:
        """The runs that found as many, each carrying a factor of its own."""
        return share(sum(run["clean"] for run in self.runs), len(self.runs))

    @property
    def told_by_all(self) -> float:
        """The mean R² of the learned latents from all others, dead ones included, over the runs."""
        return _mean(run["told_by_all"] for run in self.runs)

    @property
    def told_by_learned(self) -> float:
        """The same from the other learned latents alone."""
        return _mean(run["told_by_learned"] for run in self.runs)

    @property
    def near(self) -> int:
        """The runs of which some decision was close."""
        return sum(run.get("near", False) for run in self.runs)

    @property
    def found(self) -> str:
        """How many runs found how many latents."""
        counts = sorted(Counter(run["learned"] for run in self.runs).items())
        return ", ".join(f"{latents} ({runs})" for latents, runs in counts)

    @property
    def seconds(self) -> float:
        """The median of the runs' seconds."""
        return float(statistics.median(run["seconds"] for run in self.runs))


def _mean(of_runs: Iterable[Sequence[float]]) -> float:
    """Over all latents of all runs; NaN where no run has one."""
    of_latents = list(chain.from_iterable(of_runs))
    return statistics.mean(of_latents) if of_latents else math.nan


def count_cells(rows: Iterable[Row]) -> list[CountCell]:
    """The cells that have runs: the paper's set first, by m and method."""
    rows, cells = list(rows), []
    for data in COUNT_DATA:
        for m in sorted({row["latents"] for row in rows if row["data"] == data}):
            for method in METHODS:
                key = (method, data, m)
                own = [r for r in rows if (r["method"], r["data"], r["latents"]) == key]
                if own:
                    ordered = sorted(own, key=lambda row: int(row["seed"]))
                    cells.append(CountCell(*key, tuple(ordered)))
    return cells


def write_count_report(out: Path, rows: Sequence[Row], *, command: str, seconds: float) -> Path:
    """Draw the figures into `out` and write the page count.html there; its path."""
    pictures = [
        Picture(
            "found-against-true",
            "Found against true",
            "Every run: how many latents were found more than there are factors. The numbers in "
            "brackets are the true ones.",
            found_against_true(count_cells(rows)),
        ),
        Picture(
            "count-ratios",
            "What the tests measured",
            "Every test of a latent: the error without it over the error with it, against how far "
            "it depends on the others, where 1 is the most that is allowed. The lines are the "
            "thresholds of a removal; of two latents that depend on each other more than that a "
            "share of the variance is asked in place of the higher one. Of the latents below them "
            "the one that is missed least is taken out, and the rest are tested again. What is put "
            "in must have been learned and lower the error.",
            ratios([row for row in rows if "decisions" in row]),
        ),
        Picture(
            "clean-codes",
            "One factor a latent",
            "The share of runs whose latents are as many as the factors, each carrying its own, "
            "with its 95 % interval (Wilson). Independence fixes their number, not their axes.",
            clean_codes(count_cells(rows)),
        ),
    ]
    figures = out / "figures"
    write_pictures(pictures, figures)
    write_page(
        out / "count.html",
        "factors/page.html.j2",
        command=command,
        seconds=seconds,
        tables={
            "Your runs": count_cells(rows),
            "Runs kept with this release": count_cells(published("count")),
        },
        pictures=embedded(pictures, figures),
    )
    return out / "count.html"


def _places(cells: Sequence[CountCell]) -> dict[tuple[str, int], str]:
    """The lines of a figure, a set and m each, and what is written beside them."""
    return {(c.data, c.latents): f"{c.data} ({c.true}), m = {c.latents}" for c in cells}


@styled
def found_against_true(cells: Sequence[CountCell]) -> Figure:
    """How many latents too many each run found: a panel a method, a line a set and m."""
    places = _places(cells)
    figure = Figure(figsize=(PAGE, 0.9 + 0.2 * len(places)))
    counting = METHODS[:2]  # the third is given its number by the second
    axes = figure.subplots(1, len(counting), sharey=True, sharex=True, squeeze=False)[0]
    for axis, method, colour in zip(axes, counting, palette(len(counting)), strict=True):
        axis.axvline(0, color=FAINT, zorder=0)
        for cell in (cell for cell in cells if cell.method == method):
            _dots(axis, cell, [*places].index((cell.data, cell.latents)), colour)
        axis.set_title(TITLES[method])
        axis.set_xscale("symlog", base=2, linthresh=2)
        ticks = [-2, -1, 0, 1, 2, 4, 8, 16]
        axis.set_xticks(ticks, [f"{tick:+d}" if tick else "0" for tick in ticks])
    axes[0].set_yticks(range(len(places)), [*places.values()])
    axes[0].invert_yaxis()
    figure.supxlabel("latents found − factors")
    return figure


def _dots(axis: Axes, cell: CountCell, y: int, colour: str) -> None:
    """The runs of a cell, those that agree above each other."""
    for excess, runs in Counter(run["learned"] - cell.true for run in cell.runs).items():
        heights = [y + 0.7 * ((i + 0.5) / len(cell.runs) - 0.5) for i in range(runs)]
        axis.scatter([excess] * runs, heights, s=6, color=colour, linewidths=0)


@styled
def clean_codes(cells: Sequence[CountCell]) -> Figure:
    """The share of clean runs of each method, a line a set and m."""
    places = _places(cells)
    figure = Figure(figsize=(PAGE, 0.9 + 0.24 * len(places)))
    axis = figure.subplots()
    for i, (method, colour) in enumerate(zip(METHODS, palette(len(METHODS)), strict=True)):
        own = [cell for cell in cells if cell.method == method]
        shares = [cell.clean for cell in own]
        y = [[*places].index((cell.data, cell.latents)) + 0.22 * (i - 1) for cell in own]
        low = [max(0, share.share - share.low) for share in shares]
        high = [max(0, share.high - share.share) for share in shares]
        middle = [share.share for share in shares]
        axis.errorbar(
            middle, y, xerr=[low, high], fmt="o", ms=3, color=colour, label=TITLES[method]
        )
    axis.set_yticks(range(len(places)), [*places.values()])
    axis.invert_yaxis()
    axis.set(xlim=(-0.02, 1.02), xlabel="share of clean runs")
    figure.legend(loc="outside upper center", ncols=len(METHODS))
    return figure


@styled
def ratios(rows: Sequence[Row]) -> Figure:
    """Every test of the counted runs: its ratio over the dependence, and what came of it."""
    figure = Figure(figsize=(0.7 * PAGE, 3.2))
    axis = figure.subplots()
    tests = [test for row in rows for test in row["decisions"]]
    for (kind, adopted, label), colour in zip(VERDICTS, palette(len(VERDICTS)), strict=True):
        own = [test for test in tests if (test["kind"], test["adopted"]) == (kind, adopted)]
        x = [test["dependence"] for test in own]
        y = [max(test["ratio"], LEAST) for test in own]
        axis.scatter(x, y, s=8, color=colour, linewidths=0, label=label)
    asked, right = CountConfig().removal_ratio, axis.get_xlim()[1]
    axis.plot([0, 1, 1, right], [asked, asked, 2 * asked, 2 * asked], color=GREY, zorder=0)
    axis.set_yscale("log", base=2)
    axis.set(
        xlabel="dependence on the others (1: the most allowed)",
        ylabel="error without / error with",
    )
    figure.legend(loc="outside right upper")
    return figure
