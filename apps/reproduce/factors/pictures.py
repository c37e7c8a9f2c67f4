"""The pictures of the report on counting."""

from collections import Counter
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from apps.figures.style import FAINT, GREY, PAGE, palette, styled
from apps.reproduce.factors.cells import TITLES, CountCell, count_cells
from apps.reproduce.factors.runs import METHODS
from apps.reproduce.page import Picture
from apps.runs.rows import Row
from nashae_core import CountConfig

VERDICTS = (
    ("remove", False, "kept"),
    ("remove", True, "removed"),
    ("add", False, "not added"),
    ("add", True, "added"),
)
LEAST = 0.25  # smaller ratios are drawn there


def draw(rows: Sequence[Row]) -> list[Picture]:
    """The pictures of all rows."""
    return [
        Picture(
            "found-against-true",
            "Found against true",
            "Every run: the number of latents found minus the number of factors, which stands in "
            "brackets.",
            found_against_true(count_cells(rows)),
        ),
        Picture(
            "count-ratios",
            "What the tests measured",
            "Every test of a latent: the error without it divided by the error with it, against "
            "its dependence on the other latents, where 1 is the most that is allowed. The lines "
            "are the thresholds below which a latent may be removed; the higher one is replaced by "
            "a share of the variance for two latents that depend on each other more than that. Of "
            "the latents below, the one whose removal costs least is removed, and the rest are "
            "tested again. An added latent stays if it is learned and lowers the error.",
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


def _places(cells: Sequence[CountCell]) -> dict[tuple[str, int], str]:
    """The lines of a figure, one for each data set and m, and their labels."""
    return {(c.data, c.latents): f"{c.data} ({c.true}), m = {c.latents}" for c in cells}


@styled
def found_against_true(cells: Sequence[CountCell]) -> Figure:
    """The excess of latents in each run: a panel a method, a line a data set and m."""
    places = _places(cells)
    figure = Figure(figsize=(PAGE, 0.9 + 0.2 * len(places)))
    counting = METHODS[:2]  # the third takes its number from the second
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
    """The runs of a cell, equal ones above each other."""
    for excess, runs in Counter(run["learned"] - cell.true for run in cell.runs).items():
        heights = [y + 0.7 * ((i + 0.5) / len(cell.runs) - 0.5) for i in range(runs)]
        axis.scatter([excess] * runs, heights, s=6, color=colour, linewidths=0)


@styled
def clean_codes(cells: Sequence[CountCell]) -> Figure:
    """The share of clean runs of each method, a line a data set and m."""
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
    """Every test of the counted runs: its ratio, the dependence, and the decision."""
    figure = Figure(figsize=(0.7 * PAGE, 3.2))
    axis = figure.subplots()
    tests = [test for row in rows for test in row["decisions"]]
    for (kind, adopted, label), colour in zip(VERDICTS, palette(len(VERDICTS)), strict=True):
        own = [test for test in tests if (test["kind"], test["adopted"]) == (kind, adopted)]
        x = [test["dependence"] for test in own]
        y = [max(test["ratio"], LEAST) for test in own]
        axis.scatter(x, y, s=8, color=colour, linewidths=0, label=label)
    low, right = CountConfig().removal_ratio, axis.get_xlim()[1]
    axis.plot([0, 1, 1, right], [low, low, 2 * low, 2 * low], color=GREY, zorder=0)
    axis.set_yscale("log", base=2)
    axis.set(
        xlabel="dependence on other latents (1: the most allowed)",
        ylabel="error without / error with",
    )
    figure.legend(loc="outside right upper")
    return figure
