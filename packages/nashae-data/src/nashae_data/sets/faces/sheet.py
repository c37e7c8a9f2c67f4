"""A contact sheet of faces."""

import numpy as np
import numpy.typing as npt

from nashae_data.records.attributes import AttributeDataset
from nashae_data.sheet import GREY


def face_sheet(
    dataset: AttributeDataset, rows: int = 8, columns: int = 8, gap: int = 2
) -> npt.NDArray[np.uint8]:
    """One picture of the first faces of a data set, row by row.

    - `dataset`: of images (n, h, w, 3) uint8.
    - `rows`, `columns`: how many are shown at most; where there are fewer faces, the rest is grey.
    - `gap`: pixels of grey around and between faces.

    Returns (height, width, 3) uint8.

    Raises `ValueError` if the observations are no such images, `rows` or `columns` is below 1 or
    `gap` below 0.
    """
    shape, dtype = dataset.observations.shape[1:], dataset.observations.dtype
    if len(shape) != 3 or shape[2] != 3 or dtype != np.uint8:
        raise ValueError(f"observations are {dtype} {shape}, wanted images (h, w, 3) of uint8")
    if rows < 1 or columns < 1 or gap < 0:
        raise ValueError(
            f"rows {rows}, columns {columns} and gap {gap}, wanted at least 1, 1 and 0"
        )
    height, width = shape[0] + gap, shape[1] + gap
    sheet = np.full((rows * height + gap, columns * width + gap, 3), GREY, dtype=np.uint8)
    number = min(rows * columns, len(dataset))
    for at, image in enumerate(dataset.observations[:number]):
        top, left = at // columns * height + gap, at % columns * width + gap
        sheet[top : top + shape[0], left : left + shape[1]] = image
    return sheet
