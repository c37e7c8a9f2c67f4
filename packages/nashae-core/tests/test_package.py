import importlib
import pkgutil
from importlib.metadata import version

import pytest

import nashae_core

MODULES = [module.name for module in pkgutil.walk_packages(nashae_core.__path__, "nashae_core.")]


# What the modules of extras need, which is not installed where the package is tested alone.
EXTRAS = {"nashae_core.hub": "huggingface_hub", "nashae_core.sklearn": "sklearn"}


@pytest.mark.parametrize("name", MODULES)
def test_every_module_imports(name):
    if name in EXTRAS:
        pytest.importorskip(EXTRAS[name])
    assert importlib.import_module(name).__doc__


def test_all_names_what_there_is():
    assert len(MODULES) >= 13
    assert all(hasattr(nashae_core, name) for name in nashae_core.__all__)


def test_the_version_is_the_distributions():
    assert nashae_core.__version__ == version("nashae-core")
