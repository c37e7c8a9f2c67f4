import importlib
import pkgutil
from importlib.metadata import version

import pytest

import nashae_core

MODULES = [module.name for module in pkgutil.walk_packages(nashae_core.__path__, "nashae_core.")]


@pytest.mark.parametrize("name", MODULES)
def test_every_module_imports(name):
    assert importlib.import_module(name).__doc__


def test_all_names_what_there_is():
    assert len(MODULES) >= 13
    assert all(hasattr(nashae_core, name) for name in nashae_core.__all__)


def test_the_version_is_the_distributions():
    assert nashae_core.__version__ == version("nashae-core")
