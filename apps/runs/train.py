"""One run, from a recipe to its folder."""

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from apps.console import console
from apps.recipes import AnyDataset, AnyRecipe, Model, OnFaces
from apps.runs.folder import CHECKPOINT, RunFolder, made_by, versions
from nashae_baselines import GaussianCoder
from nashae_core import (
    History,
    NashAE,
    Observations,
    Progress,
    encode,
    read_tensors,
    save_tensors,
    save_weights,
    train,
)
from nashae_core.descriptions import as_json

# A checkpoint of a large model takes a second: they are spaced so that all of them take no more of
# the run than this.
CHECKPOINT_SHARE = 0.02
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
    """Train `recipe` into the folder `path`, or go on where an earlier call was cut off.

    `root` is the folder of the data sets that lie on disk, and `on_faces` is told how far they are,
    where faces are made for the first time.

    Between two checkpoints there are at least `checkpoint_seconds`, and more where they would take
    above 2 % of the run; with 0 there is one at each entry of the history.

    Ctrl-C and SIGTERM end the run at its next entry of the history, where a checkpoint is kept,
    and a second one at once; a `KeyboardInterrupt` of `on_progress` keeps one too. Where
    `on_progress` returns `True`, the run ends there, unfinished, with a checkpoint.

    A finished run of the same recipe is left as it is. One that another release made, or whose
    networks or inputs were others (`RunFolder.stale`), is set aside in a folder below it and made
    again from the start, and a line says so unless it shall be `quiet`. Raises `ValueError` where
    the folder holds another recipe's run or files that are no run's, where one of its files is
    damaged, and where another process is writing it, unless it shall `wait` for that.
    """
    folder = RunFolder(path)
    with folder.claimed(wait=wait):
        stale = _check_folder(folder, recipe)
        folder.clear()
        if folder.finished and not stale:
            (path / CHECKPOINT).unlink(missing_ok=True)  # of a process that was killed at the end
            return folder
        dataset = recipe.data_set.load(root, on_faces)
        observations = recipe.data_set.inputs.of(dataset.observations, device)
        generator = torch.Generator().manual_seed(recipe.seed)
        model = recipe.build(generator)
        if stale:
            if not quiet:
                console.print(folder.says(stale), markup=False, soft_wrap=True)
            folder.set_aside()
            folder = RunFolder(path)
        begin = partial(folder.write_json, "config.json", config(recipe, root))
        resume = _read_checkpoint(folder)
        before = float(resume.pop("seconds")) if resume else 0.0
        clock = _Clock(before, checkpoint_seconds)

        with _Signals() as signals:
            history = train(
                model,
                observations,
                recipe.train,
                generator,
                device=device,
                resume=resume,
                on_record=_Recorder(path, clock, signals, begin, on_progress),
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
        signals.raise_if_any()  # one that came after the last entry
    return folder


class _Signals:
    """Ctrl-C and SIGTERM, held back until the weights are those of a whole step.

    The second one is not held back. A signal that the process shall ignore, as under nohup, stays
    ignored; other threads than the main one leave signals as they are.
    """

    def __init__(self) -> None:
        self._number = 0
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            taken = [
                n for n in (signal.SIGINT, signal.SIGTERM) if signal.getsignal(n) != signal.SIG_IGN
            ]
            for number in taken:
                self._before[number] = signal.signal(number, self._hold)
        return self

    def __exit__(self, *_: object) -> None:
        self._restore()

    def raise_if_any(self) -> None:
        """Raise `KeyboardInterrupt` where a signal came; it says which."""
        if self._number:
            raise KeyboardInterrupt(signal.Signals(self._number).name)

    def _hold(self, number: int, _: object) -> None:
        self._number = number
        self._restore()

    def _restore(self) -> None:
        while self._before:
            signal.signal(*self._before.popitem())


class _Clock:
    """Seconds of training, those before an interruption included, and when to keep its state."""

    def __init__(self, before: float, checkpoint_seconds: float) -> None:
        self._start = time.monotonic() - before
        self._checkpoint = time.monotonic()
        self._pause = self._least_pause = checkpoint_seconds

    def seconds(self) -> float:
        return time.monotonic() - self._start

    def checkpoint_is_due(self) -> bool:
        return time.monotonic() - self._checkpoint >= self._pause

    @contextmanager
    def checkpoint(self) -> Iterator[None]:
        began = time.monotonic()
        yield
        self._checkpoint = time.monotonic()
        if self._least_pause > 0:
            rare = (self._checkpoint - began) / CHECKPOINT_SHARE
            self._pause = max(self._least_pause, rare)


class _Recorder:
    """What is done at each entry of the history: it is told, and a checkpoint kept where due.

    The run begins with its first one: a start that failed has left nothing in the folder.
    """

    def __init__(
        self,
        path: Path,
        clock: _Clock,
        signals: _Signals,
        begin: Callable[[], object],
        on_progress: Callable[[Progress], object] | None,
    ) -> None:
        self.path, self.clock, self.signals = path, clock, signals
        self.begin, self.on_progress = begin, on_progress

    def __call__(self, progress: Progress) -> bool:
        if not (self.path / "config.json").exists():
            self.begin()
        if self.clock.checkpoint_is_due() and progress.step < progress.steps:
            self._keep(progress)
        try:
            ends = self.on_progress is not None and self.on_progress(progress) is True
            self.signals.raise_if_any()
        except KeyboardInterrupt:
            self._keep(progress)
            raise
        if ends and progress.step < progress.steps:
            self._keep(progress)
        return ends

    def _keep(self, progress: Progress) -> None:
        with self.clock.checkpoint():
            seconds = torch.tensor(self.clock.seconds(), dtype=torch.float64)
            save_tensors(progress.state() | {"seconds": seconds}, self.path / CHECKPOINT)


def config(recipe: AnyRecipe, root: Path) -> dict[str, Any]:
    """What `config.json` keeps of a run that begins now."""
    return as_json(
        {
            "method": recipe.method_name,
            "recipe": asdict(recipe),
            "root": str(root.absolute()),
            **made_by(recipe),
        }
    )


def _check_folder(folder: RunFolder, recipe: AnyRecipe) -> str:
    """What makes the folder's run stale; "" of a fresh one, and of an empty folder."""
    if not (folder.path / "config.json").exists():
        found = sorted(p.name for p in folder.path.iterdir() if p.name[0] != "." and p.is_file())
        if found:
            raise ValueError(
                f"{folder.path} holds {found[0]} but no config.json, so it is no run's folder: "
                "give another, or an empty one"
            )
        return ""
    stale = folder.stale(recipe)
    if not stale and folder.recipe != recipe:
        raise folder.another(recipe)
    return stale


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
