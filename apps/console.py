"""The apps' output in a terminal: progress bars, tables, errors in one line."""

import io
import os
import sys
from collections.abc import Callable, Iterable, Sequence

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

console = Console(highlight=False)


def progress_bar() -> Progress:
    """A progress bar with a description, a count, the elapsed and the remaining time."""
    return Progress(
        TextColumn("[bold]{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
        console=console,
    )


def shown_faces(bar: Progress) -> Callable[[int, int], None]:
    """A callback for faces that are made, which shows them as a task of the bar."""
    tasks: list[TaskID] = []

    def show(done: int, total: int) -> None:
        if not tasks:
            tasks.append(bar.add_task("faces made", note=""))
        bar.update(tasks[0], completed=done, total=total)

    return show


def text_table(
    title: str,
    headings: Sequence[str],
    lines: Iterable[Sequence[str]],
    *,
    left: Sequence[str] = (),
) -> Table:
    """A table for the terminal; columns named in `left` are justified to the left."""
    table = Table(title=title)
    for heading in headings:
        table.add_column(heading, justify="left" if heading in left else "right")
    for line in lines:
        table.add_row(*line)
    return table


def exit_on_error(main: Callable[[], None]) -> None:
    """Run an app's `main`; an error is printed in one line to standard error, with status 2."""
    # A terminal without some character shows "?" instead of failing at the end.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    try:
        main()
    except BrokenPipeError:  # whoever read the output has gone, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
    except (ValueError, OSError, FloatingPointError, RuntimeError) as error:
        message = f"[red]error:[/] {escape(str(error))}"
        Console(stderr=True, highlight=False).print(message, soft_wrap=True)
        sys.exit(2)
    except KeyboardInterrupt:
        Console(stderr=True).print("interrupted: run the same command to go on where it was")
        sys.exit(130)
