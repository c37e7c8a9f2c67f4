"""A data set of synthetic faces: drawn, with attributes as CelebA's faces have them."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from nashae_data.records.attributes import AttributeDataset
from nashae_data.records.provenance import Provenance
from nashae_data.sets.faces.attributes import FACES, attribute_model, draw_attributes
from nashae_data.sets.faces.drawing import render_faces
from nashae_data.sets.faces.nuisances import NUISANCE_NAMES, check_number, draw_nuisances

SOURCE = (
    "synthetic faces, drawn by nashae_data.synthetic_faces: not CelebA. Base rates and "
    "correlations of the attributes follow a model that was fitted to CelebA's attribute table"
)
TRAIN, VALID = 162_770, 182_637  # the ends of two parts of CelebA's partition of 202,599 faces


def synthetic_faces(
    n: int, rng: np.random.Generator, on_progress: Callable[[int], None] | None = None
) -> AttributeDataset:
    """Synthetic faces: a stand-in for CelebA on machines that do not have it.

    The faces are cartoons. Label numbers that are measured on them "synthetic faces": they are not
    CelebA's.

    Args:
        n: the number of faces, at least 1; 12 kB each.
        rng: draws the attributes, then the nuisances. The same state gives the same data set.
        on_progress: called with the number of faces that are done.

    Returns:
        An `AttributeDataset`: `observations` (n, 64, 64, 3) uint8, framed as the paper's crop of
        CelebA's pictures; CelebA's 40 `attributes`, each visible in the pixels; 15 `nuisances` with
        their names; the `partition` by order, in the proportions of CelebA's.

    Raises:
        ValueError: `n` is below 1.

    Source: the attributes follow a model fitted to CelebA's table, Z. Liu et al., ICCV 2015,
    https://arxiv.org/abs/1411.7766.

    Example:
        >>> faces = synthetic_faces(20, np.random.default_rng(0))
        >>> faces.observations.shape, len(faces.part("train"))
        ((20, 64, 64, 3), 16)
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
    """The part of each of n faces, (n,): 0 train, then 1 valid, then 2 test.

    The shares are CelebA's: about 80 percent, 10 and 10. Raises `ValueError` if n is below 1.
    """
    check_number(n)
    ends = (n * TRAIN // FACES, n * VALID // FACES)
    return np.searchsorted(np.array(ends), np.arange(n), side="right").astype(np.int64)
