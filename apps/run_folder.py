"""The run folder: all that `train` writes and that figures, tables and the report read.

- `config.json`: the recipe, complete, the versions that made the run, and the folder (`root`) of
  the data that lie on disk.
- `weights.safetensors`, `weights.json`: the trained model.
- `history.npz`: `steps` and each term of the losses, (k,).
- `codes.npz`: `codes` (n, m) of the whole data set in its order; of NashAE `predictions` (n, m), of
  a posterior the `variances` (n, m); `factors` (n, k), `values` (n, k), `names` (k,). Of dSprites,
  whose factors would be larger than its codes, without these two: `RunFolder.truth` has them. Of
  faces `attributes` (n, k) bool in place of these two.
- `record.json`: the run as one row: method, weight, latents, seed, final losses, seconds, versions.
  It is written last: a folder that has one holds a finished run.
- `row.json`: its row of the tables, only where `apps/reproduce` has scored the run.
- `checkpoint.safetensors`, only while the run is not finished: where to go on from.
- `.lock`, empty: held by the process that writes the folder.
"""

import json
import platform
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

import filelock
import msgspec
import numpy as np
import numpy.typing as npt
import torch

from apps.recipes import AnyDataset, AnyRecipe, Model, load_data, recipe_class
from nashae_core import load_weights
from nashae_data import Dataset
from nashae_data.atomic import atomic_file

CHECKPOINT = "checkpoint.safetensors"
# Each is written under a hidden name that holds its own, which it is then given.
FILES = (
    "config.json",
    "weights.safetensors",
    "weights.json",
    "history.npz",
    "codes.npz",
    "record.json",
    "row.json",
    CHECKPOINT,
)
PACKAGES = ("nashae-core", "nashae-data", "nashae-metrics", "nashae-baselines", "torch", "numpy")


@dataclass(frozen=True)
class RunFolder:
    """A run on disk. Reading a file that is absent or damaged raises `ValueError` that names it."""

    path: Path

    @property
    def finished(self) -> bool:
        """Whether the run is whole."""
        return (self.path / "record.json").exists()

    @cached_property
    def recipe(self) -> AnyRecipe:
        """What the run is."""
        config = self._json("config.json")
        try:
            return msgspec.convert(config["recipe"], recipe_class(config["method"]))
        except (KeyError, ValueError) as error:
            raise ValueError(f"{self.path / 'config.json'} is not a run's: {error}") from error

    @cached_property
    def record(self) -> dict[str, Any]:
        """The run as one row."""
        return self._json("record.json")

    @property
    def row(self) -> dict[str, Any]:
        """What `row.json` holds."""
        return self._json("row.json")

    @cached_property
    def codes(self) -> dict[str, npt.NDArray[Any]]:
        """The arrays of `codes.npz`."""
        return self._arrays("codes.npz")

    @cached_property
    def truth(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
        """The factors and values, both (n, k), of `codes.npz`, or where it has none of the data.

        Raises `ValueError` for a run on data that have attributes in place of factors.
        """
        if {"factors", "values"} <= self.codes.keys():
            return self.codes["factors"], self.codes["values"]
        dataset = self.data()
        if not isinstance(dataset, Dataset):
            raise ValueError(f"{self.path} is a run on {self.recipe.data}, which has no factors")
        return dataset.factors, dataset.values

    def data(self) -> AnyDataset:
        """The data set that the run is of."""
        return load_data(self.recipe, Path(self._json("config.json").get("root", "data")))

    @cached_property
    def history(self) -> dict[str, npt.NDArray[Any]]:
        """The arrays of `history.npz`."""
        return self._arrays("history.npz")

    def model(self) -> Model:
        """The trained model, on the CPU, in evaluation mode."""
        model = self.recipe.build(torch.Generator().manual_seed(0))
        try:
            load_weights(model, self.path / "weights.safetensors")
        except FileNotFoundError as error:
            raise self._absent("weights.safetensors") from error
        return model.eval()

    def write_json(self, name: str, value: Mapping[str, Any]) -> None:
        """Write one JSON file, whole or not at all."""
        with atomic_file(self.path / name) as temporary:
            temporary.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")

    def write_arrays(self, name: str, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
        """Write one npz file, whole or not at all."""
        with atomic_file(self.path / name) as temporary:
            np.savez(temporary, **arrays)  # type: ignore[arg-type]

    @contextmanager
    def claimed(self, *, wait: bool = False) -> Iterator[None]:
        """Hold the folder for this process, which the system lets go when the process ends.

        Where another process holds it, raises `ValueError`, or with `wait` waits for it.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        try:
            with filelock.FileLock(self.path / ".lock", timeout=-1 if wait else 0):
                yield
        except filelock.Timeout:
            raise ValueError(f"{self.path} is being written by another process") from None

    def clear(self) -> None:
        """Remove what a killed process left half-written; for the holder of the folder alone."""
        for hidden in self.path.glob(".*"):
            if any(name in hidden.name for name in FILES):
                hidden.unlink()

    def _json(self, name: str) -> dict[str, Any]:
        path = self.path / name
        try:
            return msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
        except FileNotFoundError as error:
            raise self._absent(name) from error
        except (OSError, UnicodeDecodeError, msgspec.DecodeError) as error:
            raise ValueError(f"{path} is damaged: {error}") from error

    def _arrays(self, name: str) -> dict[str, npt.NDArray[Any]]:
        path = self.path / name
        try:
            # From an open file: numpy leaves open what it opened itself and cannot read.
            with path.open("rb") as file, np.lib.npyio.NpzFile(file) as arrays:
                return dict(arrays)
        except FileNotFoundError as error:
            raise self._absent(name) from error
        except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
            raise ValueError(f"{path} is damaged: {error}") from error

    def _absent(self, name: str) -> ValueError:
        return ValueError(f"{self.path} holds no finished run: there is no {name}")


def versions() -> dict[str, str]:
    """The versions that a run's numbers depend on."""
    return {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}}
