"""A sheet that shows what each factor does: one row of images for each."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from jaxtyping import UInt8

from nashae_data.files.atomic import atomic_file
from nashae_data.records.dataset import Dataset

GREY = 128  # between the images


def factor_sheet(dataset: Dataset, columns: int = 10, gap: int = 2) -> npt.NDArray[np.uint8]:
    """One picture of all factors: a row for each, from its lowest class to its highest.

    - `dataset`: of images (n, h, w), (n, h, w, 1) or (n, h, w, 3): whole numbers from 0 to 255,
      or real numbers from 0 to 1. Where the images shown hold no whole number above 1, 1 is white.
    - `columns`: how many classes a row shows at most, evenly spaced, first and last among them.
    - `gap`: pixels of grey around and between images.

    The other factors are at their middle class, `size // 2`. A factor of one class has no row, in
    the order of `dataset.names`. Returns (height, width) uint8, or (height, width, 3) for colour.

    Raises `ValueError` if the observations are no such images, `columns` is below 2 or `gap` below
    0, if no factor has two classes, and if an image that is needed is not in the data set.
    """
    shape = dataset.observations.shape[1:]
    if len(shape) not in (2, 3) or (len(shape) == 3 and shape[2] not in (1, 3)):
        raise ValueError(f"observations are {shape}, wanted images (h, w), (h, w, 1) or (h, w, 3)")
    if columns < 2 or gap < 0:
        raise ValueError(f"columns {columns} and gap {gap}, wanted at least 2 and at least 0")
    rows = [
        _rows(dataset, column, min(columns, size))
        for column, size in enumerate(dataset.sizes)
        if size > 1
    ]
    if not rows:
        raise ValueError(f"no factor of {dataset.names} has two classes: there is nothing to show")
    cells = _grey_levels(np.asarray(dataset.observations[np.concatenate(rows)]))
    if cells.ndim == 4 and cells.shape[3] == 1:
        cells = cells[..., 0]
    height, width = shape[0] + gap, shape[1] + gap
    across = max(len(row) for row in rows)
    sheet = np.full(
        (len(rows) * height + gap, across * width + gap, *cells.shape[3:]), GREY, dtype=np.uint8
    )
    images = iter(cells)
    for down, row in enumerate(rows):
        for right in range(len(row)):
            top, left = down * height + gap, right * width + gap
            sheet[top : top + shape[0], left : left + shape[1]] = next(images)
    return sheet


def write_png(image: UInt8[np.ndarray, "height width *channels"], path: Path) -> None:
    """Write a picture (h, w) or (h, w, 3), uint8, as PNG, whole or not at all.

    Raises `ValueError` if the picture has another shape or Pillow is not installed, and what
    `atomic_file` raises.
    """
    if image.size == 0 or image.shape[2:] not in ((), (3,)):
        raise ValueError(f"the picture is {image.shape}, wanted (h, w) or (h, w, 3)")
    try:
        from PIL import Image
    except ImportError as error:
        raise ValueError("pictures need Pillow: pip install 'nashae-data[images]'") from error
    written = io.BytesIO()
    Image.fromarray(image).save(written, format="PNG", optimize=True)
    with atomic_file(path) as temporary:
        temporary.write_bytes(written.getvalue())  # Pillow may pass over a full disk


def _rows(dataset: Dataset, column: int, number: int) -> npt.NDArray[np.int64]:
    """Where the images of one row of the sheet are in the data set."""
    size = dataset.sizes[column]
    middle = np.array(dataset.sizes) // 2
    fits = np.ones(len(dataset), dtype=np.bool_)
    for other, wanted in enumerate(middle):
        if other != column:
            fits &= dataset.factors[:, other] == wanted
    candidates = np.flatnonzero(fits)
    found = []
    for level in np.linspace(0, size - 1, number).round().astype(np.int64):
        at = candidates[dataset.factors[candidates, column] == level]
        if not at.size:
            raise ValueError(
                f"no image has class {level} of {dataset.names[column]!r} and the middle class of "
                "each other factor: a sheet needs them"
            )
        found.append(at[0])
    return np.array(found)


def _grey_levels(cells: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    low, high = cells.min(), cells.max()
    real = cells.dtype.kind == "f"
    if cells.dtype.kind not in "biuf" or not (low >= 0 and high <= (1 if real else 255)):
        raise ValueError(
            f"images hold {cells.dtype} from {low} to {high}, wanted whole numbers from 0 to 255 "
            "or real numbers from 0 to 1"
        )
    white = 255.0 if real or high <= 1 else 1.0
    return np.rint(cells * white).astype(np.uint8)
