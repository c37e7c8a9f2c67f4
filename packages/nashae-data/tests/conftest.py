from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

# The same examples on every machine, however slow it is, and no folder of them left behind.
settings.register_profile("same", deadline=None, derandomize=True, database=None)
settings.load_profile("same")

# The package is imported late: the hook for shapes and types has to come before it.


@pytest.fixture(scope="session")
def published():
    """The 360 waveforms of the paper."""
    from nashae_data import beamsynthesis

    return beamsynthesis()


@pytest.fixture(scope="session")
def few():
    """Six waveforms with levels that the paper has not; three decimals hold them."""
    from nashae_data import beamsynthesis

    return beamsynthesis(frequencies=(12.5, 40), duty_cycles=(0.1, 0.333, 0.9))


@pytest.fixture
def made(tmp_path) -> Callable[[str], Path]:
    """Writes a small file in the true format of a reader (of layouts.CASES) and gives its path."""
    from layouts import CASES

    def make(reader: str) -> Path:
        path = tmp_path / CASES[reader].name
        CASES[reader].write(path)
        return path

    return make
