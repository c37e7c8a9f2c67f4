"""Where a data set comes from."""

import hashlib
import textwrap
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path


@dataclass(frozen=True)
class Provenance:
    """Where observations come from.

    Args:
        source: how they were made, or the file that they were read from.
        citation: whom to cite; may be empty.
        sha256: the digest of the file, hexadecimal, if it was one; else empty.
        version: the release of nashae-data that made or read them.
    """

    source: str
    citation: str = ""
    sha256: str = ""
    version: str = field(default_factory=lambda: version("nashae-data"))


def sourced(provenance: Provenance) -> str:
    """The source of a data set, in a line."""
    return f"source: {textwrap.shorten(provenance.source, 200)}"


def from_file(path: Path, citation: str, digest: bool = True) -> Provenance:
    """The provenance of one file, with its SHA-256 unless that would mean to read many GB."""
    sha256 = ""
    if digest:
        with path.open("rb") as stream:
            sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
    return Provenance(source=f"file {path.name}", citation=citation, sha256=sha256)
