"""Which runs are trained: those whose reconstructions beat the mean observation.

A run that is not says nothing of its method, so no table takes it into a number.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from torch.nn import functional as F

from apps.runs.folder import RunFolder
from apps.runs.rows import Row
from nashae_baselines.losses import LOG_2PI
from nashae_core.observations.access import evenly

# The mean observation and its error are those of so many, evenly spaced.
MOST = 5000


def errors(folder: RunFolder) -> Row:
    """The error of a run's reconstructions, and that of the mean observation, in the same unit.

    ½·(x′ − x)² of the observations as the networks see them, or with the Bernoulli likelihood nats,
    each the mean over elements; of VAEs by sampled codes, at the end of training. None for both
    where a method reconstructs nothing.
    """
    record, recipe = folder.record, folder.recipe
    observations = recipe.data_set.inputs.of(folder.data().observations, "cpu")
    x = observations[evenly(len(observations), MOST)]
    mean = x.mean(0).expand_as(x)
    if getattr(recipe.method, "likelihood", None) == "bernoulli":
        error = record["nll"] / x[0].numel()
        return {"error": error, "mean_error": float(F.binary_cross_entropy(mean, x))}
    mean_error = 0.5 * float(F.mse_loss(mean, x))
    if "nll" in record:  # of a Gaussian of unit variance
        return {"error": record["nll"] / x[0].numel() - 0.5 * LOG_2PI, "mean_error": mean_error}
    error = record.get("reconstruction_loss")
    return {"error": error, "mean_error": None if error is None else mean_error}


def is_trained(row: Mapping[str, Any]) -> bool:
    """Whether the error of a row's run is below that of the mean observation."""
    return row["error"] is None or row["error"] < row["mean_error"]


def trained(rows: Iterable[Row]) -> list[Row]:
    """The rows that may be compared."""
    return [row for row in rows if is_trained(row)]


def untrained(rows: Iterable[Row]) -> list[Row]:
    """The rows that are of runs that are not trained, the worst first."""
    left_out = [row for row in rows if not is_trained(row)]
    return sorted(left_out, key=lambda row: row["mean_error"] / row["error"])
