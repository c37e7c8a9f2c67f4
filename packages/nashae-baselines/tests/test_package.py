import doctest
import importlib
import pkgutil
from importlib.metadata import version

import pytest

import nashae_baselines

PATH = nashae_baselines.__path__
MODULES = [module.name for module in pkgutil.walk_packages(PATH, "nashae_baselines.")]


@pytest.mark.parametrize("name", MODULES)
def test_every_module_imports(name):
    assert importlib.import_module(name).__doc__


def test_the_public_names_are_there():
    assert {"nashae_baselines.losses", "nashae_baselines.vae"} <= set(MODULES)
    assert all(callable(getattr(nashae_baselines, name)) for name in nashae_baselines.__all__)


def test_the_version_is_the_distributions():
    assert nashae_baselines.__version__ == version("nashae-baselines")


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_in_the_docstrings_are_true(name):
    assert doctest.testmod(importlib.import_module(name)).failed == 0
