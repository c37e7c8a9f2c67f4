"""Synthetic faces as files in the layout of the published CelebA."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from nashae_data.files.atomic import atomic_folder
from nashae_data.files.pictures import encoded, pillow
from nashae_data.sets.faces.attributes import attribute_model, draw_attributes
from nashae_data.sets.faces.dataset import face_partition
from nashae_data.sets.faces.drawing import PICTURE, render_faces
from nashae_data.sets.faces.nuisances import draw_nuisances

CHUNK = 128  # pictures held at a time, 15 MB
NOTICE = """\
Synthetic faces, not CelebA.

The {n} pictures in this folder are cartoons, drawn by nashae_data.write_celeba_tree. Nobody was
photographed. Files, names and sizes are those of the published CelebA (Z. Liu et al., Deep Learning
Face Attributes in the Wild, ICCV 2015), so that programs which read CelebA can be tried without it;
base rates and correlations of the attributes follow a model that was fitted to its table.

Numbers that are measured on these pictures are not CelebA's: label them "synthetic faces".
"""


def write_celeba_tree(
    folder: Path,
    n: int,
    rng: np.random.Generator,
    *,
    quality: int = 95,
    on_progress: Callable[[int], None] | None = None,
) -> None:
    """Write n synthetic faces in the layout of CelebA, whole or not at all.

    Args:
        folder: a new one, or an empty one. It will hold `img_align_celeba/000001.jpg` and so on,
            178 x 218 pixels, `list_attr_celeba.txt`, `list_eval_partition.txt`, and
            `SYNTHETIC_FACES.txt`, which says that these are not CelebA.
        n: the number of faces, 1 to 999,999; about 10 kB each.
        rng: the same state gives the faces that `synthetic_faces` draws, in a wider frame.
        quality: of the JPEG files, 1 to 100.
        on_progress: called with the number of faces that are done.

    Raises:
        ValueError: `n` or `quality` is out of range or Pillow is not installed.
        FileExistsError: the folder holds anything.
        OSError: the disk refuses.
    """
    if not 1 <= n <= 999_999:
        raise ValueError(f"n must be 1 to 999999 faces; got {n}: names of files have six digits")
    if not 1 <= quality <= 100:
        raise ValueError(f"quality must be 1 to 100; got {quality}")
    pillow()  # which may be missing: before anything is drawn
    attributes, nuisances = draw_attributes(n, rng), draw_nuisances(n, rng)
    names = [f"{number:06d}.jpg" for number in range(1, n + 1)]
    with atomic_folder(folder) as temporary:
        images = temporary / "img_align_celeba"
        images.mkdir()
        for start in range(0, n, CHUNK):
            part = slice(start, start + CHUNK)
            pictures = render_faces(attributes[part], nuisances[part], PICTURE)
            for name, picture in zip(names[part], pictures, strict=True):
                (images / name).write_bytes(encoded(picture, format="JPEG", quality=quality))
            if on_progress is not None:
                on_progress(min(start + CHUNK, n))
        _write_tables(temporary, names, attributes)
        (temporary / "SYNTHETIC_FACES.txt").write_text(NOTICE.format(n=n), encoding="utf-8")


def _write_tables(
    folder: Path, names: list[str], attributes: np.ndarray[Any, np.dtype[np.bool_]]
) -> None:
    """Write attributes and partition in the format of the published files."""
    with (folder / "list_attr_celeba.txt").open("w", encoding="utf-8", newline="\n") as file:
        file.write(f"{len(names)}\n")
        file.writelines(f"{name} " for name in attribute_model().names)  # the last one too
        file.write("\n")
        for name, row in zip(names, attributes.tolist(), strict=True):
            file.write(name + "".join("  1" if has else " -1" for has in row) + "\n")
    with (folder / "list_eval_partition.txt").open("w", encoding="utf-8", newline="\n") as file:
        for name, part in zip(names, face_partition(len(names)).tolist(), strict=True):
            file.write(f"{name} {part}\n")
