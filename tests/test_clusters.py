"""A sweep on a real cluster of this machine, one of whose workers is killed in the middle."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from apps.run_folder import RunFolder
from apps.train import train_run

RUNS = 8
RESULTS = ("weights.safetensors", "history.npz", "codes.npz")
SWEEP = f"""
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any
from apps.reproduce.backends import workers
from apps.reproduce.sweep import recipe, run_sweep
from nashae_core import TrainConfig
recipes = [
    replace(recipe("nashae", 0.2, 4, seed), train=TrainConfig(steps=100)) for seed in range({RUNS})
]
with workers(sys.argv[1], sys.argv[2], 1) as jobs:
    assert jobs == 2, jobs  # the cluster's cores
    run_sweep(recipes, Path(sys.argv[3]), jobs=jobs, checkpoint_seconds=0)
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


@contextmanager
def process(*arguments: str, **options: object) -> Iterator[subprocess.Popen]:
    with subprocess.Popen([sys.executable, *arguments], text=True, **options) as started:
        try:
            yield started
        finally:
            started.kill()


def begins(sweep: subprocess.Popen, runs: Path, seconds: float = 60) -> bool:
    """Whether a run is begun in time."""
    deadline = time.monotonic() + seconds
    while not any(runs.glob("*/config.json")):
        if time.monotonic() > deadline:
            return False
        assert sweep.poll() is None
        time.sleep(0.02)
    return True


def check_a_sweep_survives(
    backend: str, address: str, folder: Path, kill_a_worker: Callable[[], None]
) -> bool:
    """Kill a worker when two runs are finished; all the rest must be made, once and right.

    False where the cluster has not begun a run in time.
    """
    runs = folder / "runs"
    folder.mkdir(exist_ok=True)
    # By a relative path: the workers are in another folder.
    with process("-c", SWEEP, backend, address, "runs", cwd=folder) as sweep:
        if not begins(sweep, runs):
            return False
        eventually(lambda: sweep.poll() is not None or len(records(runs)) >= 2)
        assert sweep.poll() is None
        kill_a_worker()
        before = records(runs)
        assert 2 <= len(before) < RUNS
        assert sweep.wait(180) == 0
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


def test_a_sweep_on_dask_goes_on_when_a_worker_is_killed(tmp_path: Path) -> None:
    file = tmp_path / "scheduler.json"
    scheduler = ["-m", "distributed.cli.dask_scheduler", "--scheduler-file", str(file)]
    scheduler += ["--host", "127.0.0.1", "--port", "0", "--no-dashboard"]
    worker = ["-m", "distributed.cli.dask_worker", "--scheduler-file", str(file), "--no-nanny"]
    worker += ["--nthreads", "1", "--no-dashboard", "--local-directory", str(tmp_path)]
    quiet = {"stderr": subprocess.DEVNULL, "cwd": tmp_path}
    with process(*scheduler, **quiet):
        eventually(file.exists)
        with process(*worker, **quiet) as first, process(*worker, **quiet):
            address = eventually(lambda: two_workers(file))
            assert check_a_sweep_survives("dask", address, tmp_path, first.kill)
            assert first.wait() == -signal.SIGKILL


def two_workers(file: Path) -> str:
    import distributed

    address = json.loads(file.read_text())["address"]
    with distributed.Client(address) as client:
        client.wait_for_workers(2, timeout=60)
    return address


@pytest.mark.nightly
def test_a_sweep_on_ray_goes_on_when_a_worker_is_killed(tmp_path: Path) -> None:
    pytest.importorskip("ray", reason="ray is not installed: nox -s dev has it, nox -s house not")
    psutil = pytest.importorskip("psutil")
    # On a machine that is busy while it starts, ray may never give a worker: another cluster then.
    for attempt in range(3):
        if survives_on_ray(tmp_path / str(attempt), psutil):
            return
    pytest.fail("three clusters of ray have not begun a run")


def survives_on_ray(folder: Path, psutil: Any) -> bool:
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with process("-c", RAY, **pipes) as cluster:

        def kill_a_worker() -> None:
            children = psutil.Process(cluster.pid).children(recursive=True)
            actors = [child for child in children if "PoolActor" in "".join(child.cmdline())]
            assert len(actors) == 2
            os.kill(actors[0].pid, signal.SIGKILL)

        address = next(line.split()[1] for line in cluster.stdout if line.startswith("address"))
        try:
            return check_a_sweep_survives("ray", address, folder, kill_a_worker)
        finally:
            cluster.communicate("", timeout=60)
