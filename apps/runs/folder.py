"""The run folder: all that training writes and that figures, tables and reports read.

- `config.json`: the whole recipe, the folder (`root`) of data on disk, and what decides the run:
  versions, networks, the scale of the inputs.
- `weights.safetensors`, `weights.json`: the trained model.
- `history.npz`: `steps` and each term of the losses, (k,).
- `codes.npz`: `codes` (n, m) of the whole data set in its order; `predictions` (n, m) of NashAE,
  `variances` (n, m) of a posterior; `factors` (n, k), `values` (n, k), `names` (k,). For dSprites
  without factors and values, which would be larger than the codes: `RunFolder.truth` computes them.
  For faces with `attributes` (n, k) bool instead.
- `record.json`: the run as one row: method, weight, latents, seed, final losses, seconds, versions;
  and the `sha256` of the two npz files. It is written last: a folder with a record is finished.
- `row.json`: its row of the tables, after `apps/reproduce` has scored the run.
- `checkpoint.safetensors`: where to resume, until the run is finished.
- `.lock`, empty: held by the process that writes the folder.
- `stale-0.1.0`: the files of a stale run, after it was trained again. Nothing reads it.
"""

import hashlib
import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import Any

import filelock
import msgspec
import numpy as np
import numpy.typing as npt
import torch

from apps.recipes import AnyDataset, AnyRecipe, Model, Recipe, method_named
from apps.runs.made_by import made_by_difference
from nashae_core import load_weights
from nashae_core.descriptions import ABSENT, first_difference
from nashae_data import Dataset, atomic_file

CHECKPOINT = "checkpoint.safetensors"
# Each is written under a hidden name that contains its own, and then renamed.
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


class _Config(msgspec.Struct, forbid_unknown_fields=True):
    """`config.json`. Runs of release 0.1.0 have neither `networks` nor `inputs`."""

    recipe: dict[str, Any]
    method: str
    root: str = "data"
    versions: dict[str, str] = {}
    networks: dict[str, str] = {}
    inputs: dict[str, Any] = {}


@dataclass(frozen=True)
class RunFolder:
    """A run on disk. Reading an absent or damaged file raises `ValueError`, which names it."""

    path: Path

    @property
    def finished(self) -> bool:
        """Whether the run is finished."""
        return (self.path / "record.json").exists()

    @cached_property
    def recipe(self) -> AnyRecipe:
        """The recipe. Raises `ValueError` for an unknown or a missing field."""
        recipe = self._known_fields
        difference = first_difference(_keys(self._config.recipe), _keys(recipe.as_dict()), "recipe")
        if difference:
            name, kept, _ = difference
            what = f"no {name}" if kept == ABSENT else f"{name}, which this release does not know"
            raise self._no_run(f"it has {what}: train it again")
        return recipe

    def stale(self, recipe: AnyRecipe) -> str:
        """Why the run is not what `recipe` would give now, in words; "" if it is.

        Raises `ValueError` if the run is of a recipe with another label.
        """
        kept = self._config
        difference = made_by_difference(kept.versions, kept.networks, kept.inputs, recipe)
        if difference and self._known_fields.label != recipe.label:
            raise self.another(recipe)
        return difference

    def another(self, recipe: AnyRecipe) -> ValueError:
        """The error that the run is not of `recipe`, with their first difference."""
        runs = (self._known_fields, recipe)
        kept_run, this = ({"method": r.method_name, "recipe": r.as_dict()} for r in runs)
        differing = first_difference(kept_run, this)
        name, kept, given = differing or ("", "", "")
        return ValueError(
            f"{self.path} holds another run, of {name} {kept}; this one has {given}: "
            "give another folder, or remove that one"
        )

    def says(self, stale: str) -> str:
        """The line that announces that the run is trained again, and why."""
        return (
            f"{self.path} is made again: its run was made by {stale}; "
            f"the old one is kept in {self._aside.name}"
        )

    def set_aside(self) -> None:
        """Move the run into a folder below this one.

        The config is moved last, so that the next process completes a move that was interrupted.
        """
        aside = self._aside
        aside.mkdir(exist_ok=True)
        for name in sorted(FILES, key="config.json".__eq__):
            if (self.path / name).exists():
                (self.path / name).replace(aside / name)

    @property
    def _aside(self) -> Path:
        version = self._config.versions.get("nashae-core", "unknown")
        below = (self.path / f"stale-{version}{f'-{n}' * (n > 1)}" for n in count(1))
        return next(path for path in below if not (path / "config.json").exists())

    @cached_property
    def _config(self) -> _Config:
        try:
            return msgspec.convert(self._json("config.json"), _Config)
        except msgspec.ValidationError as error:
            raise self._no_run(str(error)) from error

    @cached_property
    def _known_fields(self) -> AnyRecipe:
        """The recipe, from those fields that this release knows."""
        config = self._config
        try:
            settings: Any = method_named(config.method).config
            recipe: AnyRecipe = msgspec.convert(config.recipe, Recipe[settings])
        except ValueError as error:
            raise self._no_run(str(error)) from error
        if recipe.method_name != config.method:
            raise self._no_run(
                f"its settings are those of {recipe.method_name}, not of {config.method}"
            )
        return recipe

    def _no_run(self, why: str) -> ValueError:
        return ValueError(f"{self.path / 'config.json'} is not a run's: {why}")

    @cached_property
    def record(self) -> dict[str, Any]:
        """The run as one row."""
        return {name: v for name, v in self._json("record.json").items() if name != "sha256"}

    @property
    def row(self) -> dict[str, Any]:
        """The contents of `row.json`."""
        return self._json("row.json")

    @cached_property
    def codes(self) -> dict[str, npt.NDArray[Any]]:
        """The arrays of `codes.npz`."""
        return self._arrays("codes.npz")

    @cached_property
    def truth(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
        """The factors and values, both (n, k), from `codes.npz` or else from the data set.

        Raises `ValueError` for a run on data with attributes instead of factors.
        """
        if {"factors", "values"} <= self.codes.keys():
            return self.codes["factors"], self.codes["values"]
        dataset = self.data()
        if not isinstance(dataset, Dataset):
            raise ValueError(f"{self.path} is a run on {self.recipe.data}, which has no factors")
        return dataset.factors, dataset.values

    def data(self) -> AnyDataset:
        """The run's data set."""
        return self.recipe.data_set.load(Path(self._config.root), None)

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
        """Write a JSON file atomically."""
        with atomic_file(self.path / name) as temporary:
            temporary.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")

    def write_arrays(self, name: str, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
        """Write an npz file atomically."""
        with atomic_file(self.path / name) as temporary:
            np.savez(temporary, **arrays)  # type: ignore[arg-type]

    def write_record(self, record: Mapping[str, Any]) -> None:
        """Write the record, with the digests of the arrays, which makes the run a finished one."""
        digests = {
            name: hashlib.sha256((self.path / name).read_bytes()).hexdigest()
            for name in ("history.npz", "codes.npz")
        }
        self.write_json("record.json", {**record, "sha256": digests})

    @contextmanager
    def claimed(self, *, wait: bool = False) -> Iterator[None]:
        """Lock the folder for this process; the system releases the lock when the process ends.

        If another process holds it, raises `ValueError`, or waits with `wait`.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        try:
            with filelock.FileLock(self.path / ".lock", timeout=-1 if wait else 0):
                yield
        except filelock.Timeout:
            raise ValueError(f"{self.path} is being written by another process") from None

    def clear(self) -> None:
        """Remove half-written files of a killed process; only for the holder of the lock."""
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
            content = path.read_bytes()
            # From an open file: numpy does not close a file that it opened and cannot read.
            with io.BytesIO(content) as file, np.lib.npyio.NpzFile(file) as arrays:
                read = dict(arrays)
        except FileNotFoundError as error:
            raise self._absent(name) from error
        except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
            raise ValueError(f"{path} is damaged: {error}") from error
        kept = self._json("record.json").get("sha256", {}) if self.finished else {}
        if kept.get(name, digest := hashlib.sha256(content).hexdigest()) != digest:
            raise ValueError(
                f"{path} is damaged: its sha256 is {digest[:8]}…, not {kept[name][:8]}… as kept: "
                "take another copy of the folder, or remove it and train again"
            )
        return read

    def _absent(self, name: str) -> ValueError:
        return ValueError(f"{self.path} holds no finished run: there is no {name}")


def _keys(value: object) -> object:
    return {name: _keys(v) for name, v in value.items()} if isinstance(value, dict) else None
