import dataclasses
import doctest
import importlib
import pkgutil
import subprocess
import sys
from importlib.metadata import version

import numpy as np
import pytest

import nashae_metrics


def test_every_module_imports():
    modules = pkgutil.walk_packages(nashae_metrics.__path__, "nashae_metrics.")
    names = [module.name for module in modules]
    assert "nashae_metrics.attributes.tad" in names
    for name in names:
        importlib.import_module(name)


def test_the_examples_run():
    modules = pkgutil.walk_packages(nashae_metrics.__path__, "nashae_metrics.")
    results = [doctest.testmod(importlib.import_module(module.name)) for module in modules]
    assert sum(result.failed for result in results) == 0
    assert sum(result.attempted for result in results) > 30


def test_the_public_names_are_there():
    assert nashae_metrics.__version__ == version("nashae-metrics")
    for name in nashae_metrics.__all__:
        assert hasattr(nashae_metrics, name)


def test_importing_brings_neither_torch_nor_the_slow_libraries():
    slow = "{'torch', 'sklearn', 'scipy'}"
    code = f"import sys, nashae_metrics; print(sorted({slow} & set(sys.modules)))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_results_are_frozen_and_print_their_score():
    result = nashae_metrics.learned_latents(np.eye(2))
    with pytest.raises(dataclasses.FrozenInstanceError):
        result.score = 3
    assert "score=2" in repr(result)
