"""Pictures of data sets: what each factor changes, and the first faces."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from jaxtyping import UInt8

from nashae_data.files.atomic import atomic_file
from nashae_data.files.pictures import encoded
from nashae_data.records.attributes import AttributeDataset
from nashae_data.records.dataset import Dataset

GREY = 128  # between the images


def factor_sheet(dataset: Dataset, columns: int = 10, gap: int = 2) -> npt.NDArray[np.uint8]:
    """One picture of all factors: a row for each, from its lowest class to its highest.

    The other factors are at their middle class, `size // 2`. A factor of one class has no row; the
    rows are in the order of `dataset.names`.

    Args:
        dataset: of images (n, h, w), (n, h, w, 1) or (n, h, w, 3): whole numbers from 0 to 255, or
            real numbers from 0 to 1. If no whole number shown is above 1, 1 is white.
        columns: the most classes that a row shows, at least 2: evenly spaced, first and last among
            them.
        gap: pixels of grey around and between images.

    Returns:
        (height, width) uint8, or (height, width, 3) for colour.

    Raises:
        ValueError: the observations are no such images, `columns` is below 2 or `gap` below 0, no
            factor has two classes, or an image that is needed is not in the data set.

    Example:
        >>> from nashae_data import Dataset, Provenance
        >>> images, size = np.array([[[0]], [[255]]]), np.array([[0], [1]])
        >>> two = Dataset(images, size, size * 1.0, ("size",), (2,), Provenance("made by hand"))
        >>> factor_sheet(two, gap=0).tolist()
        [[0, 255]]
    """
    shape = dataset.observations.shape[1:]
    if len(shape) not in (2, 3) or (len(shape) == 3 and shape[2] not in (1, 3)):
        raise ValueError(
            f"observations must be images (h, w), (h, w, 1) or (h, w, 3); got shape {shape}"
        )
    if columns < 2 or gap < 0:
        raise ValueError(
            f"columns must be at least 2 and gap at least 0; got columns {columns}, gap {gap}"
        )
    rows = [
        _rows(dataset, column, min(columns, size))
        for column, size in enumerate(dataset.sizes)
        if size > 1
    ]
    if not rows:
        raise ValueError(f"a factor must have two classes to be shown; got none in {dataset.names}")
    cells = _grey_levels(np.asarray(dataset.observations[np.concatenate(rows)]))
    if cells.ndim == 4 and cells.shape[3] == 1:
        cells = cells[..., 0]
    return _tiled(cells, [len(row) for row in rows], gap)


def face_sheet(
    dataset: AttributeDataset, rows: int = 8, columns: int = 8, gap: int = 2
) -> npt.NDArray[np.uint8]:
    """One picture of the first faces of a data set, row by row.

    Args:
        dataset: of images (n, h, w, 3) uint8.
        rows: the number of rows, at least 1.
        columns: the number of faces in a row, at least 1; missing faces are grey.
        gap: pixels of grey around and between faces.

    Returns:
        (height, width, 3) uint8.

    Raises:
        ValueError: the observations are no such images, `rows` or `columns` is below 1 or `gap`
            below 0.

    Example:
        >>> from nashae_data import synthetic_faces
        >>> face_sheet(synthetic_faces(4, np.random.default_rng(0)), rows=2, columns=2).shape
        (134, 134, 3)
    """
    shape, dtype = dataset.observations.shape[1:], dataset.observations.dtype
    if len(shape) != 3 or shape[2] != 3 or dtype != np.uint8:
        raise ValueError(f"observations must be images (h, w, 3) uint8; got {dtype} {shape}")
    if rows < 1 or columns < 1 or gap < 0:
        raise ValueError(
            "rows and columns must be at least 1 and gap at least 0; got "
            f"rows {rows}, columns {columns}, gap {gap}"
        )
    cells = np.full((rows * columns, *shape), GREY, dtype=np.uint8)
    shown = dataset.observations[: len(cells)]
    cells[: len(shown)] = shown
    return _tiled(cells, [columns] * rows, gap)


def write_png(image: UInt8[np.ndarray, "height width *channels"], path: Path) -> None:
    """Write a picture (h, w) or (h, w, 3), uint8, as PNG, whole or not at all.

    Raises `ValueError` if the picture has another shape or Pillow is not installed, and the errors
    of `atomic_file`.
    """
    if image.size == 0 or image.shape[2:] not in ((), (3,)):
        raise ValueError(f"image must be (h, w) or (h, w, 3); got {image.shape}")
    content = encoded(image, format="PNG", optimize=True)
    with atomic_file(path) as temporary:
        temporary.write_bytes(content)


def _tiled(cells: npt.NDArray[np.uint8], widths: Sequence[int], gap: int) -> npt.NDArray[np.uint8]:
    """Images (n, h, w, ...) on grey, in rows of as many as `widths` says."""
    height, width = cells.shape[1] + gap, cells.shape[2] + gap
    shape = (len(widths) * height + gap, max(widths) * width + gap, *cells.shape[3:])
    sheet = np.full(shape, GREY, dtype=np.uint8)
    places = [(down, right) for down, number in enumerate(widths) for right in range(number)]
    for cell, (down, right) in zip(cells, places, strict=True):
        top, left = down * height + gap, right * width + gap
        sheet[top : top + cell.shape[0], left : left + cell.shape[1]] = cell
    return sheet


def _rows(dataset: Dataset, column: int, number: int) -> npt.NDArray[np.int64]:
    """The indices of the images of one row of the sheet."""
    size = dataset.sizes[column]
    fits = np.ones(len(dataset), dtype=np.bool_)
    for other, other_size in enumerate(dataset.sizes):
        if other != column:
            fits &= dataset.factors[:, other] == other_size // 2
    candidates = np.flatnonzero(fits)
    indices = []
    for level in np.linspace(0, size - 1, number).round().astype(np.int64):
        at = candidates[dataset.factors[candidates, column] == level]
        if not at.size:
            raise ValueError(
                f"dataset must have an image with class {level} of {dataset.names[column]!r} and "
                "the middle class of each other factor; got none"
            )
        indices.append(at[0])
    return np.array(indices)


def _grey_levels(cells: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    low, high = cells.min(), cells.max()
    real = cells.dtype.kind == "f"
    if cells.dtype.kind not in "biuf" or not (low >= 0 and high <= (1 if real else 255)):
        raise ValueError(
            "images must hold whole numbers from 0 to 255 or real numbers from 0 to 1; got "
            f"{cells.dtype} from {low} to {high}"
        )
    white = 255.0 if real or high <= 1 else 1.0
    return np.rint(cells * white).astype(np.uint8)
