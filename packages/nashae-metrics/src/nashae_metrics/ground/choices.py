"""Options that are one of several names."""

from collections.abc import Iterable


def check_choice(name: str, value: object, known: Iterable[str]) -> None:
    """Raise `ValueError` if the value of the option `name` is not one of the `known`."""
    names = list(known)
    if value not in names:
        raise ValueError(f"{name} must be one of {names}; got {value!r}")
