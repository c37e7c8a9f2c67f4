"""Rows of runs on disk: JSON lines, one object a run."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

import msgspec

from nashae_data import atomic_file

Row = dict[str, Any]
PUBLISHED = Path(__file__).parents[1] / "reproduce" / "published"


def write_rows(rows: Iterable[Row], path: Path) -> None:
    """Write rows, whole or not at all."""
    with atomic_file(path) as temporary:
        temporary.write_bytes(msgspec.json.Encoder().encode_lines(list(rows)))


def read_rows(path: Path) -> list[Row]:
    """The rows of a file; `ValueError` that names it where it is damaged."""
    try:
        return msgspec.json.Decoder(Row).decode_lines(path.read_bytes())
    except (UnicodeDecodeError, msgspec.DecodeError) as error:
        raise ValueError(f"{path} is damaged: {error}") from error


def published(table: int | Literal["count"]) -> list[Row]:
    """The rows of a table, or of the counts, that are kept with this release."""
    path = PUBLISHED / (f"table{table}.jsonl" if isinstance(table, int) else f"{table}.jsonl")
    return read_rows(path) if path.exists() else []
