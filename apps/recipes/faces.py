"""The synthetic faces that recipes train on, drawn once and kept."""

import zipfile
from collections.abc import Callable
from pathlib import Path

import filelock
import numpy as np

from nashae_data import AttributeDataset, synthetic_faces
from nashae_data.atomic import atomic_file
from nashae_data.dataset import Provenance
from nashae_data.members import open_member

OnFaces = Callable[[int, int], object]
FACES = 50_000
SEED = 0


def kept_faces(root: Path, on_faces: OnFaces | None = None) -> AttributeDataset:
    """50,000 synthetic faces, from a file in `root` that is made where it is missing.

    The images are mapped from the file, so that runs side by side share them. A file that is
    damaged, or of another release of nashae-data, is made anew.
    """

    def show(done: int) -> None:
        if on_faces is not None:
            on_faces(done, FACES)

    path = root / f"synthetic-faces-{FACES}.npz"
    root.mkdir(parents=True, exist_ok=True)
    with filelock.FileLock(root / f".{path.name}.lock"):
        found = _read(path)
        if found is None:
            _write(synthetic_faces(FACES, np.random.default_rng(SEED), show), path)
            found = _read(path)
    assert found is not None
    return found


def _write(faces: AttributeDataset, path: Path) -> None:
    with atomic_file(path) as temporary:
        np.savez(
            temporary,
            images=np.asarray(faces.observations[:]),
            attributes=faces.attributes,
            partition=faces.partition,
            nuisances=faces.nuisances,
            names=np.array(faces.names),
            nuisance_names=np.array(faces.nuisance_names),
            provenance=np.array([faces.provenance.source, faces.provenance.version]),
        )


def _read(path: Path) -> AttributeDataset | None:
    """What the file holds; None where it is missing or damaged, or of another release."""
    try:
        return _open(path)
    except (FileNotFoundError, ValueError, zipfile.BadZipFile):
        return None


def _open(path: Path) -> AttributeDataset | None:
    with zipfile.ZipFile(path) as archive:
        kept = {
            name: open_member(archive, name).read()
            for name in (
                "attributes",
                "partition",
                "nuisances",
                "names",
                "nuisance_names",
                "provenance",
            )
        }
        images = open_member(archive, "images").mapped(path)
    source, version = kept["provenance"]
    provenance = Provenance(source=str(source))
    if version != provenance.version:
        return None
    return AttributeDataset(
        images,
        kept["attributes"],
        tuple(kept["names"].tolist()),
        kept["partition"],
        kept["nuisances"],
        tuple(kept["nuisance_names"].tolist()),
        provenance,
    )
