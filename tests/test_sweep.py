"""A sweep: the same runs wherever they are made, none lost or made twice, and its progress."""

import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from io import StringIO
from multiprocessing import Process
from pathlib import Path
from threading import Event, Thread

import filelock
import joblib
import numpy as np
import pytest
import torch
from rich.console import Console

from apps.recipes import AnyRecipe, recipe
from apps.reproduce.__main__ import reproduce
from apps.runs.backends import LOST, workers
from apps.runs.folder import RunFolder
from apps.runs.progress import Course, cost, plan, progress
from apps.runs.rows import published
from apps.runs.sweep import run_sweep
from apps.runs.train import config, train_run
from nashae_core import TrainConfig

TINY = TrainConfig(steps=30)
SHORT = TrainConfig(steps=20, record_every=5)
CHECKPOINT = "checkpoint.safetensors"
RESULTS = ("weights.safetensors", "history.npz", "codes.npz")
# Sweeps are killed at drawn moments, each by a seed of its own: one, and a hundred kills nightly.
KILLS = 4
MOST_MOMENTS = 80  # of the 200 that a whole sweep has
SEEDS = [0, *(pytest.param(seed, marks=pytest.mark.nightly) for seed in range(1, 100 // KILLS))]
KILLED = """
import os, signal, sys
from contextlib import suppress
from dataclasses import replace
from multiprocessing.sharedctypes import RawValue
from pathlib import Path
from apps.runs.backends import workers
from apps.runs.sweep import run_sweep
from apps.recipes import recipe
runs, train, at, workers_too = arguments
seen = RawValue("i", 0)  # file operations below `runs`, of all its processes

def look(event, given):
    if event in ("open", "os.mkdir", "os.rename", "os.remove") and str(given[0]).startswith(runs):
        seen.value = now = seen.value + 1
        if now == at:
            with suppress(ProcessLookupError):
                kill = os.killpg if workers_too else os.kill
                kill(os.getpgid(0), signal.SIGKILL)

sys.addaudithook(look)
cells = [("nashae", 0.2, 4), ("beta-vae", 100.0, 4), ("nashae", 0.3, 8)]
recipes = [replace(recipe(*cell, seed), train=train) for cell in cells for seed in range(2)]
with workers("loky", None, 2):
    run_sweep(recipes, Path(runs), jobs=2, checkpoint_seconds=0)
"""


def tiny(method: str = "nashae", weight: float = 0.2, latents: int = 4, seed: int = 0) -> AnyRecipe:
    return replace(recipe(method, weight, latents, seed), train=TINY)


def records(runs: Path) -> dict[str, tuple[int, int]]:
    """Each finished run, and what changes when it is made again."""
    stats = ((path.parent.name, path.stat()) for path in runs.glob("*/record.json"))
    return {name: (stat.st_mtime_ns, stat.st_ino) for name, stat in stats}


def results(path: Path) -> dict[str, bytes]:
    return {name: (path / name).read_bytes() for name in RESULTS}


def eventually(holds: Callable[[], bool], seconds: float = 180) -> None:
    """Wait for it; the deadline is that of a hang."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_runs_of_workers_are_those_of_this_process_to_the_bit(tmp_path: Path) -> None:
    recipes = [tiny(), tiny("beta-vae", 100.0), tiny(), tiny(latents=8, seed=3)]
    folders = run_sweep(recipes, tmp_path / "runs", jobs=2)
    unique = [recipes[0], recipes[1], recipes[3]]
    assert [folder.recipe for folder in folders] == unique  # in order, one given twice but once
    assert len(records(tmp_path / "runs")) == 3
    for folder in folders:
        here = train_run(folder.recipe, tmp_path / "here" / folder.recipe.label)
        for name in RESULTS:
            assert (folder.path / name).read_bytes() == (here.path / name).read_bytes()


def test_finished_runs_are_not_run_again(tmp_path: Path) -> None:
    run_sweep([tiny()], tmp_path, jobs=1)
    before = records(tmp_path)
    run_sweep([tiny(), tiny(seed=1)], tmp_path, jobs=1)
    after = records(tmp_path)
    assert len(after) == 2
    assert before.items() <= after.items()


def test_a_run_that_fails_does_not_stop_the_others(tmp_path: Path) -> None:
    other, file, damaged = tiny(seed=1), tiny(seed=2), tiny(seed=3)
    # A finished run with other steps must not be taken for this one.
    train_run(replace(other, train=TrainConfig(steps=10)), tmp_path / other.label)
    (tmp_path / file.label).write_text("")
    (tmp_path / damaged.label).mkdir()
    (tmp_path / damaged.label / "config.json").write_text("{")
    before = records(tmp_path)
    recipes = [other, file, damaged, tiny(), tiny(seed=4)]
    with pytest.raises(RuntimeError, match=f"3 of 5 runs failed; {other.label}: .*another run"):
        run_sweep(recipes, tmp_path, jobs=1)
    assert records(tmp_path).keys() == before.keys() | {tiny().label, tiny(seed=4).label}
    assert before.items() <= records(tmp_path).items()


def test_a_run_that_another_process_is_writing_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / tiny().label
    path.mkdir()
    held, asked, waited = Event(), Event(), list[bool]()

    def write() -> None:
        with filelock.FileLock(path / ".lock"):
            held.set()
            waited.append(asked.wait(60) and not (path / "config.json").exists())

    class Asking(filelock.FileLock):
        def _acquire(self) -> None:
            super()._acquire()
            asked.set()  # and refused

    other = Thread(target=write)
    other.start()
    held.wait()
    monkeypatch.setattr("apps.runs.folder.filelock.FileLock", Asking)
    (folder,) = run_sweep([tiny()], tmp_path, jobs=1)
    other.join()
    assert waited == [True]
    assert folder.finished


def test_what_a_killed_process_left_is_removed(tmp_path: Path) -> None:
    ended, cut = tiny(), tiny(seed=1)
    train_run(ended, tmp_path / ended.label)
    before = records(tmp_path)
    (tmp_path / ended.label / CHECKPOINT).write_bytes(b"")
    (tmp_path / cut.label).mkdir()
    for name in (".0123abcd-config.json", f".{CHECKPOINT}.4711"):  # of both packages that write
        (tmp_path / cut.label / name).write_text("{")
    folders = run_sweep([ended, cut], tmp_path, jobs=1)
    assert before.items() <= records(tmp_path).items()
    names = [{file.name for file in folder.path.iterdir()} - {".lock"} for folder in folders]
    assert names[0] == names[1] == {"config.json", "record.json", "weights.json", *RESULTS}


def test_a_run_has_one_thread(tmp_path: Path) -> None:
    torch.set_num_threads(2)
    run_sweep([tiny()], tmp_path, jobs=1)
    assert torch.get_num_threads() == 1


# Killed


def check_readable(runs: Path) -> None:
    """No file that has its name is half-written."""
    for path in runs.iterdir():
        for file in path.glob("[!.]*.json"):
            assert json.loads(file.read_text())
        for file in path.glob("[!.]*.npz"):
            with np.load(file) as arrays:
                assert dict(arrays)
        folder = RunFolder(path)
        if folder.finished:
            folder.model()
            assert folder.codes
            assert folder.history


@pytest.mark.parametrize("seed", SEEDS)
def test_a_sweep_survives_kill_9_at_any_moment(
    tmp_path: Path, forked: Callable[..., Process], seed: int
) -> None:
    runs, draw = tmp_path / "runs", random.Random(seed)
    finished: dict[str, tuple[int, int]] = {}
    kills, moment = 0, 1
    while moment:
        # Before one of its file operations, the first included. The last time it is left to its
        # end. Where only the sweep is killed, its workers are orphans.
        moment = draw.randrange(1, MOST_MOMENTS) if kills < KILLS else 0
        process = forked(KILLED, str(runs), SHORT, moment, draw.random() < 0.7)
        process.join(180)
        if process.exitcode == 0:
            break
        assert process.exitcode == -signal.SIGKILL
        kills += 1
        if runs.exists():
            found = records(runs)
            assert finished.items() <= found.items()
            finished = found
            check_readable(runs)
    assert kills
    made = records(runs)
    assert finished.items() <= made.items()  # not one made again
    assert len(made) == len(list(runs.iterdir())) == 6
    check_readable(runs)
    for name in made:
        whole = train_run(RunFolder(runs / name).recipe, tmp_path / "whole" / name)
        assert results(runs / name) == results(whole.path)
        # No checkpoint and no temporary file either.
        left, right = ({f.name for f in p.iterdir()} - {".lock"} for p in (runs / name, whole.path))
        assert left == right


def test_workers_end_with_their_sweep(tmp_path: Path, forked: Callable[..., Process]) -> None:
    process = forked(KILLED, str(tmp_path), TrainConfig(steps=1_000_000), 0, False)
    eventually(lambda: len(list(tmp_path.glob(f"*/{CHECKPOINT}"))) == 2)
    process.kill()
    process.join()
    for path in tmp_path.glob(f"*/{CHECKPOINT}"):
        with filelock.FileLock(path.parent / ".lock", timeout=10):  # nobody holds it
            assert not (path.parent / "record.json").exists()


def test_a_killed_worker_ends_the_sweep_with_a_clear_word() -> None:
    tasks = (joblib.delayed(os.abort)() for _ in range(2))
    with pytest.raises(RuntimeError, match=LOST):
        run_tasks(tasks)


def run_tasks(tasks: Iterator[object]) -> None:
    with workers("loky", None, 2) as jobs:
        joblib.Parallel(n_jobs=jobs)(tasks)


# Progress


def finish(runs: Path, r: AnyRecipe, seconds: float) -> None:
    begin(runs, r)
    RunFolder(runs / r.label).write_json("record.json", {"seconds": seconds})


def begin(runs: Path, r: AnyRecipe) -> None:
    RunFolder(runs / r.label).write_json("config.json", config(r, runs))


def test_a_run_s_cost_is_that_of_the_release_s_runs_of_its_kind() -> None:
    rows = [r for r in published("table1") if (r["method"], r["latents"]) == ("nashae", 8)]
    full = recipe("nashae", 0.2, 8, 0)
    assert cost(full) == pytest.approx(np.median([r["seconds"] for r in rows]))
    tenth = replace(full, train=replace(full.train, steps=100))
    assert cost(tenth) == pytest.approx(cost(full) / 10)
    assert cost(recipe("nashae", 0.2, 5, 0)) > 0  # a size that the release does not have


def test_the_course_of_a_sweep_by_hand(tmp_path: Path) -> None:
    recipes = [recipe("nashae", 0.2, 8, seed) for seed in range(6)]
    one = cost(recipes[0])
    course = Course([*recipes, recipes[0]], tmp_path, jobs=2)
    at_first = course.state()
    assert (at_first.done, at_first.running, at_first.left) == (0, 0, 6)
    assert at_first.seconds == pytest.approx(3 * one)
    finish(tmp_path, recipes[0], 2 * one)  # this machine takes twice as long
    for r in recipes[1:4]:  # three begun, but two at a time
        begin(tmp_path, r)
    now = course.state()
    assert (now.done, now.running, now.left) == (1, 2, 3)
    assert now.seconds == pytest.approx(5 * one, rel=0.2)
    for r in recipes[1:]:
        finish(tmp_path, r, 2 * one)
    end = course.state()
    assert (end.done, end.running, end.left, end.seconds) == (6, 0, 0, 0)


def test_a_dry_run_says_what_would_run_and_does_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    reproduce(trials=2, out=out, dry_run=True)
    said = capsys.readouterr().out
    assert "26 runs to make, 2 at a time: about" in said
    assert not out.exists()
    finish(tmp_path, tiny(), 1.0)
    table = plan([tiny(), tiny(seed=1), tiny(seed=2)], tmp_path, 1)
    console = Console(width=80)
    with console.capture() as captured:
        console.print(table)
    assert "2 runs to make, 1 at a time: about 0 minutes" in captured.get()
    (row,) = (line for line in captured.get().splitlines() if "NashAE" in line)
    assert [cell.strip() for cell in row.split("│")[1:-1]] == ["NashAE", "λ = 0.2", "4", "1", "2"]


def test_progress_shows_what_is_done_running_and_left_and_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = StringIO()
    console = Console(file=said, force_terminal=True, width=100)
    monkeypatch.setattr("apps.runs.progress.console", console)
    monkeypatch.setattr("apps.runs.progress.POLL_SECONDS", 0.05)
    finish(tmp_path, tiny(), 1.0)
    begin(tmp_path, tiny(seed=1))
    with progress([tiny(seed=seed) for seed in range(4)], tmp_path, 2):
        eventually(lambda: "1 running, 2 left, ends about " in said.getvalue())
    assert "1/4" in said.getvalue()


# Backends


@pytest.mark.parametrize("backend", ["dask", "ray"])
def test_a_backend_that_is_not_installed_names_its_extra(
    backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("distributed", "ray"):
        monkeypatch.setitem(sys.modules, module, None)
    with (
        pytest.raises(ValueError, match=rf"{backend} is not installed: .*\[{backend}\]"),
        workers(backend, "127.0.0.1:1", 2),
    ):
        pass


@pytest.mark.parametrize(("backend", "address"), [("dask", None), ("ray", None), ("loky", "a:1")])
def test_a_cluster_has_an_address_and_this_machine_none(backend: str, address: str | None) -> None:
    with (
        pytest.raises(ValueError, match=f"need an address.*got {backend}, {address}"),
        workers(backend, address, 2),
    ):
        pass
