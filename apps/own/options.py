"""Options of the commands of `nashae` about data and machine."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
import tyro
from rich.progress import Progress as Bar

from apps.console import console, progress_bar
from apps.recipes import Source, look_at
from apps.runs.memory import keep_memory
from nashae_core.arguments import on_known_device
from nashae_data import atomic_file


@dataclass(frozen=True)
class Data:
    """Data of one's own."""

    data: tyro.conf.Positional[Path]
    """.npz, .npy, .h5, .csv, .parquet, or a folder of images."""
    key: str | None = None
    """The name of the observations in the file; by default the likely one."""
    factors: str | None = None
    """The name of the factors in the file; by default "factors", if it is there."""
    attributes: str | None = None
    """Likewise, of binary attributes."""
    size: tuple[int, int] | None = None
    """Height and width to which the images of a folder are resized."""
    kind: Literal["auto", "vector", "series", "image"] = "auto"
    """The networks; by default those for the data's shape: a perceptron or convolutions."""
    normalise: Literal["auto", "feature", "channel", "whole", "none"] = "auto"
    """What gets mean 0 and deviation 1; by default what suits the kind."""
    held_out: float = 0.1
    """The share of observations that are not trained on."""

    def look_at(self) -> Source:
        """Look at the data, all of them once."""
        return look_at(
            self.data,
            self.key,
            factors=self.factors,
            attributes=self.attributes,
            size=self.size,
            kind=self.kind,
            normalise=self.normalise,
            held_out=self.held_out,
        )


@dataclass(frozen=True)
class Machine:
    """Where to compute, and how to say what came out."""

    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where to train; by default on a GPU if there is one."""
    threads: int | None = None
    """Threads on the CPU; by default one for a perceptron, where a second one would only wait, and
    all for convolutions."""
    json: bool = False
    """Print the result as JSON alone."""

    def prepare(self, kind: str) -> str:
        """Set the threads, for networks of a kind; the device."""
        if self.threads is not None or kind == "vector":
            torch.set_num_threads(self.threads or 1)
        keep_memory()
        return str(on_known_device(self.device))

    def bar(self, task: str, steps: int | None = None) -> tuple[Bar, Callable[..., None]]:
        """A progress bar, not shown beside JSON, and what updates it."""
        bar = progress_bar()
        bar.disable = self.json
        added = bar.add_task(task, total=steps, note="")

        def update(**values: Any) -> None:
            bar.update(added, **values)

        return bar, update

    def show(self, result: Mapping[str, Any]) -> None:
        """Print a result, a line a value or as JSON."""
        if self.json:
            print_json(result)
            return
        for name, value in result.items():
            console.print(f"{name.replace('_', ' ')}: {value}", soft_wrap=True, markup=False)


def print_json(value: object) -> None:
    """Print a value as JSON."""
    console.print_json(_as_json(value))


def write_json(path: Path, value: object) -> None:
    """Write a value as JSON, whole or not at all."""
    with atomic_file(path) as temporary:
        temporary.write_text(_as_json(value) + "\n", encoding="utf-8")


def _as_json(value: object) -> str:
    return json.dumps(value, indent=2, allow_nan=False, default=_plain)


def _plain(value: Any) -> object:
    """Numpy's numbers as Python's."""
    return value.tolist() if isinstance(value, np.generic | np.ndarray) else str(value)
