"""Where a data set was read from."""

import hashlib
from pathlib import Path

from nashae_data.records.dataset import Provenance


def from_file(path: Path, citation: str, digest: bool = True) -> Provenance:
    """The provenance of one file, with its SHA-256 unless that would mean to read many GB."""
    sha256 = ""
    if digest:
        with path.open("rb") as stream:
            sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
    return Provenance(source=f"file {path.name}", citation=citation, sha256=sha256)
