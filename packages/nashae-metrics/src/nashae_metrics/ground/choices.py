"""Options that are one of several names."""

from collections.abc import Iterable, Mapping
from typing import TypeVar

T = TypeVar("T")


def check_choice(name: str, value: object, known: Iterable[str]) -> None:
    """Raise `ValueError` if the value of the option `name` is not one of the `known`."""
    names = list(known)
    if value not in names:
        raise ValueError(f"{name} must be one of {names}; got {value!r}")


def chosen(name: str, value: str, known: Mapping[str, T]) -> T:
    """The one of the `known` that the option `name` names; `ValueError` if there is none."""
    check_choice(name, value, known)
    return known[value]
