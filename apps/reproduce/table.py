"""A table of the paper: what it is made of, and the way from its runs to its page."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import rich.table

from apps.console import console
from apps.recipes import AnyRecipe
from apps.reproduce.page import Picture, write_page, write_pictures
from apps.runs.folder import RunFolder
from apps.runs.rows import Row, published, write_rows
from apps.runs.scoring import Score, score_runs
from apps.runs.trained import is_trained, trained, untrained


@dataclass(frozen=True)
class Results:
    """What a report is written from.

    Args:
        folders: The user's runs.
        rows: Their rows, in the same order.
        published: The rows that are kept with this release.
        methods: The methods that the table is made of.
    """

    folders: Sequence[RunFolder]
    rows: Sequence[Row]
    published: Sequence[Row]
    methods: Sequence[str]

    @property
    def trained_folders(self) -> list[RunFolder]:
        """The runs whose rows are `trained_rows`, in their order."""
        both = zip(self.folders, self.rows, strict=True)
        return [folder for folder, row in both if is_trained(row)]

    @property
    def trained_rows(self) -> list[Row]:
        """The rows that may be compared."""
        return trained(self.rows)

    @property
    def trained_published(self) -> list[Row]:
        """The published rows that may be compared."""
        return trained(self.published)


@dataclass(frozen=True)
class Table:
    """A table of the paper."""

    name: str
    """Of its rows on disk, and of the folder of its page's template."""
    title: str
    page: str
    """The name of the page's file."""
    methods: tuple[str, ...]
    """All that it has."""
    trials: int
    """Seeds a cell, by default."""
    recipes: Callable[[Sequence[str], int], list[AnyRecipe]]
    """The runs of so many trials of some methods."""
    score: Score
    """A run's row."""
    draw: Callable[[Results], list[Picture]]
    contents: Callable[[Results], dict[str, object]]
    """What the page's template is given, beside what every page has."""
    summary: Callable[[Results], rich.table.Table]
    """The table for the terminal."""
    default_methods: tuple[str, ...] = ()
    """The methods that are made by default; all, if none is named."""
    on_celeba: "Table | None" = None
    """The same table on CelebA, which has to be there."""

    def chosen(self, methods: Sequence[str] | None) -> tuple[str, ...]:
        """The methods that were asked for; `ValueError` for one that the table does not have."""
        if unknown := set(methods or ()) - set(self.methods):
            raise ValueError(
                f"{self.title} has no {', '.join(sorted(unknown))}; it has {self.methods}"
            )
        return tuple(methods or self.default_methods or self.methods)


def report(
    table: Table,
    folders: Sequence[RunFolder],
    methods: Sequence[str],
    out: Path,
    *,
    jobs: int,
    command: str,
    seconds: Callable[[], float],
) -> rich.table.Table:
    """Score the runs, and write rows, pictures and page to `out`; the table for the terminal."""
    rows = score_runs(folders, table.score, jobs)
    write_rows(rows, out / f"{table.name}.jsonl")
    results = Results(folders, rows, published(table.name), methods)
    with console.status("drawing"):
        pictures = table.draw(results)
        write_pictures(pictures, out / "figures")
    write_report(table, results, out, pictures, command=command, seconds=seconds())
    return table.summary(results)


def write_report(
    table: Table,
    results: Results,
    out: Path,
    pictures: Sequence[Picture],
    *,
    command: str,
    seconds: float,
) -> None:
    """Write the table's page to `out`; the files of its pictures are there already."""
    write_page(
        out / table.page,
        f"{table.name}/page.html.j2",
        pictures=pictures,
        figures=out / "figures",
        command=command,
        seconds=seconds,
        untrained=untrained(results.rows),
        untrained_published=untrained(results.published),
        **table.contents(results),
    )
