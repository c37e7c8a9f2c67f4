"""One run, from a recipe to its folder."""

import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from apps.recipes import AnyRecipe, Model, load_data, normalise
from apps.run_folder import CHECKPOINT, RunFolder, versions
from nashae_baselines import GaussianCoder
from nashae_core import (
    History,
    NashAE,
    Progress,
    encode,
    read_tensors,
    save_tensors,
    save_weights,
    train,
)
from nashae_data import Dataset

# The final losses of a record are means over this many of the history's last entries.
LAST = 10


def train_run(
    recipe: AnyRecipe,
    path: Path,
    *,
    device: str = "cpu",
    on_progress: Callable[[Progress], None] | None = None,
    checkpoint_seconds: float = 20.0,
    wait: bool = False,
) -> RunFolder:
    """Train `recipe` into the folder `path`, or go on where an earlier call was cut off.

    A finished run of the same recipe is left as it is. Raises `ValueError` where the folder holds
    another recipe's run or files that are no run's, where one of its files is damaged, and where
    another process is writing it, unless it shall `wait` for that.
    """
    folder = RunFolder(path)
    with folder.claimed(wait=wait):
        _claim_config(folder, recipe)
        folder.clear()
        if folder.finished:
            (path / CHECKPOINT).unlink(missing_ok=True)  # of a process that was killed at the end
            return folder
        dataset = load_data(recipe)
        observations = normalise(torch.tensor(dataset.observations[:]))
        generator = torch.Generator().manual_seed(recipe.seed)
        model = recipe.build(generator)
        resume = _read_checkpoint(folder)
        clock = _Clock(float(resume.pop("seconds")) if resume else 0.0)

        def on_record(progress: Progress) -> None:
            if clock.since_checkpoint() >= checkpoint_seconds and progress.step < progress.steps:
                seconds = torch.tensor(clock.seconds(), dtype=torch.float64)
                save_tensors(progress.state() | {"seconds": seconds}, path / CHECKPOINT)
                clock.checkpoint()
            if on_progress is not None:
                on_progress(progress)

        history = train(
            model,
            observations,
            recipe.train,
            generator,
            device=device,
            resume=resume,
            on_record=on_record,
        )
        seconds = clock.seconds()
        save_weights(model, path / "weights.safetensors")
        folder.write_arrays("history.npz", _history_arrays(history))
        folder.write_arrays("codes.npz", _code_arrays(model, observations, dataset, device))
        # The last file: from here on the run is whole.
        folder.write_json("record.json", _record(recipe, history, seconds, device))
        (path / CHECKPOINT).unlink(missing_ok=True)
    return folder


class _Clock:
    """Seconds of training, those before an interruption included."""

    def __init__(self, before: float) -> None:
        self._start = time.monotonic() - before
        self._checkpoint = time.monotonic()

    def seconds(self) -> float:
        return time.monotonic() - self._start

    def since_checkpoint(self) -> float:
        return time.monotonic() - self._checkpoint

    def checkpoint(self) -> None:
        self._checkpoint = time.monotonic()


def _claim_config(folder: RunFolder, recipe: AnyRecipe) -> None:
    config = {"method": recipe.method_name, "recipe": asdict(recipe), "versions": versions()}
    if not (folder.path / "config.json").exists():
        found = sorted(p.name for p in folder.path.iterdir() if not p.name.startswith("."))
        if found:
            raise ValueError(
                f"{folder.path} holds {found[0]} but no config.json, so it is no run's folder: "
                "give another, or an empty one"
            )
        folder.write_json("config.json", config)
    elif folder.recipe != recipe:
        raise ValueError(
            f"{folder.path} holds another run, {folder.recipe}; this one is {recipe}: "
            "give another folder, or remove that one"
        )


def _read_checkpoint(folder: RunFolder) -> dict[str, Tensor] | None:
    path = folder.path / CHECKPOINT
    if not path.exists():
        return None
    try:
        state = read_tensors(path)
    except ValueError as error:
        raise ValueError(f"{error}; remove it to train from the start") from error
    if "seconds" not in state:
        raise ValueError(f"{path} is not a run's: remove it to train from the start")
    return state


def _history_arrays(history: History) -> dict[str, npt.NDArray[Any]]:
    return {"steps": history.steps.numpy(), **{name: t.numpy() for name, t in _terms(history)}}


def _terms(history: History) -> list[tuple[str, Tensor]]:
    # By name: a history that was resumed has its terms in another order.
    return sorted(history.terms.items())


def _code_arrays(
    model: Model, observations: Tensor, dataset: Dataset, device: str
) -> dict[str, npt.NDArray[Any]]:
    codes = encode(model, observations, device=device)
    arrays = {"codes": codes.numpy()}
    with torch.no_grad():
        if isinstance(model, NashAE):
            arrays["predictions"] = model.predictors(codes.to(device)).cpu().numpy()
        if isinstance(model, GaussianCoder):
            x = observations.to(device, next(model.parameters()).dtype)
            arrays["variances"] = model.posterior(x).log_variance.exp().cpu().numpy()
    truth = {"factors": dataset.factors, "values": dataset.values}
    return arrays | truth | {"names": np.array(dataset.names)}


def _record(recipe: AnyRecipe, history: History, seconds: float, device: str) -> dict[str, Any]:
    return {
        "method": recipe.method_name,
        "data": recipe.data,
        "weight": recipe.weight,
        "latents": recipe.latents,
        "seed": recipe.seed,
        "steps": recipe.train.steps,
        **{name: float(t[-LAST:].mean()) for name, t in _terms(history)},
        "seconds": round(seconds, 2),
        "device": device,
        "versions": versions(),
    }
