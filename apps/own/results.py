"""What is said of runs on data of one's own."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from apps.figures.runs import learned
from apps.runs.folder import RunFolder
from nashae_core.observations.access import evenly
from nashae_metrics import Evaluation, evaluate, udr

# Observations from which explained variances are worked out, at most.
MOST = 5000
# A factor with more values is cut into as many classes.
CLASSES = 20


@torch.no_grad()
def explained(run: RunFolder, *, held_out: bool) -> float | None:
    """The share of the variance that reconstructions explain, of the mean observation's error.

    None for a model without a decoder of its codes, and where nothing was held out.
    """
    recipe = run.recipe
    if recipe.source is None:
        raise ValueError(f"{run.path} must be a run on data of one's own; got {recipe.data}")
    trained, tested = recipe.source.rows
    model, inputs = run.model(), recipe.data_set.inputs
    observations = inputs.of(run.data().observations, "cpu")
    rows = tested if held_out else trained
    if not len(rows) or not hasattr(model, "decode"):
        return None
    mean = observations[trained[evenly(len(trained), MOST)]].mean(0)
    x = observations[rows[evenly(len(rows), MOST)]]
    error = sum(
        float((model.decode(model.encode(piece)) - piece).double().square().sum())
        for piece in torch.split(x, 200)
    )
    return 1.0 - error / float((x - mean).double().square().sum())


def evaluated(run: RunFolder, seed: int = 0) -> Evaluation:
    """All metrics that apply to a run's codes, its active latents counted by its method's rule."""
    codes = run.codes
    truth: dict[str, Any] = {}
    if "values" in codes:
        truth = {"factors": codes["values"]}
        if any(len(np.unique(column)) > CLASSES for column in codes["values"].T):
            truth["factor_bins"] = CLASSES
    elif "attributes" in codes:
        truth = {"attributes": codes["attributes"]}
    active = learned(run).active
    return evaluate(
        codes["codes"],
        **truth,
        predictions=codes.get("predictions"),
        active=active if active.any() else None,
        rng=np.random.default_rng(seed),
    )


def agreement(runs: Sequence[RunFolder]) -> float | None:
    """How far runs that differ by their seed alone agree (UDR); None for fewer than two.

    Source: Duan et al. 2020 (https://arxiv.org/abs/1905.12614).
    """
    if len(runs) < 2:
        return None
    return udr([run.codes["codes"] for run in runs], active=[learned(r).active for r in runs]).score


def result(run: RunFolder) -> dict[str, Any]:
    """What a run found, in a few lines."""
    recipe = run.recipe
    shares = {
        "explained": explained(run, held_out=False),
        "explained_held_out": explained(run, held_out=True),
    }
    return {
        "folder": str(run.path),
        "method": recipe.title,
        "networks": recipe.source.kind if recipe.source else "",
        "latents": recipe.latents,
        "learned": int(learned(run).score),
        **{name: None if share is None else round(share, 4) for name, share in shares.items()},
    }
