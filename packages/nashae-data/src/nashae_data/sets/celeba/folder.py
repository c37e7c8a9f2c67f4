"""CelebA: 202,599 photographs of faces and 40 attributes of each, from the published folder."""

import os
from pathlib import Path

import numpy as np

from nashae_data.observations.cache import ImageRecipe, Progress, cached_images
from nashae_data.records.attributes import AttributeDataset
from nashae_data.records.provenance import Provenance
from nashae_data.sets.celeba.images import open_images
from nashae_data.sets.celeba.lists import read_attributes, read_partition

CITATION = "Z. Liu, P. Luo, X. Wang, X. Tang. Deep Learning Face Attributes in the Wild. ICCV 2015."
CACHE = "nashae-celeba-64.h5"
# Names the crop in a cache: change it if the crop's images change.
CROP = "resize 96 bilinear, centre 64 x 64, 1"
SYNTHETIC = "SYNTHETIC_FACES.txt"  # is in a folder of drawn faces
BLOCK = 1000
# Official, as sorted on its drive, and Kaggle's; the first that is there is read.
LISTS = ("list_attr_celeba.txt", "Anno/list_attr_celeba.txt", "list_attr_celeba.csv")
PARTITIONS = ("list_eval_partition.txt", "Eval/list_eval_partition.txt", "list_eval_partition.csv")
IMAGES = (
    "img_align_celeba/img_align_celeba",
    "img_align_celeba",
    "Img/img_align_celeba",
    "img_align_celeba.zip",
    "Img/img_align_celeba.zip",
)


def celeba(
    root: str | os.PathLike[str],
    *,
    cache: str | os.PathLike[str] | None = None,
    on_progress: Progress | None = None,
) -> AttributeDataset:
    """CelebA as the paper uses it: 64 x 64 pixels and 40 attributes, in the order of its list.

    The list decides which images are read: a part of CelebA with lists of its own can be read too.
    If `root` holds a file `SYNTHETIC_FACES.txt`, the provenance says synthetic faces, not CelebA.

    Args:
        root: the folder, or the one that holds it as `celeba`. In it: `list_attr_celeba.txt` (also
            in `Anno`) or Kaggle's `.csv`; the images in `img_align_celeba` (also twice nested, as
            Kaggle has it, or in `Img`) or in `img_align_celeba.zip`; and optionally
            `list_eval_partition.txt` (also in `Eval`) or `.csv`. Of two forms the first is read.
        cache: the HDF5 file, with the array `images`, that keeps the crops (None:
            `nashae-celeba-64.h5` in `root`), 2.5 GB for all. The first call makes it with all
            cores, in a minute or two, and resumes a build that was cut off; hidden files beside it
            belong to it. Later calls read it once to check it. If `root` is read-only, name another
            place.
        on_progress: called during the build with the number of images done and of all.

    Returns:
        An `AttributeDataset` whose `observations` are `DiskImages` (n, 64, 64, 3) uint8, 0 to 255,
        red, green, blue: each index reads the file. They equal, to the bit, torchvision's
        Resize(96) and CenterCrop(64). No `nuisances`. Without a partition all are train.

    Raises:
        FileNotFoundError: there is no such folder, list or image (the first is named, and how many
            are missing).
        ValueError: a list or an image is damaged or not of this kind (file and line are named), the
            zip file is damaged or encrypted, another file is at the cache's place, or Pillow or
            filelock is needed and not installed.
        OSError: the disk refuses; what was made until then is kept.

    Source: Z. Liu, P. Luo, X. Wang, X. Tang, ICCV 2015, https://arxiv.org/abs/1411.7766; the size
    of the images: https://arxiv.org/abs/2209.10677.
    """
    return read_tree(Path(root), None if cache is None else Path(cache), on_progress, BLOCK)


def read_tree(
    root: Path, cache: Path | None, on_progress: Progress | None, block: int
) -> AttributeDataset:
    """`celeba` with another number of images in a block of the cache."""
    if not root.is_dir():
        raise FileNotFoundError(
            f"root must be the folder of CelebA; got {root}, which is no folder"
        )
    base = root if _first(root, LISTS) or not (root / "celeba").is_dir() else root / "celeba"
    listed, place, parted = _first(base, LISTS), _first(base, IMAGES), _first(base, PARTITIONS)
    if listed is None or place is None:
        missing = LISTS if listed is None else IMAGES
        raise FileNotFoundError(f"{base} must hold one of {', '.join(missing)}; got none")
    lists = read_attributes(listed)
    n = len(lists.files)
    partition = read_partition(parted, lists.files) if parted else np.zeros(n, dtype=np.int64)
    with open_images(place, lists.files) as files:
        recipe = ImageRecipe((n, 64, 64, 3), f"{CROP}: {files.stamp}", files.crop, block)
        images = cached_images(root / CACHE if cache is None else cache, recipe, on_progress)
    return AttributeDataset(
        observations=images,
        attributes=lists.attributes,
        names=lists.names,
        partition=partition,
        nuisances=np.zeros((n, 0)),
        nuisance_names=(),
        provenance=_provenance(root, base),
    )


def _first(base: Path, places: tuple[str, ...]) -> Path | None:
    """The first of these that is there."""
    return next((base / place for place in places if (base / place).exists()), None)


def _provenance(root: Path, base: Path) -> Provenance:
    folder = f"folder {root.resolve().name}"
    if any((place / SYNTHETIC).exists() for place in (root, base)):
        return Provenance(f"synthetic faces, not CelebA, {folder}")
    return Provenance(f"CelebA, {folder}", citation=CITATION)
