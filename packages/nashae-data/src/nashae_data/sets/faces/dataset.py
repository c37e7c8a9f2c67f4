"""A data set of synthetic faces: drawn, with attributes as CelebA's faces have them."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from nashae_data.records.attributes import AttributeDataset
from nashae_data.records.dataset import Provenance
from nashae_data.sets.faces.attributes import FACES, attribute_model, draw_attributes
from nashae_data.sets.faces.drawing import render_faces
from nashae_data.sets.faces.nuisances import NUISANCE_NAMES, draw_nuisances

SOURCE = (
    "synthetic faces, drawn by nashae_data.synthetic_faces: not CelebA. Base rates and "
    "correlations of the attributes follow a model that was fitted to CelebA's attribute table"
)
TRAIN, VALID = 162_770, 182_637  # where the parts end in CelebA's partition of 202,599 faces


def synthetic_faces(
    n: int, rng: np.random.Generator, on_progress: Callable[[int], None] | None = None
) -> AttributeDataset:
    """Synthetic faces: a stand-in for CelebA on machines that do not have it.

    The faces are cartoons. Numbers that are measured on them are not CelebA's, and are to be
    labelled "synthetic faces".

    - `n`: how many, at least 1; 12 kB each.
    - `rng`: gives the attributes, then the nuisances. The same state gives the same data set.
    - `on_progress`: called with the number of faces that are done.

    Returns an `AttributeDataset`: `observations` (n, 64, 64, 3) uint8, framed as the paper's crop
    of CelebA's pictures; the 40 `attributes` of `attribute_model`, of which each can be seen;
    `nuisances` and their names, in the units and ranges of `NUISANCES`; the `partition` by order,
    in the proportions of CelebA's.

    Raises `ValueError` if n is below 1.
    """
    attributes, nuisances = draw_attributes(n, rng), draw_nuisances(n, rng)
    return AttributeDataset(
        observations=render_faces(attributes, nuisances, on_progress=on_progress),
        attributes=attributes,
        names=attribute_model().names,
        partition=face_partition(n),
        nuisances=nuisances,
        nuisance_names=NUISANCE_NAMES,
        provenance=Provenance(source=SOURCE),
    )


def face_partition(n: int) -> npt.NDArray[np.int64]:
    """To which part each of n faces belongs: 0 train, then 1 valid, then 2 test.

    The shares are those of CelebA: about 80 percent, 10 and 10. Raises `ValueError` if n is below
    1.
    """
    if n < 1:
        raise ValueError(f"n is {n}, wanted at least 1 face")
    ends = (n * TRAIN // FACES, n * VALID // FACES)
    return np.searchsorted(np.array(ends), np.arange(n), side="right").astype(np.int64)
