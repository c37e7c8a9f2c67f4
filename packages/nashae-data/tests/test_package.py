import importlib
import pkgutil
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np

import nashae_data

README = Path(__file__).parents[1] / "README.md"


def test_every_module_imports():
    modules = [module.name for module in pkgutil.iter_modules(nashae_data.__path__)]
    assert "waveforms" in modules
    for name in modules:
        importlib.import_module(f"nashae_data.{name}")


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
    make, read = re.findall(r"```python\n(.*?)```", README.read_text(), flags=re.DOTALL)
    exec(make, {})
    shown = re.search(r"prints `(.*?)`", README.read_text())
    assert shown is not None
    assert capsys.readouterr().out == shown[1] + "\n"
    read_in: dict[str, object] = {}
    exec(read, read_in)
    np.testing.assert_array_equal(read_in["dataset"].values, published.values)
