"""Where two descriptions differ: one name, what was kept and what is given."""

from collections.abc import Mapping

ABSENT = "absent"


def first_difference(kept: object, given: object, name: str = "") -> tuple[str, str, str] | None:
    """The first name, its value in `kept` and in `given`; None where they are equal.

    Names within mappings are joined by dots, in the order of `given`, then of `kept`.
    """
    if isinstance(kept, Mapping) and isinstance(given, Mapping):
        for key in [*given, *(key for key in kept if key not in given)]:
            below = f"{name}.{key}" if name else str(key)
            found = first_difference(kept.get(key, ABSENT), given.get(key, ABSENT), below)
            if found:
                return found
        return None
    return None if kept == given else (name, _short(kept), _short(given))


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= 80 else f"{text[:80]}…"
