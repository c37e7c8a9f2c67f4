"""What every file of tests starts from."""

from collections.abc import Iterator

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
