"""A description of a model as JSON values, and where two descriptions differ."""

import json
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from functools import partial
from typing import Any

from torch import nn

ABSENT = "absent"


def description(model: nn.Module) -> dict[str, Any]:
    """A model's `config` (a dataclass, else {}) and its `modules` by name, as JSON values.

    A module is described by its class, its `extra_repr` and, unless it is PyTorch's, its public
    attributes that are numbers, texts or functions, single or in tuples.
    """
    config = getattr(model, "config", None)
    fields = asdict(config) if is_dataclass(config) else {}  # type: ignore[arg-type]
    modules = {
        name: _described(module)
        for name, module in model.named_modules()
        if not isinstance(module, nn.ParameterList)  # its repr is of its tensors
    }
    return as_json({"config": fields, "modules": modules})


def first_difference(saved: object, given: object, name: str = "") -> tuple[str, str, str] | None:
    """The first name whose values differ, and the values in `saved` and `given`; None if all agree.

    Names of nested mappings are joined by dots, in the order of `given`, then of `saved`.
    """
    if isinstance(saved, Mapping) and isinstance(given, Mapping):
        for key in [*given, *(key for key in saved if key not in given)]:
            below = f"{name}.{key}".strip(".")  # a model itself has no name among its modules
            difference = first_difference(saved.get(key, ABSENT), given.get(key, ABSENT), below)
            if difference:
                return difference
        return None
    return None if saved == given else (name, _short(saved), _short(given))


def as_json(value: Mapping[str, Any]) -> dict[str, Any]:
    """The values as they are read back from JSON; those JSON does not have become their `repr`."""
    read: dict[str, Any] = json.loads(json.dumps(value, default=repr))
    return read


def _described(module: nn.Module) -> str:
    parts = [module.extra_repr()]
    if not type(module).__module__.startswith("torch."):
        parts += [
            f"{name}={_value(value)}"
            for name, value in sorted(vars(module).items())
            if not name.startswith("_") and name != "training" and _is_described(value)
        ]
    return f"{type(module).__name__}({', '.join(filter(None, parts))})"


def _is_described(value: object) -> bool:
    if isinstance(value, tuple | list):
        return all(map(_is_described, value))
    return isinstance(value, bool | int | float | str) or callable(value)


def _value(value: object) -> str:
    if isinstance(value, tuple | list):
        return f"({', '.join(map(_value, value))})"
    if isinstance(value, partial):
        return repr((_value(value.func), value.args, value.keywords))
    if callable(value):
        return str(getattr(value, "__qualname__", type(value).__qualname__))
    return repr(value)


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= 80 else f"{text[:80]}…"
