"""Weights on disk: safetensors, with a JSON beside them that says what they are."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as dump_tensors
from torch import Tensor, nn


def save_weights(
    model: nn.Module, path: str | Path, about: Mapping[str, Any] | None = None
) -> None:
    """Write the weights of `model` to `path` (.safetensors), and what they are to a JSON beside it.

    The JSON, of the same name, holds the model's class, its `config` where that is a dataclass, the
    shape of every tensor, the versions, and whatever `about` adds (JSON values). Each file is
    written whole or not at all.

    Raises `ValueError` where `path` does not end in .safetensors.
    """
    path = _checked(path)
    weights = model.state_dict()
    config = getattr(model, "config", None)
    card = {
        "model": f"{type(model).__module__}.{type(model).__qualname__}",
        "config": asdict(config) if is_dataclass(config) else None,  # type: ignore[arg-type]
        "tensors": {name: list(t.shape) for name, t in weights.items()},
        "torch": torch.__version__,
        **(about or {}),
    }
    beside = (json.dumps(card, indent=2) + "\n").encode()
    save_tensors(weights, path)
    _write(path.with_suffix(".json"), beside)


def load_weights(model: nn.Module, path: str | Path) -> None:
    """Put the weights of `path` into `model`, in place.

    Raises `ValueError` that names the file where it is truncated, foreign, or of a model with other
    tensors; `model` is then as it was.
    """
    path = _checked(path)
    weights, wanted = read_tensors(path), model.state_dict()
    found = {name: tuple(t.shape) for name, t in weights.items()}
    expected = {name: tuple(t.shape) for name, t in wanted.items()}
    if found != expected:
        differing = sorted(
            name for name in found.keys() | expected.keys() if found.get(name) != expected.get(name)
        )
        name = differing[0]
        raise ValueError(
            f"{path} holds another model: {len(differing)} tensors differ, the first is {name!r}, "
            f"{found.get(name, 'absent')} in the file, {expected.get(name, 'absent')} in the model"
        )
    model.load_state_dict(weights)


def architecture(model: nn.Module) -> dict[str, str]:
    """Each module of a model that is no mere container, by name, as its `repr` describes it."""
    return {
        name: f"{type(module).__name__}({module.extra_repr()})"
        for name, module in model.named_modules()
        if not isinstance(module, nn.ParameterList)
    }


def save_tensors(tensors: Mapping[str, Tensor], path: Path) -> None:
    """Write tensors by name to `path`, whole or not at all: a training state, for example."""
    # safetensors refuses tensors that share memory, such as tied weights, or have gaps in it.
    copies = {
        name: t.detach().cpu().clone(memory_format=torch.contiguous_format)
        for name, t in tensors.items()
    }
    _write(path, dump_tensors(copies))


def read_tensors(path: Path) -> dict[str, Tensor]:
    """The tensors of a safetensors file; `ValueError` names it where it is truncated or foreign."""
    try:
        return load_tensors(path.read_bytes())
    except SafetensorError as error:
        raise ValueError(f"{path} is not a whole safetensors file: {error}") from error


def _checked(path: str | Path) -> Path:
    path = Path(path)
    if path.suffix != ".safetensors":
        raise ValueError(f"weights are kept as .safetensors; got {path}")
    return path


def _write(path: Path, content: bytes) -> None:
    # A name of its own for each writer, in the same folder, so that the last step is one atomic
    # rename.
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with partial.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
