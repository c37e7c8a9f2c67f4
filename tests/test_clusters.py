"""A sweep on a real cluster of this machine, one of whose workers is killed in the middle."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from multiprocessing import Process
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from apps.recipes import recipe
from apps.runs.folder import RunFolder
from apps.runs.train import train_run
from nashae_core import TrainConfig

RUNS = 4
RESULTS = ("weights.safetensors", "history.npz", "codes.npz")
TRAIN = TrainConfig(steps=20, record_every=5)
RECIPES = [replace(recipe("nashae", 0.2, 4, seed), train=TRAIN) for seed in range(RUNS)]
# By a relative path: the workers are in another folder.
SWEEP = """
import os
from pathlib import Path
from apps.runs.backends import workers
from apps.runs.sweep import run_sweep
recipes, backend, address, folder = arguments
os.chdir(folder)
with workers(backend, address, 1) as jobs:
    assert jobs == 2, jobs  # the cluster's cores
    run_sweep(recipes, Path("runs"), jobs=jobs, checkpoint_seconds=0)
"""
DASK = """
import os
from importlib import import_module
command, *options, folder = arguments
os.chdir(folder)
os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
import_module(f"distributed.cli.dask_{command}").main(options)
"""
RAY = """
import sys
from ray.cluster_utils import Cluster
cluster = Cluster(
    initialize_head=True,
    head_node_args={"num_cpus": 2, "include_dashboard": False, "object_store_memory": 10**8},
)
print("address", cluster.address, flush=True)
sys.stdin.read()
cluster.shutdown()
"""


def records(runs: Path) -> dict[str, tuple[int, int]]:
    """Each finished run, and what changes when it is made again."""
    stats = ((path.parent.name, path.stat()) for path in runs.glob("*/record.json"))
    return {name: (stat.st_mtime_ns, stat.st_ino) for name, stat in stats}


def eventually(found: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + 180
    while not (thing := found()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return thing


def begins(sweep: Process, runs: Path, seconds: float = 120) -> bool:
    """Whether a run is begun in time."""
    deadline = time.monotonic() + seconds
    while not any(runs.glob("*/config.json")):
        if time.monotonic() > deadline:
            return False
        assert sweep.is_alive()
        time.sleep(0.02)
    return True


@contextmanager
def killed_at_the_end(process: Process) -> Iterator[Process]:
    try:
        yield process
    finally:
        process.kill()
        process.join()


def check_a_sweep_survives(
    backend: str,
    address: str,
    folder: Path,
    forked: Callable[..., Process],
    kill_a_worker: Callable[[], None],
) -> bool:
    """Kill a worker when two runs are finished; all the rest must be made, once and right.

    False where the cluster has not begun a run in time.
    """
    runs = folder / "runs"
    # One run cannot be made before the kill: this process has its folder.
    held = FileLock(runs / RECIPES[-1].label / ".lock")
    Path(held.lock_file).parent.mkdir(parents=True)
    with killed_at_the_end(forked(SWEEP, RECIPES, backend, address, folder)) as sweep:
        with held:
            if not begins(sweep, runs):
                return False
            eventually(lambda: not sweep.is_alive() or len(records(runs)) >= 2)
            assert sweep.is_alive()
            kill_a_worker()
            before = records(runs)
            assert 2 <= len(before) < RUNS
        sweep.join(180)
        assert sweep.exitcode == 0
    made = records(runs)
    assert len(made) == RUNS
    assert before.items() <= made.items()
    for name in made:
        whole = train_run(RunFolder(runs / name).recipe, folder / "whole" / name)
        for file in RESULTS:
            assert (runs / name / file).read_bytes() == (whole.path / file).read_bytes()
        left, right = ({f.name for f in p.iterdir()} - {".lock"} for p in (runs / name, whole.path))
        assert left == right
    return True


def test_a_sweep_on_dask_goes_on_when_a_worker_is_killed(
    tmp_path: Path, forked: Callable[..., Process]
) -> None:
    def start(command: str, *options: str) -> AbstractContextManager[Process]:
        common = ("--scheduler-file", str(file), "--no-dashboard")
        return killed_at_the_end(forked(DASK, command, *common, *options, tmp_path))

    file = tmp_path / "scheduler.json"
    worker = ("worker", "--no-nanny", "--nthreads", "1", "--local-directory", str(tmp_path))
    with start("scheduler", "--host", "127.0.0.1", "--port", "0"):
        eventually(file.exists)
        with start(*worker) as first, start(*worker):
            address = eventually(lambda: two_workers(file))
            assert check_a_sweep_survives("dask", address, tmp_path, forked, first.kill)
            first.join()
            assert first.exitcode == -signal.SIGKILL


def two_workers(file: Path) -> str:
    import distributed

    address = json.loads(file.read_text())["address"]
    with distributed.Client(address) as client:
        client.wait_for_workers(2, timeout=60)
    return address


@pytest.mark.nightly
def test_a_sweep_on_ray_goes_on_when_a_worker_is_killed(
    tmp_path: Path, forked: Callable[..., Process]
) -> None:
    pytest.importorskip("ray", reason="ray is not installed: nox -s dev has it, nox -s house not")
    psutil = pytest.importorskip("psutil")
    # On a machine that is busy while it starts, ray may never give a worker: another cluster then.
    for attempt in range(3):
        if survives_on_ray(tmp_path / str(attempt), forked, psutil):
            return
    pytest.fail("three clusters of ray have not begun a run")


def survives_on_ray(folder: Path, forked: Callable[..., Process], psutil: Any) -> bool:
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen([sys.executable, "-c", RAY], text=True, **pipes) as cluster:

        def kill_a_worker() -> None:
            children = psutil.Process(cluster.pid).children(recursive=True)
            actors = [child for child in children if "PoolActor" in "".join(child.cmdline())]
            assert len(actors) == 2
            os.kill(actors[0].pid, signal.SIGKILL)

        address = next(line.split()[1] for line in cluster.stdout if line.startswith("address"))
        try:
            return check_a_sweep_survives("ray", address, folder, forked, kill_a_worker)
        finally:
            cluster.communicate("", timeout=60)
