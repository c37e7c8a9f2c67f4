"""Progress of a sweep and its expected end, read from its folders, wherever it runs."""

import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from statistics import median
from threading import Event, Thread

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from apps.console import console, text_table
from apps.recipes import AnyRecipe
from apps.runs.folder import RunFolder
from apps.runs.rows import published
from apps.runs.sweep import finished

POLL_SECONDS = 1.0
STEP_SECONDS = 0.3  # of a data set without published rows: a step on faces on one core


@dataclass(frozen=True)
class State:
    """How many runs are done, running and left, and about how many seconds all will take."""

    done: int
    running: int
    left: int
    seconds: float


class Course:
    """The course of a sweep as its folders below `runs` show it, with `jobs` runs at a time."""

    def __init__(self, recipes: Iterable[AnyRecipe], runs: Path, jobs: int) -> None:
        self.recipes = list(dict.fromkeys(recipes))
        self._runs, self._jobs, self._started = runs, jobs, time.time()
        self._took: dict[AnyRecipe, float] = {}  # seconds of finished runs, each read once

    def done(self, recipe: AnyRecipe) -> bool:
        """Whether a run is finished."""
        path = self._runs / recipe.label
        if recipe not in self._took and finished(recipe, path):
            with suppress(ValueError):  # scoring names a damaged record
                self._took[recipe] = RunFolder(path).record.get("seconds", 0.0)
        return recipe in self._took

    def state(self) -> State:
        """The state now."""
        waiting = [r for r in self.recipes if not self.done(r)]
        expected = sum(map(cost, self._took))
        pace = sum(self._took.values()) / expected if expected else 1.0  # this machine's
        rest = {r: pace * cost(r) for r in waiting}
        # A run that failed, or that an earlier sweep began, has a config.json as well.
        begun = sorted(((self._begun(r), r.label, r) for r in waiting), reverse=True)
        running = [(at, r) for at, _, r in begun[: self._jobs] if at]
        for at, r in running:
            rest[r] = max(rest[r] - (time.time() - max(at, self._started)), 0.0)
        seconds = max(sum(rest.values()) / self._jobs, *rest.values()) if rest else 0.0
        left = len(waiting) - len(running)
        return State(len(self._took), len(running), left, seconds)

    def _begun(self, recipe: AnyRecipe) -> float:
        try:
            return (self._runs / recipe.label / "config.json").stat().st_mtime
        except OSError:
            return 0.0


@cache
def cost(recipe: AnyRecipe) -> float:
    """About how many seconds a run takes, by the published rows of its kind."""
    rows = [
        (row["seconds"] / row["steps"], row["method"], row["latents"])
        for row in published(recipe.data_set.table)
    ]
    if not rows:
        return STEP_SECONDS * recipe.train.steps
    same_size = [row for row in rows if row[2] == recipe.latents] or rows
    alike = [row for row in same_size if row[1] == recipe.method_name] or same_size
    return float(median(row[0] for row in alike)) * recipe.train.steps


@contextmanager
def progress(recipes: Iterable[AnyRecipe], runs: Path, jobs: int) -> Iterator[None]:
    """Show a sweep's progress while the block runs."""
    course, stop = Course(recipes, runs, jobs), Event()
    note = TextColumn("{task.fields[note]}")
    columns = (TextColumn("[bold]runs"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeElapsedColumn(), note, console=console) as bar:
        task = bar.add_task("runs", total=len(course.recipes), note="")

        def follow() -> None:
            while not stop.wait(POLL_SECONDS if bar.tasks[0].fields["note"] else 0):
                state = course.state()
                bar.update(task, completed=state.done, note=_note(state))
            bar.update(task, completed=course.state().done, note="")

        thread = Thread(target=follow, daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()


def plan(recipes: Iterable[AnyRecipe], runs: Path, jobs: int) -> Table:
    """A table of what a sweep would run, and about how long it would take."""
    course = Course(recipes, runs, jobs)
    state = course.state()
    of_cell = {}
    for r in course.recipes:
        method = r.method_record
        of_cell[r] = (method.family, f"{method.symbol} = {r.weight:g}", str(r.latents))
    total = Counter(of_cell.values())
    done = Counter(cell for r, cell in of_cell.items() if course.done(r))
    return text_table(
        f"{state.running + state.left} runs to make, {jobs} at a time: "
        f"about {_duration(state.seconds)}",
        ("method", "weight", "m", "finished", "to run"),
        ((*cell, str(done[cell]), str(runs - done[cell])) for cell, runs in total.items()),
        left=("method",),
    )


def _note(state: State) -> str:
    end = time.localtime(time.time() + state.seconds)
    clock = time.strftime("%H:%M" if state.seconds < 12 * 3600 else "%a %d %b %H:%M", end)
    return f"{state.running} running, {state.left} left, ends about {clock}"


def _duration(seconds: float) -> str:
    minutes = round(seconds / 60)
    return f"{minutes} minutes" if minutes < 100 else f"{minutes / 60:.1f} hours"
