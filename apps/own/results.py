"""What is said of runs on data of one's own."""

import math
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
def explained(run: RunFolder) -> tuple[float | None, float | None]:
    """The share of the variance that reconstructions explain, trained on and held out.

    None for a model without a decoder of its codes, where nothing was held out, and of observations
    that are all the mean one.
    """
    recipe = run.recipe
    if recipe.source is None:
        raise ValueError(f"{run.path} must be a run on data of one's own; got {recipe.data}")
    model = run.model()
    if not hasattr(model, "decode"):
        return None, None
    observations = recipe.data_set.inputs.of(run.data().observations, "cpu")
    trained, tested = (observations[rows[evenly(len(rows), MOST)]] for rows in recipe.source.rows)
    mean = trained.mean(0)

    def share(x: torch.Tensor) -> float | None:
        total = float((x - mean).double().square().sum())
        if not total:  # also of no observations
            return None
        pieces = torch.split(x, 200)
        errors = (model.decode(model.encode(piece)) - piece for piece in pieces)
        return 1.0 - sum(float(error.double().square().sum()) for error in errors) / total

    return share(trained), share(tested)


def finite_scores(run: RunFolder) -> dict[str, float | None]:
    """The score of each metric that applies; None for an infinite one, of which JSON has none."""
    rows = evaluated(run).rows
    return {row.metric: row.score if math.isfinite(row.score) else None for row in rows}


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
    shares = dict(zip(("explained", "explained_held_out"), explained(run), strict=True))
    return {
        "folder": str(run.path),
        "method": recipe.title,
        "networks": recipe.source.kind if recipe.source else "",
        "latents": recipe.latents,
        "learned": int(learned(run).score),
        **{name: None if share is None else round(share, 4) for name, share in shares.items()},
    }
