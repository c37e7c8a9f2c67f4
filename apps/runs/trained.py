"""Which runs count as trained: those that reconstruct better than the mean observation does.

The others say nothing about their method, and no table includes them in a number.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from torch.nn import functional as F

from apps.runs.folder import RunFolder
from apps.runs.rows import Row
from nashae_baselines.losses import LOG_2PI
from nashae_core.observations.access import evenly

# The mean observation and its error are computed from at most so many, evenly spaced.
MOST = 5000


def errors(folder: RunFolder) -> Row:
    """The fields `error`, a run's reconstruction error, and `mean_error`, the mean observation's.

    Both are means over elements, of ½·(x′ − x)² of the networks' inputs, or of nats with the
    Bernoulli likelihood; at the end of training, with sampled codes for VAEs. Both are None for
    methods without reconstructions.
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
    """Whether the run's error is below that of the mean observation."""
    return row["error"] is None or row["error"] < row["mean_error"]


def trained(rows: Iterable[Row]) -> list[Row]:
    """The rows of trained runs."""
    return [row for row in rows if is_trained(row)]


def untrained(rows: Iterable[Row]) -> list[Row]:
    """The rows of runs that do not count as trained, the worst first."""
    failed = [row for row in rows if not is_trained(row)]
    return sorted(failed, key=lambda row: row["mean_error"] / row["error"])
