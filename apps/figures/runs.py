"""What the figures read from run folders, and how they label it."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from apps.runs.folder import RunFolder
from nashae_metrics import LearnedLatents, learned_latents

Array = npt.NDArray[Any]
UNITS = {"frequency": " Hz"}


def run_titles(runs: Sequence[RunFolder], *, seeds: bool = True) -> list[str]:
    """The titles of runs in one figure, with m and the seed if these differ."""
    several_sizes = len({run.recipe.latents for run in runs}) > 1
    names = [
        run.recipe.title + (f", m = {run.recipe.latents}" if several_sizes else "") for run in runs
    ]
    if not seeds or len(set(names)) == len(names):
        return names
    return [f"{name}, seed {run.recipe.seed}" for name, run in zip(names, runs, strict=True)]


def code_array(run: RunFolder, name: str) -> Array:
    """One array of the run's `codes.npz`; `ValueError` names the folder if it is absent."""
    if name not in run.codes:
        raise ValueError(f"{run.path} has no {name} in codes.npz; it has {sorted(run.codes)}")
    return run.codes[name]


def learned(run: RunFolder) -> LearnedLatents:
    """The run's learned latents, by the rule of its method."""
    codes = code_array(run, "codes")
    variances = run.codes.get("variances")
    return learned_latents(codes, rule=run.recipe.method_record.counting_rule, variances=variances)


def shows_images(run: RunFolder) -> bool:
    """Whether the run is on images."""
    return run.recipe.data_set.inputs.images


def has_factors(run: RunFolder) -> bool:
    """Whether the run's data have factors."""
    source = run.recipe.source
    return "attributes" not in run.codes and (source is None or source.labels == "factors")


def starting_row(run: RunFolder, row: int | None) -> int:
    """The observation `row`, or by default the one nearest to the median code.

    Raises `ValueError` if `row` is not in 0 ... n − 1.
    """
    codes = code_array(run, "codes")
    if row is None:
        return int(np.square(codes - np.median(codes, axis=0)).sum(1).argmin())
    if not 0 <= row < len(codes):
        last = len(codes) - 1
        raise ValueError(f"row must be in 0 ... {last}, the observations of {run.path}; got {row}")
    return row


def check_latents(run: RunFolder, latents: Sequence[int]) -> None:
    """Raise `ValueError` unless there is a latent, and all are in 0 ... m − 1."""
    last = code_array(run, "codes").shape[1] - 1
    if not latents or not all(0 <= latent <= last for latent in latents):
        raise ValueError(f"latents must be in 0 ... {last}, those of {run.path}; got {latents}")


def decoder(run: RunFolder) -> Callable[[Array], Array]:
    """A function from codes (k, m) to the run's observations: (k, samples), or images (k, ...)."""
    model = run.model()
    dtype = next(model.parameters()).dtype

    def decode(codes: Array) -> Array:
        with torch.no_grad():
            decoded = model.decode(torch.as_tensor(codes, dtype=dtype))
        return run.recipe.data_set.inputs.decoded(decoded)

    return decode


def moved(code: Array, latent: int, values: Array) -> Array:
    """Copies (k, m) of a code (m,), with one latent set to each of `values` (k,)."""
    codes = np.tile(code, (len(values), 1))
    codes[:, latent] = values
    return codes


def spelled(name: str) -> str:
    """The name of a factor or a term in words."""
    return name.replace("_", " ")


def axis_label(factor: str) -> str:
    """A factor's name with its unit."""
    unit = UNITS.get(factor, "").strip()
    return f"{spelled(factor)} ({unit})" if unit else spelled(factor)


def level(factor: str, value: float) -> str:
    """One value of a factor with its unit: 10 Hz."""
    return f"{value:g}{UNITS.get(factor, '')}"
