"""Weights on disk: safetensors, with a JSON beside them that describes the model."""

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as dump_tensors
from torch import Tensor, nn

from nashae_core.arguments import as_path, check_network
from nashae_core.descriptions import as_json, description, first_difference
from nashae_core.nashae import STANDARD
from nashae_core.observations.arrays import as_tensor, described


def save_weights(
    model: nn.Module,
    path: str | Path,
    about: Mapping[str, Any] | None = None,
    *,
    observations: object = None,
) -> None:
    """Write the weights of `model`, and a JSON of the same name that describes them.

    The JSON holds the model's class, config and modules, the shape of every tensor, a digest of all
    (sha256), PyTorch's version, and `about`. Each file is written whole or not at all.

    Args:
        model: Any module.
        path: Ends in .safetensors.
        about: Anything else for the JSON, as JSON values.
        observations: Those it was trained on. If they normalise themselves, like
            `ImageObservations`, their mean and deviation are written as `normalisation`.

    Raises:
        ValueError: Another ending of `path`.

    Example:
        >>> import tempfile
        >>> from nashae_core import MLP, load_weights, save_weights
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     save_weights(MLP((6, 3), generator=0), f"{folder}/a.safetensors", {"data": "mine"})
        ...     load_weights(MLP((6, 3), generator=1), f"{folder}/a.safetensors")["data"]
        'mine'
    """
    check_network(model, "model")
    path = _checked(path)
    weights = model.state_dict()
    scale = {name: getattr(observations, name, None) for name in ("mean", "std")}
    of_model = description(model)
    card = {
        "model": f"{type(model).__module__}.{type(model).__qualname__}",
        "config": of_model["config"] or None,
        "modules": of_model["modules"],
        "tensors": {name: list(t.shape) for name, t in weights.items()},
        "sha256": _digest(weights),
        "torch": torch.__version__,
        **({} if None in scale.values() else {"normalisation": scale}),
        **(about or {}),
    }
    beside = (json.dumps(card, indent=2) + "\n").encode()
    save_tensors(weights, path)
    _write(path.with_suffix(".json"), beside)


def load_weights(model: nn.Module, path: str | Path) -> dict[str, Any]:
    """Load weights into `model`, in place; a NashAE is then standardised as the saved one was.

    Returns:
        The content of the JSON beside the file; {} if there is none.

    Raises:
        ValueError: The file is truncated, changed or foreign, or of a model with other tensors,
            another config or other modules; `model` is then unchanged.
    """
    check_network(model, "model")
    path = _checked(path)
    weights = read_tensors(path)
    saved, expected = _shapes(weights), _shapes(model.state_dict())
    if saved != expected:
        differing = sorted(
            name for name in saved.keys() | expected.keys() if saved.get(name) != expected.get(name)
        )
        name = differing[0]
        raise ValueError(
            f"{path} holds another model: {len(differing)} tensors differ, the first is {name!r}, "
            f"{saved.get(name, 'absent')} in the file, {expected.get(name, 'absent')} in the model"
        )
    card = _read_card(path.with_suffix(".json"))
    if "sha256" in card and card["sha256"] != _digest(weights):
        raise ValueError(
            f"{path} must be the file that {path.with_suffix('.json').name} describes; got other "
            "tensors: save them again, or remove the JSON"
        )
    if different := first_difference(*_comparable(card, model)):
        name, kept, given = different
        raise ValueError(
            f"{path} holds another model: {name} is {kept} in the file, {given} in the model: "
            "build the model as it was when its weights were saved"
        )
    model.load_state_dict(weights)
    return card


def save_tensors(tensors: Mapping[str, Tensor], path: str | Path) -> None:
    """Write tensors by name, such as a training state, to a safetensors file, whole or not at all.

    The file holds a digest (sha256), so that `read_tensors` refuses it if it was changed.

    Raises:
        TypeError: `tensors` is no mapping of names to tensors or arrays.
    """
    path = as_path(path)
    if not isinstance(tensors, Mapping) or not all(isinstance(name, str) for name in tensors):
        raise TypeError(
            f"tensors must be a mapping of names to tensors; got {described(tensors)}: give a dict"
        )
    # safetensors refuses tensors that share memory, such as tied weights, or have gaps in it.
    copies = {
        name: as_tensor(t, f"tensors[{name!r}]")
        .detach()
        .cpu()
        .clone(memory_format=torch.contiguous_format)
        for name, t in tensors.items()
    }
    _write(path, dump_tensors(copies, {"sha256": _digest(copies)}))


def read_tensors(path: str | Path) -> dict[str, Tensor]:
    """The tensors of a safetensors file.

    Raises:
        ValueError: It is truncated, foreign, or was changed after `save_tensors` had written it;
            files that others wrote have no digest to compare.
    """
    content = as_path(path).read_bytes()
    try:
        tensors = load_tensors(content)
    except SafetensorError as error:
        raise ValueError(f"{path} is not a whole safetensors file: {error}") from error
    length = int.from_bytes(content[:8], "little")
    kept = json.loads(content[8 : 8 + length]).get("__metadata__", {}).get("sha256")
    if kept is not None and kept != _digest(tensors):
        raise ValueError(
            f"{path} is damaged: its tensors are not those that were written (sha256): "
            "take another copy of it, or make it again"
        )
    return tensors


def _digest(tensors: Mapping[str, Tensor]) -> str:
    digest = hashlib.sha256()
    for name, tensor in sorted(tensors.items()):
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        content = tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8)
        digest.update(content.numpy())  # type: ignore[arg-type]
    return digest.hexdigest()


def _read_card(path: Path) -> dict[str, Any]:
    try:
        card = json.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise ValueError(f"{path} is damaged: {error}") from error
    if not isinstance(card, dict):
        raise ValueError(f"{path} is damaged: it holds no JSON object")
    return card


def _comparable(card: Mapping[str, Any], model: nn.Module) -> tuple[object, object]:
    """What both the JSON and the model say; a config field missing in the JSON has its default."""
    given = {name: value for name, value in description(model).items() if name in card}
    kept = {name: card[name] or {} for name in given}
    config = getattr(model, "config", None)
    if is_dataclass(config) and kept.get("config"):
        defaults = {f.name: f.default for f in fields(config) if f.default is not MISSING}
        kept["config"] = as_json(defaults) | kept["config"]
    return kept, given


def _shapes(tensors: Mapping[str, Tensor]) -> dict[str, tuple[int, ...]]:
    """Shapes by name, without the buffers of `NashAE.standardise`, which a model may lack."""
    return {name: tuple(t.shape) for name, t in tensors.items() if name not in STANDARD}


def _checked(path: str | Path) -> Path:
    path = as_path(path)
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
