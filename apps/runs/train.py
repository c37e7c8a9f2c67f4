"""Training of one recipe into a run folder."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from apps.console import console
from apps.recipes import AnyDataset, AnyRecipe, Model, OnFaces
from apps.runs.checkpoints import Clock, Recorder, read_checkpoint
from apps.runs.folder import CHECKPOINT, RunFolder
from apps.runs.made_by import made_by, versions
from apps.runs.signals import HeldSignals
from nashae_baselines import GaussianCoder
from nashae_core import (
    History,
    NashAE,
    Observations,
    Progress,
    encode,
    save_weights,
    train,
)
from nashae_core.descriptions import as_json

# The final losses of a record are means over this many of the history's last entries.
LAST = 10


def train_run(
    recipe: AnyRecipe,
    path: Path,
    *,
    root: Path = Path("data"),
    device: str = "cpu",
    on_faces: OnFaces | None = None,
    on_progress: Callable[[Progress], object] | None = None,
    checkpoint_seconds: float = 20.0,
    wait: bool = False,
    quiet: bool = False,
) -> RunFolder:
    """Train a recipe into a run folder, or resume a run that was interrupted.

    A finished run of the same recipe is not changed. A stale one (`RunFolder.stale`) is moved into
    a folder below and trained again. Ctrl-C and SIGTERM stop the run with a checkpoint at its next
    entry of the history; a second signal stops it at once.

    Args:
        recipe: What to train.
        path: The run folder.
        root: The folder of data sets on disk.
        device: Where to train.
        on_faces: Called while faces are made for the first time.
        on_progress: Called at each entry of the history. `True` stops the run there, unfinished; a
            `KeyboardInterrupt` too. Both leave a checkpoint.
        checkpoint_seconds: The least time between two checkpoints, more if they took over 2 % of
            the run; 0 writes one at each entry of the history.
        wait: Wait while another process is writing the folder.
        quiet: Do not print that a stale run is trained again.

    Raises:
        ValueError: The folder holds another recipe's run, files that are no run's or a damaged
            file, or another process is writing it.
    """
    folder = RunFolder(path)
    with folder.claimed(wait=wait):
        stale = _check_folder(folder, recipe)
        folder.clear()
        if folder.finished and not stale:
            (path / CHECKPOINT).unlink(missing_ok=True)  # of a process killed at its end
            return folder
        dataset = recipe.data_set.load(root, on_faces)
        observations = recipe.data_set.inputs.of(dataset.observations, device)
        trained = recipe.data_set.trained
        rows = observations if trained is None else trained(dataset.observations, device)
        generator = torch.Generator().manual_seed(recipe.seed)
        model = recipe.build(generator)
        if stale:
            if not quiet:
                console.print(folder.says(stale), markup=False, soft_wrap=True)
            folder.set_aside()
            folder = RunFolder(path)
        begin = partial(folder.write_json, "config.json", config(recipe, root))
        resume = read_checkpoint(folder.path)
        before = float(resume.pop("seconds")) if resume else 0.0
        clock = Clock(before, checkpoint_seconds)

        with HeldSignals() as signals:
            history = train(
                model,
                rows,
                recipe.train,
                generator,
                device=device,
                resume=resume,
                on_record=Recorder(path, clock, signals, begin, on_progress),
            )
        if int(history.steps[-1]) < recipe.train.steps:
            return folder
        seconds = clock.seconds()
        scale = {"normalisation": recipe.data_set.input_scale()}
        save_weights(model, path / "weights.safetensors", scale)
        folder.write_arrays("history.npz", _history_arrays(history))
        truth = {name: getattr(dataset, name) for name in recipe.data_set.kept}
        arrays = _code_arrays(model, observations, device) | truth
        folder.write_arrays("codes.npz", arrays | {"names": np.array(dataset.names)})
        folder.write_record(_record(recipe, dataset, history, seconds, device))
        (path / CHECKPOINT).unlink(missing_ok=True)
        signals.raise_if_any()  # a signal after the last entry
    return folder


def config(recipe: AnyRecipe, root: Path) -> dict[str, Any]:
    """The contents of `config.json` for a run that starts now."""
    return as_json(
        {
            "method": recipe.method_name,
            "recipe": recipe.as_dict(),
            "root": str(root.absolute()),
            **made_by(recipe),
        }
    )


def _check_folder(folder: RunFolder, recipe: AnyRecipe) -> str:
    """Why the folder's run is stale; "" if it is not, or if the folder is empty."""
    if not (folder.path / "config.json").exists():
        names = sorted(p.name for p in folder.path.iterdir() if p.name[0] != "." and p.is_file())
        if names:
            raise ValueError(
                f"{folder.path} holds {names[0]} but no config.json, so it is no run folder: "
                "give another, or an empty one"
            )
        return ""
    stale = folder.stale(recipe)
    if not stale and folder.recipe != recipe:
        raise folder.another(recipe)
    return stale


def _history_arrays(history: History) -> dict[str, npt.NDArray[Any]]:
    return {"steps": history.steps.numpy(), **{name: t.numpy() for name, t in _terms(history)}}


def _terms(history: History) -> list[tuple[str, Tensor]]:
    # By name: the terms of a resumed history are in another order.
    return sorted(history.terms.items())


class _PosteriorTable(nn.Module):
    """A posterior's means and variances side by side, (batch, 2m), as one table of codes."""

    def __init__(self, coder: GaussianCoder) -> None:
        super().__init__()
        self.coder = coder

    def encode(self, x: Tensor) -> Tensor:
        mean, log_variance = self.coder.posterior(x)
        return torch.cat([mean, log_variance.exp()], dim=1)


def _code_arrays(
    model: Model, observations: Tensor | Observations, device: str
) -> dict[str, npt.NDArray[Any]]:
    if isinstance(model, GaussianCoder):
        codes, variances = encode(_PosteriorTable(model), observations, device=device).chunk(2, 1)
        arrays = {"codes": codes.numpy(), "variances": variances.numpy()}
    else:
        codes = encode(model, observations, device=device)
        arrays = {"codes": codes.numpy()}
    if isinstance(model, NashAE):
        arrays["predictions"] = _predictions(model, codes.to(device))
    return arrays


@torch.no_grad()
def _predictions(model: NashAE, codes: Tensor) -> npt.NDArray[Any]:
    # In pieces: the predictors' hidden layers are 40 m times as large as the codes.
    pieces = [model.predictors(piece).cpu() for piece in torch.split(codes, 1000)]
    array: npt.NDArray[Any] = torch.cat(pieces).numpy()
    return array


def _record(
    recipe: AnyRecipe, dataset: AnyDataset, history: History, seconds: float, device: str
) -> dict[str, Any]:
    source = {"source": dataset.provenance.source} if recipe.data_set.on_disk else {}
    return {
        "method": recipe.method_name,
        "data": recipe.data,
        **source,
        "weight": recipe.weight,
        "latents": recipe.latents,
        "seed": recipe.seed,
        "steps": recipe.train.steps,
        "precision": recipe.train.precision,
        **{name: float(t[-LAST:].mean()) for name, t in _terms(history)},
        "seconds": round(seconds, 2),
        "device": device,
        "versions": versions(),
    }
