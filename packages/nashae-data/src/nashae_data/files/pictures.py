"""Pictures as PNG and JPEG, by Pillow, which is installed with the extra `images`."""

import io
from types import ModuleType

import numpy as np
from jaxtyping import UInt8


def pillow() -> ModuleType:
    """Pillow's module `Image`; raises `ValueError` if it is not installed."""
    try:
        from PIL import Image
    except ImportError as error:
        raise ValueError("pictures need Pillow: pip install 'nashae-data[images]'") from error
    return Image


def encoded(picture: UInt8[np.ndarray, "height width *channels"], **options: object) -> bytes:
    """The bytes of a picture (h, w) or (h, w, 3); `format` and other options are Pillow's.

    Not written by Pillow itself, which may lose the end in silence when a disk is full.
    """
    written = io.BytesIO()
    pillow().fromarray(picture).save(written, **options)
    return written.getvalue()
