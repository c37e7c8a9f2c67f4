"""Training settings and optimisers: those of our recipes and of the authors' notebooks."""

import inspect
import json
import re
from pathlib import Path
from typing import Any

import torch

from apps.conformance.authors.code import AuthorsCode, authors_model
from apps.recipes import AnyRecipe, DataName
from nashae_core import NashAEConfig

NAMES: dict[DataName, str] = {
    "beamsynthesis": "beamsynthesis",
    "dsprites": "dsprites",
    "synthetic-faces": "celeba",
    "celeba": "celeba",
}


def cells(authors: Path, notebook: str) -> list[str]:
    """The code cells of one of their notebooks."""
    read = json.loads((authors / f"{notebook}.ipynb").read_text(encoding="utf-8"))
    return ["".join(c["source"]) for c in read["cells"] if c["cell_type"] == "code"]


def their_settings(code: AuthorsCode, authors: Path, recipe: AnyRecipe) -> dict[str, float]:
    """Steps, batch and learning rate of the notebook for the method and data of `recipe`."""
    kind = "ae" if isinstance(recipe.method, NashAEConfig) else "vae"
    source = "\n".join(cells(authors, f"{kind}_script_{NAMES[recipe.data]}"))
    lr = _number(r"^lr = ([\d.e-]+)", source)
    other = re.search(r"should be ([\d.e-]+) if the model is FACTOR_VAE", source)
    if other and recipe.method_name == "factor-vae":
        lr = float(other[1])
    default = inspect.signature(code.models.AutoEncoder.fit).parameters["batch_per_group"].default
    groups = _number(r"ae\.fit\(dataset, (\d+)", source)
    per_group = re.search(r"batch_per_group=(\d+)", source)
    return {
        "steps": groups * (int(per_group[1]) if per_group else default),
        "batch": _number(r"^batch_size = (\d+)", source),
        "rate": lr,
    }


def our_settings(recipe: AnyRecipe) -> dict[str, float]:
    """The same of a recipe."""
    method = recipe.method
    rate = method.autoencoder_lr if isinstance(method, NashAEConfig) else method.lr
    return {"steps": recipe.train.steps, "batch": recipe.train.batch_size, "rate": rate}


def optimisers(code: AuthorsCode, recipe: AnyRecipe) -> list[str]:
    """Differences between the optimisers of the two sides, beyond those of the settings."""
    theirs, rate = authors_model(code, recipe), our_settings(recipe)["rate"]
    method = recipe.method
    rates = [rate, method.predictor_lr] if isinstance(method, NashAEConfig) else [rate]
    theirs.init_optim_objects(*rates)
    players = {"autoencoder": "ae_optim", "vae": "ae_optim"}
    players |= {"predictors": "preds_optim", "discriminator": "disc_optim"}
    differences = []
    for player, ours in recipe.build(torch.Generator().manual_seed(0)).optimizers().items():
        plain = getattr(theirs, players[player])
        for name, value in plain.defaults.items():
            given = ours.defaults.get(name, _DEFAULTS.get(name))
            if given != value:
                differences.append(f"{player}: {name} is {value} there and {given} here")
    return differences


# PyTorch's defaults of what our optimisers do not offer.
_DEFAULTS: dict[str, Any] = {
    "amsgrad": False,
    "capturable": False,
    "decoupled_weight_decay": False,
    "differentiable": False,
    "foreach": None,
    "fused": None,
    "initial_accumulator_value": 0,
    "lr_decay": 0,
    "maximize": False,
    "weight_decay": 0,
}


def _number(pattern: str, source: str) -> float:
    match = re.search(pattern, source, re.MULTILINE)
    if match is None:
        raise ValueError(f"authors must hold notebooks with {pattern}: their code has changed")
    return float(match[1])
