"""What decides a run beside its recipe: versions, networks, inputs."""

import platform
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from importlib.metadata import version
from typing import Any

import torch

from apps.recipes import AnyRecipe
from nashae_core.descriptions import ABSENT, as_json, first_difference

# A run made by another version of one of these is stale. Other versions are only recorded.
OURS = ("nashae-core", "nashae-data", "nashae-baselines")
PACKAGES = ("nashae-core", "nashae-data", "nashae-metrics", "nashae-baselines", "torch", "numpy")


def made_by(recipe: AnyRecipe) -> dict[str, Any]:
    """What decides a run beside its recipe, as `config.json` keeps it.

    The networks are described by their layers and by the root mean square of their initial
    parameters at seed 0, because activations and gains are not part of a recipe.
    """
    return {
        "versions": versions(),
        "networks": _networks(replace(recipe, seed=0)),
        "inputs": recipe.data_set.input_scale(),
    }


@cache
def _networks(recipe: AnyRecipe) -> dict[str, str]:
    model = recipe.build(torch.Generator().manual_seed(recipe.seed))
    weights = model.state_dict().items()
    size = {name: tensor.double().square().mean().sqrt() for name, tensor in weights}
    first = {name: f"root mean square {number:.3g}" for name, number in size.items()}
    modules = {
        name: f"{type(module).__name__}({module.extra_repr()})"
        for name, module in model.named_modules()
        if not isinstance(module, torch.nn.ParameterList)
    }
    return modules | first


def made_by_difference(
    versions: Mapping[str, str],
    networks: Mapping[str, str],
    inputs: Mapping[str, Any],
    recipe: AnyRecipe,
) -> str:
    """The first difference from what decides the recipe's runs now, in words; "" if none."""
    now = as_json(made_by(recipe))
    change = first_difference(
        {**_ours(versions), "networks": networks, "inputs": inputs},
        {**_ours(now["versions"]), "networks": now["networks"], "inputs": now["inputs"]},
    )
    return "{} {}, now {}".format(*change) if change else ""


def _ours(versions: Mapping[str, str]) -> dict[str, str]:
    return {name: versions.get(name, ABSENT) for name in OURS}


def versions() -> dict[str, str]:
    """The versions that a run's numbers depend on."""
    return {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}}
