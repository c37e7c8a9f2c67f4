import doctest
from importlib import import_module

import pytest

import nashae_core

MODULES = {getattr(nashae_core, name).__module__ for name in nashae_core.__all__}


@pytest.mark.parametrize("name", sorted(m for m in MODULES if m.startswith("nashae_core")))
def test_the_examples_of_the_docstrings_run(name):
    assert doctest.testmod(import_module(name)).failed == 0


def test_entry_points_have_an_example():
    names = "NashAE train encode train_many count_factors align_axes train_pruned save_weights"
    assert all(">>>" in getattr(nashae_core, name).__doc__ for name in names.split())
