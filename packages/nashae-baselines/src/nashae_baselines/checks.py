"""Checks of configs, and of what the networks give."""

from collections.abc import Callable
from typing import Any, TypeVar

from torch import Tensor

from nashae_core.arguments import applied, check_kind

Config = TypeVar("Config")


def check_numbers(**numbers: float | None) -> None:
    """Raise `ValueError` for numbers that are not finite and above 0; None stands for a default."""
    for name, number in numbers.items():
        if number is not None and not 0 < number < float("inf"):
            raise ValueError(f"{name} must be a finite number above 0; got {number}")


def check_weights(**weights: float) -> None:
    """Raise `ValueError` for weights that are not finite or below 0."""
    for name, weight in weights.items():
        if not 0 <= weight < float("inf"):
            raise ValueError(f"{name} must be a finite number of at least 0; got {weight}")


def check_choice(name: str, value: str, *choices: str) -> None:
    """Raise `ValueError` for a value that is not one of the choices."""
    if value not in choices:
        raise ValueError(f"{name} must be {' or '.join(choices)}; got {value!r}")


def checked_config(config: Config | None, kind: type[Config]) -> Config:
    """The config, or the class's defaults for None; `TypeError` for another class."""
    if config is None:
        return kind()
    check_kind(config, kind, "config", f"give {kind.__name__}(...)")
    return config


def matrix_from(
    network: Callable[[Tensor], Any],
    x: Tensor,
    role: str,
    wanted: str,
    fits: Callable[[int, int], bool],
    inputs: str = "observations",
) -> Tensor:
    """The matrix `network(x)`, in the type of `x`.

    Under autocast a network gives 8 bits: too few for a density, a covariance or a logit.

    Raises `ValueError` where it is no matrix or its rows and columns do not fit; both are named.
    """
    output = applied(network, x, role, inputs)
    if output.dim() != 2 or not fits(*output.shape):
        raise ValueError(
            f"{role} must give {wanted}; got {tuple(output.shape)} for {inputs} {tuple(x.shape)}"
        )
    return output.to(x.dtype)
