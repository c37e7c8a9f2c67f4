"""Checks of public functions' arguments; each error names the argument."""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from numbers import Integral
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from nashae_core.observations.arrays import as_tensor, check_finite, check_floating, described

# What a number may be, by the words of the error; NaN is none of it.
RANGES: Mapping[str, Callable[[float], bool]] = {
    "at least 0": lambda number: number >= 0,
    "at least 1": lambda number: number >= 1,
    "above 0": lambda number: number > 0,
    "above 1": lambda number: number > 1,
    "in (0, 1]": lambda number: 0 < number <= 1,
    "in [0, 1)": lambda number: 0 <= number < 1,
}


def check_fields(config: Any, wanted: str, *names: str) -> None:
    """Raises `ValueError` for the first field that is not in a range, one of `RANGES`."""
    for name in names:
        if not RANGES[wanted](value := getattr(config, name)):
            raise ValueError(f"{name} must be {wanted}; got {value}")


def check_choice(value: Any, name: str, choices: Iterable[str]) -> None:
    """Raises `ValueError` where a value is none of the choices."""
    if value not in choices:
        raise ValueError(f"{name} must be {' or '.join(map(repr, choices))}; got {value!r}")


def check_multiples(steps: Mapping[str, int], unit: int, unit_name: str) -> None:
    """Raises `ValueError` for the first number of steps that is no multiple of a unit."""
    for name, number in steps.items():
        if number % unit:
            raise ValueError(f"{name} must be a multiple of {unit_name}; got {number} and {unit}")


def seeded(
    generator: Any, device: str | torch.device = "cpu", name: str = "generator"
) -> torch.Generator:
    """A generator as given, or a new one on `device` seeded by an int.

    Raises `TypeError` for anything else, `ValueError` for a seed outside 0 ... 2**64 − 1.
    """
    if isinstance(generator, torch.Generator):
        return generator
    wanted = f"{name} must be a torch.Generator or an int, its seed"
    if not isinstance(generator, Integral) or isinstance(generator, bool):
        raise TypeError(f"{wanted}; got {described(generator)}: give torch.Generator() or 0")
    if not 0 <= int(generator) < 2**64:
        raise ValueError(f"{wanted}, in 0 ... 2**64 - 1; got {generator}: give another seed")
    return torch.Generator(device).manual_seed(int(generator))


def whole(number: Any, name: str, least: int | None = 1) -> int:
    """A whole number of at least `least`, if that is not None.

    Raises `TypeError` for anything else, `ValueError` for a smaller one.
    """
    if not isinstance(number, Integral) or isinstance(number, bool):
        raise TypeError(f"{name} must be a whole number; got {described(number)}: give an int")
    if least is not None and int(number) < least:
        raise ValueError(f"{name} must be at least {least}; got {number}")
    return int(number)


def check_kind(value: Any, kind: type, name: str, to_do: str) -> None:
    """Raises `TypeError` where a value is not of a class."""
    if not isinstance(value, kind):
        article = "an" if kind.__name__[0] in "AEIO" else "a"
        raise TypeError(
            f"{name} must be {article} {kind.__name__}; got {described(value)}: {to_do}"
        )


def check_network(value: Any, name: str) -> None:
    """Raises `TypeError` where a value is no `nn.Module`."""
    if not isinstance(value, nn.Module):
        raise TypeError(f"{name} must be an nn.Module; got {described(value)}: give a network")


def on_known_device(device: Any) -> torch.device:
    """A device of this machine; "auto" is a CUDA device if there is one, else the CPU.

    Raises `ValueError` for another, `TypeError` for anything else.
    """
    if not isinstance(device, str | torch.device):
        raise TypeError(
            f"device must be a torch.device or its name; got {described(device)}: give 'cpu'"
        )
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        known = torch.device(device)
        torch.empty(0, device=known)
    except (RuntimeError, AssertionError) as error:
        raise ValueError(
            f"device must be one that PyTorch finds here; got {str(device)!r}: give 'cpu', or "
            "install what it needs"
        ) from error
    return known


def as_rows(x: Any, name: str, like: Tensor) -> Tensor:
    """Floating-point observations (n, ...), brought to the type and device of `like`.

    Raises as `as_tensor` does, and `ValueError` for another type, and if empty or not finite.
    """
    tensor = as_tensor(x, name)
    check_floating(tensor.dtype, name)
    if not tensor.dim() or not tensor.numel():
        raise ValueError(
            f"{name} must be (n, ...), not empty; got {described(x)}: give a row for each of n"
        )
    tensor = tensor.to(like)
    check_finite(tensor, name)
    return tensor


def as_codes(codes: Any, name: str = "codes") -> Tensor:
    """Codes (n, m), of anything that `as_tensor` takes; whole numbers become float64.

    Raises as `as_tensor` does, and `ValueError` for another number of axes, and if not real and
    finite.
    """
    tensor = as_tensor(codes, name)
    if tensor.dim() != 2 or tensor.is_complex():
        raise ValueError(
            f"{name} must be real numbers (n, m), a column a latent; got {described(codes)}: "
            "give one row for each observation"
        )
    check_finite(tensor, name)
    return tensor if tensor.is_floating_point() else tensor.double()


def whole_numbers(numbers: Any, name: str) -> list[int]:
    """A list of whole numbers, from a list, a tuple, a range, a tensor or an array.

    Raises `TypeError` for anything else.
    """
    if hasattr(numbers, "tolist"):
        numbers = numbers.tolist()
    if not isinstance(numbers, Sequence) or isinstance(numbers, str | bytes):
        raise TypeError(
            f"{name} must be whole numbers; got {described(numbers)}: give a list of them"
        )
    return [whole(number, f"{name}[{i}]", None) for i, number in enumerate(numbers)]


def check_tensors(dims: str = "", /, **tensors: Any) -> None:
    """Raises `TypeError` for what is no tensor, `ValueError` if not floating point or (dims).

    `dims` names the axes; those of "... batch m" are the last ones.
    """
    for name, tensor in tensors.items():
        if not isinstance(tensor, Tensor):
            raise TypeError(
                f"{name} must be a tensor; got {described(tensor)}: give torch.as_tensor({name})"
            )
        if not tensor.is_floating_point():
            raise ValueError(
                f"{name} must be floating point; got {tensor.dtype}: give {name}.float()"
            )
        axes = dims.split()
        enough = tensor.dim() >= len(axes) - 1 if "..." in axes else tensor.dim() == len(axes)
        if axes and not enough:
            raise ValueError(
                f"{name} must be ({', '.join(axes)}); got {tuple(tensor.shape)}: "
                "give one row for each observation"
            )


def check_alike(dims: str = "", /, **tensors: Any) -> None:
    """As `check_tensors`; also raises `ValueError` if the shapes differ."""
    check_tensors(dims, **tensors)
    shapes = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    if len({*shapes.values()}) > 1:
        names, sizes = (" and ".join(map(str, of)) for of in (shapes, shapes.values()))
        raise ValueError(f"{names} must be of one shape; got {sizes}")


def applied(
    network: Callable[[Tensor], Any], x: Tensor, role: str, what: str = "observations"
) -> Tensor:
    """`network(x)`, with errors that name what x is (`what`) and what the network is (`role`).

    Raises `ValueError` where the network raises, `TypeError` where it gives no tensor.
    """
    try:
        output = network(x)
    except torch.OutOfMemoryError:
        raise
    except (RuntimeError, ValueError, IndexError) as error:
        wanted = f"{what} must be what {role} takes"
        if str(error).startswith(wanted):
            raise
        # PyTorch's own text speaks of layers and matrices.
        own = isinstance(error, ValueError)
        reason = str(error).split("\n")[0] if own else "see the error before this one"
        raise ValueError(
            f"{wanted}; got {x.dtype} {tuple(x.shape)}, for which it raises "
            f"{type(error).__name__}: {reason}"
        ) from error
    if not isinstance(output, Tensor):
        raise TypeError(
            f"{role} must give a tensor; got {described(output)}: let it return that alone"
        )
    return output


def check_type(x: Tensor, weight: Tensor, name: str) -> None:
    """Raises `ValueError` where `x` is of another type than the weights, outside autocast."""
    if x.dtype != weight.dtype and not torch.is_autocast_enabled(x.device.type):
        raise ValueError(
            f"{name} must be {weight.dtype}, as the weights are; got {x.dtype}: "
            f"give {name}.to({weight.dtype})"
        )


def as_path(path: Any) -> Path:
    """A path, from a str or a path.

    Raises `TypeError` for anything else.
    """
    if not isinstance(path, str | os.PathLike):
        raise TypeError(f"path must be a str or a Path; got {described(path)}: give a file's name")
    return Path(path)


def check_given_back(reconstruction: Tensor, x: Tensor) -> None:
    """Raises `ValueError` where a reconstruction is not of the observations' shape."""
    if reconstruction.shape != x.shape:
        raise ValueError(
            "the decoder must give the observations' shape; got "
            f"{tuple(reconstruction.shape)} for observations {tuple(x.shape)}"
        )
