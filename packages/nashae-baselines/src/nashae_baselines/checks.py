"""What numbers a config may hold, and what config a model."""

from typing import TypeVar

from nashae_core.arguments import check_kind

Config = TypeVar("Config")


def check_numbers(**numbers: float | None) -> None:
    """Refuse numbers that are not finite or not above 0; None stands for a default."""
    for name, number in numbers.items():
        if number is not None and not 0 < number < float("inf"):
            raise ValueError(f"{name} must be a finite number above 0; got {number}")


def check_weights(**weights: float) -> None:
    """Refuse weights that are not finite or below 0."""
    for name, weight in weights.items():
        if not 0 <= weight < float("inf"):
            raise ValueError(f"{name} must be a finite number of at least 0; got {weight}")


def checked_config(config: Config | None, kind: type[Config]) -> Config:
    """A config of a class, its defaults for None.

    Raises `TypeError` for anything else.
    """
    if config is None:
        return kind()
    check_kind(config, kind, "config", f"give {kind.__name__}(...)")
    return config
