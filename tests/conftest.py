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
    monkeypatch.setattr("apps.runs.trained.is_trained", lambda _: True)
    monkeypatch.setattr("apps.reproduce.table.is_trained", lambda _: True)


# In a process group of its own, whose workers need not import all anew either.
FORKED = """
import os, signal, warnings
from joblib.externals.loky import get_reusable_executor
from joblib.externals.loky.backend.context import set_start_method

os.setsid()
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background may ignore Ctrl-C
warnings.filterwarnings("ignore", "`fork` start method")
set_start_method("fork")
try:
    exec(code, {"arguments": arguments})
finally:
    get_reusable_executor().shutdown()  # else the process waits for its idle workers
"""


@pytest.fixture(scope="session")
def forked() -> Callable[..., ForkServerProcess]:
    """Start Python code, which has its `arguments`, in a process of its own.

    It is forked from one that has torch and the apps, whose import takes seconds each time.
    """
    context = multiprocessing.get_context("forkserver")
    # The second is imported by an optimiser.
    modules = ["apps.runs.sweep", "torch._dynamo", "matplotlib.pyplot", "nashae_metrics"]
    context.set_forkserver_preload([*modules, "distributed.cli.dask_worker"])

    def start(code: str, *arguments: object) -> ForkServerProcess:
        names = {"code": code, "arguments": arguments}
        process = context.Process(target=exec, args=(FORKED, names))
        process.start()
        return process

    return start
