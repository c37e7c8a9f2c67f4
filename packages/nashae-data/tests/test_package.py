import doctest
import importlib
import pkgutil
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest

import nashae_data

README = Path(__file__).parents[1] / "README.md"


MODULES = [module.name for module in pkgutil.walk_packages(nashae_data.__path__, "nashae_data.")]


@pytest.mark.parametrize("name", MODULES)
def test_every_module_imports_and_the_examples_in_its_docstrings_are_true(name):
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_the_modules_are_those_of_every_room():
    rooms = ("cli", "files.atomic", "observations.disk", "records.dataset", "sets.cars3d")
    assert {f"nashae_data.{room}" for room in rooms} < {*MODULES}


def test_all_names_are_there():
    assert all(hasattr(nashae_data, name) for name in nashae_data.__all__)
    assert nashae_data.__version__ == version("nashae-data")


def test_import_brings_neither_torch_nor_scipy_signal():
    # scipy.signal alone takes longer to load than all the rest.
    code = "import sys, nashae_data; print({'torch', 'scipy.signal'} & {*sys.modules})"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "set()\n"


def test_the_readme_is_true(tmp_path, monkeypatch, capsys, published):
    monkeypatch.chdir(tmp_path)
    nashae_data.save_dataset(published, "beamsynthesis.zip")
    text = README.read_text()
    blocks = re.findall(r"```python\n(.*?)```\s*(?:prints `(.*?)`)?", text, flags=re.DOTALL)
    assert len(blocks) >= 6
    names: dict[str, object] = {}
    for at, (block, shown) in enumerate(blocks, 1):
        exec(compile(block, f"README.md, block {at}", "exec"), names)
        assert capsys.readouterr().out == (f"{shown}\n" if shown else "")
    np.testing.assert_array_equal(names["waveforms"].values, published.values)
