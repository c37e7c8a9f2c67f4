"""Shapes of the arrays of faces: h rows and w columns of pixels, n faces last."""

from typing import TypeAlias

import numpy as np
from jaxtyping import Float32

PerPixel: TypeAlias = Float32[np.ndarray, "h w n"]
PerFace: TypeAlias = Float32[np.ndarray, " n"]
Colors: TypeAlias = Float32[np.ndarray, "3 n"]  # red, green and blue, 0 to 255
