"""Rows on disk: JSON lines, one object for each run."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from nashae_data import atomic_file

Row = dict[str, Any]
PUBLISHED = Path(__file__).parents[1] / "reproduce" / "published"


def write_rows(rows: Iterable[Row], path: Path) -> None:
    """Write rows to a file, atomically."""
    with atomic_file(path) as temporary:
        temporary.write_bytes(msgspec.json.Encoder().encode_lines(list(rows)))


def read_rows(path: Path) -> list[Row]:
    """The rows of a file; `ValueError` names it if it is damaged."""
    try:
        return msgspec.json.Decoder(Row).decode_lines(path.read_bytes())
    except (UnicodeDecodeError, msgspec.DecodeError) as error:
        raise ValueError(f"{path} is damaged: {error}") from error


def select(rows: Iterable[Row], **values: object) -> tuple[Row, ...]:
    """The rows with these values, in the order of their seeds."""
    own = [row for row in rows if all(row[name] == value for name, value in values.items())]
    return tuple(sorted(own, key=lambda row: int(row["seed"])))


def published(table: str) -> list[Row]:
    """The rows of a table that this release comes with; empty for an unknown table."""
    path = PUBLISHED / f"{table}.jsonl"
    return read_rows(path) if path.exists() else []
