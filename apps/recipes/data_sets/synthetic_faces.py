"""Synthetic faces: 50,000 drawn ones, which stand in for CelebA; drawn once and kept."""

import zipfile
from dataclasses import replace
from functools import cache
from pathlib import Path

import filelock
import numpy as np

from apps.console import console
from apps.recipes.data_set import OnFaces
from apps.recipes.data_sets.celeba import CELEBA, face_settings
from apps.recipes.inputs import ColourImages
from apps.sources import code_digest, imported_files
from nashae_data import AttributeDataset, Provenance, atomic_file, synthetic_faces
from nashae_data.files.npz import open_member
from nashae_data.sets.faces import dataset as drawing

FACES = 50_000
SEED = 0
COLOURS = ColourImages((0.5984, 0.4902, 0.4273), (0.2227, 0.2130, 0.1981))  # of all the faces


def kept_faces(root: Path, on_faces: OnFaces | None = None) -> AttributeDataset:
    """50,000 synthetic faces, from a file in `root` that is made where it is missing.

    The images are mapped from the file, so that runs side by side share them. A file that is
    damaged, of another release of nashae-data or drawn by other code is made anew, and that said.
    """

    def show(done: int) -> None:
        if on_faces is not None:
            on_faces(done, FACES)

    path = root / f"synthetic-faces-{FACES}.npz"
    root.mkdir(parents=True, exist_ok=True)
    with filelock.FileLock(root / f".{path.name}.lock"):
        found = _read(path)
        if found is None:
            if path.exists():
                why = "damaged, or drawn by other code than this release's"
                console.print(f"{path} is {why}: drawn again", markup=False, soft_wrap=True)
            _write(synthetic_faces(FACES, np.random.default_rng(SEED), show), path)
            found = _read(path)
    assert found is not None
    return found


@cache
def drawn_by() -> str:
    """The digest of the code, and of the model of the attributes, by which faces are drawn."""
    folder = Path(drawing.__file__).parent
    return code_digest([*imported_files(drawing.__name__, ()), *folder.glob("*.json")])


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
            provenance=np.array([faces.provenance.source, faces.provenance.version, drawn_by()]),
        )


def _read(path: Path) -> AttributeDataset | None:
    """What the file holds; None where it is missing or damaged, or of another release."""
    try:
        return _open(path)
    except (FileNotFoundError, ValueError, zipfile.BadZipFile):
        return None


def _open(path: Path) -> AttributeDataset | None:
    names = ("attributes", "partition", "nuisances", "names", "nuisance_names", "provenance")
    with zipfile.ZipFile(path) as archive:
        kept = {name: open_member(archive, name).read() for name in names}
        images = open_member(archive, "images").mapped(path)
    source, *made_by = kept["provenance"].tolist()
    provenance = Provenance(source=source)
    if made_by != [provenance.version, drawn_by()]:
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


SYNTHETIC_FACES = replace(
    CELEBA,
    name="synthetic-faces",
    title="synthetic faces",
    load=kept_faces,
    observations=FACES,
    inputs=COLOURS,
    made_by=lambda: {"drawn_by": drawn_by()},
    settings=face_settings(FACES, "which are not CelebA"),
)
