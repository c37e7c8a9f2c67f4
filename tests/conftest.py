"""What every file of tests starts from."""

import multiprocessing
from collections.abc import Callable, Iterator
from multiprocessing.context import ForkServerProcess

import pytest
import torch


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Bits may depend on the number of threads."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def everything_counts_as_trained(monkeypatch: pytest.MonkeyPatch) -> None:
    """For whole commands whose runs are too short to be."""
    monkeypatch.setattr("apps.reproduce.trained.is_trained", lambda _: True)
    monkeypatch.setattr("apps.reproduce.__main__.is_trained", lambda _: True)


@pytest.fixture(scope="session")
def forked() -> Callable[..., ForkServerProcess]:
    """Start Python code, which has its `arguments`, in a process of its own.

    It is forked from one that has torch and the apps, whose import takes seconds each time.
    """
    context = multiprocessing.get_context("forkserver")
    modules = ["apps.reproduce.sweep", "torch._dynamo", "distributed.cli.dask_worker"]
    context.set_forkserver_preload(modules)

    def start(code: str, *arguments: object) -> ForkServerProcess:
        process = context.Process(target=exec, args=(code, {"arguments": arguments}))
        process.start()
        return process

    return start
