"""Checkpoints of a run: when they are written, and how a run resumes from one."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from torch import Tensor

from apps.runs.folder import CHECKPOINT
from apps.runs.signals import HeldSignals
from nashae_core import Progress, read_tensors, save_tensors

# All checkpoints together take at most this share of a run: that of a large model takes a second.
CHECKPOINT_SHARE = 0.02


class Clock:
    """Seconds of training, including those before an interruption; when checkpoints are due."""

    def __init__(self, before: float, checkpoint_seconds: float) -> None:
        self._start = time.monotonic() - before
        self._checkpoint = time.monotonic()
        self._pause = self._least_pause = checkpoint_seconds

    def seconds(self) -> float:
        """Seconds of training so far."""
        return time.monotonic() - self._start

    def checkpoint_is_due(self) -> bool:
        """Whether enough time has passed since the last checkpoint."""
        return time.monotonic() - self._checkpoint >= self._pause

    @contextmanager
    def checkpoint(self) -> Iterator[None]:
        """Measure how long a checkpoint takes to write, which decides when the next is due."""
        began = time.monotonic()
        yield
        self._checkpoint = time.monotonic()
        if self._least_pause > 0:
            longest = (self._checkpoint - began) / CHECKPOINT_SHARE
            self._pause = max(self._least_pause, longest)


class Recorder:
    """Called at each entry of the history: reports progress, and writes a checkpoint if one is due.

    The first call writes the config, so a start that fails leaves nothing in the folder.
    """

    def __init__(
        self,
        path: Path,
        clock: Clock,
        signals: HeldSignals,
        begin: Callable[[], object],
        on_progress: Callable[[Progress], object] | None,
    ) -> None:
        self.path, self.clock, self.signals = path, clock, signals
        self.begin, self.on_progress = begin, on_progress

    def __call__(self, progress: Progress) -> bool:
        """Whether training stops here."""
        if not (self.path / "config.json").exists():
            self.begin()
        if self.clock.checkpoint_is_due() and progress.step < progress.steps:
            self._keep(progress)
        try:
            stops = self.on_progress is not None and self.on_progress(progress) is True
            self.signals.raise_if_any()
        except KeyboardInterrupt:
            self._keep(progress)
            raise
        if stops and progress.step < progress.steps:
            self._keep(progress)
        return stops

    def _keep(self, progress: Progress) -> None:
        with self.clock.checkpoint():
            seconds = torch.tensor(self.clock.seconds(), dtype=torch.float64)
            save_tensors(progress.state() | {"seconds": seconds}, self.path / CHECKPOINT)


def read_checkpoint(path: Path) -> dict[str, Tensor] | None:
    """The checkpoint in a run's folder; `ValueError` names it if it is damaged."""
    path /= CHECKPOINT
    if not path.exists():
        return None
    try:
        state = read_tensors(path)
    except ValueError as error:
        raise ValueError(f"{error}; remove it to train from the start") from error
    if "seconds" not in state:
        raise ValueError(f"{path} is not a run's: remove it to train from the start")
    return state
