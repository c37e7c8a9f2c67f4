"""Synthetic faces, which stand in for CelebA: 50,000, drawn once and kept in a file."""

import hashlib
import zipfile
from dataclasses import replace
from functools import cache
from pathlib import Path

import filelock
import numpy as np

from apps.console import console
from apps.recipes.data_set import OnFaces
from apps.recipes.data_sets.celeba import CELEBA, face_settings
from apps.recipes.inputs import colour_images
from nashae_data import AttributeDataset, Provenance, atomic_file, synthetic_faces
from nashae_data.files.npz import open_member

FACES = 50_000
SEED = 0
SAMPLE = 16  # faces, whose digest tells one drawing code from another
# The digest of the faces as they have always been drawn, and what run folders and kept files call
# it: the digest of the code that drew them first.
DRAWN, NAME = (
    "f9bd8b62ad54ee59b17e7af1b338c3d7f045d71de305dfe597bd634030e09917",
    "5eeb1ee368a12d028e2c4f79705842d0460836a6c5cd690bf82f476605dfc920",
)
COLOURS = (0.5984, 0.4902, 0.4273), (0.2227, 0.2130, 0.1981)  # means and deviations


def kept_faces(root: Path, on_faces: OnFaces | None = None) -> AttributeDataset:
    """50,000 synthetic faces, from a file in `root` that is written if it is missing.

    The images are mapped from the file, so that parallel runs share them. A file that is damaged,
    of another release of nashae-data or drawn by other code is replaced, which is printed.
    """

    def show(done: int) -> None:
        if on_faces is not None:
            on_faces(done, FACES)

    path = root / f"synthetic-faces-{FACES}.npz"
    root.mkdir(parents=True, exist_ok=True)
    with filelock.FileLock(root / f".{path.name}.lock"):
        faces = _read(path)
        if faces is None:
            if path.exists():
                why = "damaged, or drawn by other code than this release's"
                console.print(f"{path} is {why}: drawn again", markup=False, soft_wrap=True)
            _write(synthetic_faces(FACES, np.random.default_rng(SEED), show), path)
            faces = _read(path)
    assert faces is not None
    return faces


@cache
def drawn_by() -> str:
    """What tells the drawing code from other code: a digest of a few faces that it draws."""
    faces, digest = synthetic_faces(SAMPLE, np.random.default_rng(SEED)), hashlib.sha256()
    for array in (faces.observations[:], faces.attributes, faces.nuisances):
        digest.update(np.ascontiguousarray(array).tobytes())
    return NAME if digest.hexdigest() == DRAWN else digest.hexdigest()


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
    """The faces in a file; None if it is missing, damaged, or of another release or code."""
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
    inputs=colour_images(*COLOURS),
    made_by=lambda: {"drawn_by": drawn_by()},
    settings=face_settings(FACES, "which are not CelebA"),
)
