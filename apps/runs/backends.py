"""Where a sweep runs: processes on this machine, or a cluster of dask or ray."""

from collections.abc import Iterator
from concurrent.futures import BrokenExecutor
from contextlib import contextmanager
from importlib import import_module
from typing import Any, Literal

import joblib  # type: ignore[import-untyped]

Backend = Literal["loky", "dask", "ray"]
LOST = "workers were killed: give the same command again, which resumes all unfinished runs"


@contextmanager
def workers(backend: Backend, address: str | None, jobs: int) -> Iterator[int]:
    """Make `joblib.Parallel` run on a backend; yields the number of runs at a time.

    Args:
        backend: loky for processes on this machine, dask or ray for a cluster.
        address: Of the cluster; None for loky.
        jobs: Runs at a time with loky; a cluster has one on each of its cores.

    Raises:
        ValueError: The backend is not installed, or `address` does not fit it.
        OSError: No cluster answers.
        RuntimeError: Workers were killed.
    """
    if (address is None) != (backend == "loky"):
        raise ValueError(f"dask and ray need an address, loky takes none; got {backend}, {address}")
    match backend:
        case "loky":
            try:
                yield jobs
            except BrokenExecutor as error:
                raise RuntimeError(LOST) from error
        case "dask":
            distributed = _installed("distributed", backend)
            with distributed.Client(address, timeout=10) as client:
                client.wait_for_workers(1, timeout=10)
                try:
                    with joblib.parallel_config("dask", client=client):
                        yield sum(client.ncores().values())
                except distributed.KilledWorker as error:  # a run that killed several workers
                    raise RuntimeError(LOST) from error
        case "ray":
            ray = _installed("ray", backend)
            _installed("ray.util.joblib", backend).register_ray()
            ray.init(address=address, log_to_driver=False)
            # By default ray does not restart a run whose worker was killed.
            again = {"max_restarts": -1, "max_task_retries": -1, "scheduling_strategy": "SPREAD"}
            try:
                with joblib.parallel_config("ray", ray_remote_args=again):
                    yield int(ray.cluster_resources()["CPU"])
            except ray.exceptions.RayError as error:
                raise RuntimeError(LOST) from error
            finally:
                ray.shutdown()


def _installed(module: str, extra: str) -> Any:
    try:
        return import_module(module)
    except ImportError as error:
        raise ValueError(
            f"the backend {extra} is not installed: pip install -e '.[{extra}]'"
        ) from error
