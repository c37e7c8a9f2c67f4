"""dSprites, computed: a square, an ellipse or a heart, white on black, equal in each pixel."""

import numpy as np
from jaxtyping import Float64, UInt8

from nashae_data.observations.arrays import ArrayLike, finite_numbers
from nashae_data.observations.packed import PackedImages
from nashae_data.records.dataset import Dataset
from nashae_data.records.grids import grid
from nashae_data.records.provenance import Provenance
from nashae_data.sets.dsprites.polygons import SIDE, fill, snap

CITATION = (
    "L. Matthey, I. Higgins, D. Hassabis, A. Lerchner. dSprites: Disentanglement testing Sprites "
    "dataset. https://github.com/deepmind/dsprites-dataset/, 2017."
)
NAMES = ("color", "shape", "scale", "orientation", "posX", "posY")
SHAPES = ("square", "ellipse", "heart")
SIZES = (1, 3, 6, 40, 32, 32)
SCALES = np.linspace(0.5, 1.0, 6)
ORIENTATIONS = np.linspace(0.0, 2.0 * np.pi, 40)  # radians; the last is the first again
POSITIONS = np.linspace(0.0, 1.0, 32)
LEVELS = (np.ones(1), np.arange(1.0, 4.0), SCALES, ORIENTATIONS, POSITIONS, POSITIONS)

RADIUS = 9.6  # pixels at scale 1: 0.15 of the image
MARGIN, ROOM = 16.0, 32.0  # pixels: centres lie from 16 to 48
ELLIPSE_RATIO = 1.33  # of the longer semi-axis to the radius, and of the radius to the shorter
ELLIPSE_VERTICES, HEART_VERTICES = 100, 150
# From scale 18 on every shape covers the whole image, wherever its centre is: a larger one would
# only overflow.
COVERING_SCALE = 64.0
CHUNK = 1024  # sprites drawn at a time


def dsprites() -> Dataset:
    """dSprites: all 737,280 images of a sprite in 64 x 64 pixels, and the factors that made them.

    Computed in seconds; the rows are in the order of the published archive, `posY` varying fastest.

    Returns:
        A `Dataset` whose `observations` are `PackedImages` (737280, 64, 64), uint8, 0 or 1: a bit
        for each pixel, 377 MB instead of 3 GB. The factors, with their numbers of classes and their
        values:

        - `color` 1: 1, white.
        - `shape` 3: 1 square, 2 ellipse, 3 heart.
        - `scale` 6: 0.5 to 1 of the largest size.
        - `orientation` 40: 0 to 2 pi in radians, counter-clockwise. First and last are the same
          angle, so that 715,706 of the images are different.
        - `posX`, `posY` 32 each: 0 to 1, from the left and from the top.

    Source: L. Matthey et al., 2017, https://github.com/deepmind/dsprites-dataset, whose images the
    paper uses unchanged; the rules of drawing were worked out from the published images.
    """
    # Differs from the paper: computed, not read from the published archive. The images compared
    # with it are equal in each pixel.
    words = np.zeros((len(SHAPES), len(SCALES), len(ORIENTATIONS), 32, 32 * SIDE), dtype=np.uint64)
    centres = _centre(POSITIONS)
    for shape, scale in np.ndindex(words.shape[:2]):
        at_scale = np.full(len(ORIENTATIONS), SCALES[scale])
        x, y = _outlines(SHAPES[shape], at_scale, ORIENTATIONS)
        # Vertices are snapped at their final position, x and y independently: 32 outlines of each
        # give all 1024 positions.
        for orientation, canvas in enumerate(words[shape, scale]):
            fill(
                canvas,
                snap(x[orientation, :, None] + centres)[None],
                snap(y[orientation] + centres[:, None]),
            )
    images = PackedImages(words.view(np.uint8).reshape(-1, SIDE, SIDE // 8))
    provenance = Provenance(source="computed by nashae_data.dsprites", citation=CITATION)
    return Dataset(images, *grid(LEVELS), NAMES, SIZES, provenance)


def render_sprite(
    shape: str, scale: ArrayLike, orientation: ArrayLike, x: ArrayLike, y: ArrayLike
) -> UInt8[np.ndarray, "*many 64 64"]:
    """Images of a sprite at any size, angle and place, also between the levels of dSprites.

    What lies outside of the image is cut off. `scale`, `orientation`, `x` and `y` are numbers or
    arrays, broadcast together.

    Args:
        shape: "square", "ellipse" or "heart".
        scale: above 0; 1 is the largest of dSprites, a square with sides of 19.2 pixels.
        orientation: in radians, counter-clockwise.
        x: of the sprite's origin, 0 to 1 from the left, which is pixel 16 to 48.
        y: of the sprite's origin, 0 to 1 from the top, which is pixel 16 to 48.

    Returns:
        (the broadcast shape, 64, 64) uint8, 0 or 1; at the levels of dSprites the images are those
        of `dsprites`.

    Raises:
        ValueError: the shape is unknown, numbers are not finite, a scale is not above 0 or a
            position outside 0 to 1, or arrays do not broadcast.

    Source: as of `dsprites`.

    Example:
        >>> turning = render_sprite("heart", 1.0, np.linspace(0, np.pi, 7), 0.5, 0.5)
        >>> turning.shape, int(turning.max())
        ((7, 64, 64), 1)
    """
    if shape not in SHAPES:
        raise ValueError(f"shape must be one of {', '.join(SHAPES)}; got {shape!r}")
    numbers = _broadcast({"scale": scale, "orientation": orientation, "x": x, "y": y})
    sizes, _, *places = numbers
    if (sizes <= 0.0).any():
        raise ValueError(f"scale must be above 0; got {sizes[sizes <= 0.0][0]}")
    for name, place in zip("xy", places, strict=True):
        outside = place[(place < 0.0) | (place > 1.0)]
        if outside.size:
            raise ValueError(f"{name} must be from 0 to 1; got {outside[0]}")
    return _draw(shape, *numbers.reshape(4, -1)).reshape(*numbers.shape[1:], SIDE, SIDE)


def _broadcast(given: dict[str, ArrayLike]) -> Float64[np.ndarray, "numbers *many"]:
    arrays = [finite_numbers(name, numbers) for name, numbers in given.items()]
    try:
        return np.stack(np.broadcast_arrays(*arrays))
    except ValueError as error:
        raise ValueError(
            f"{', '.join(given)} must have shapes that broadcast; got "
            f"{', '.join(str(array.shape) for array in arrays)}"
        ) from error


def _draw(
    shape: str,
    scales: Float64[np.ndarray, " n"],
    angles: Float64[np.ndarray, " n"],
    x: Float64[np.ndarray, " n"],
    y: Float64[np.ndarray, " n"],
) -> UInt8[np.ndarray, "n 64 64"]:
    words = np.zeros((1, len(x) * SIDE), dtype=np.uint64)
    for start in range(0, len(x), CHUNK):
        part = slice(start, start + CHUNK)
        right, down = _outlines(shape, np.minimum(scales[part], COVERING_SCALE), angles[part])
        fill(
            words[:, start * SIDE : (start + CHUNK) * SIDE],
            snap(right + _centre(x[part])[:, None])[..., None],
            snap(down + _centre(y[part])[:, None]),
        )
    return np.unpackbits(words.view(np.uint8)).reshape(-1, SIDE, SIDE)


def _centre(positions: Float64[np.ndarray, " n"]) -> Float64[np.ndarray, " n"]:
    """The sprite's origin, in pixels from the left or the upper edge of the image."""
    return MARGIN + ROOM * positions


def _outlines(
    shape: str, scales: Float64[np.ndarray, " a"], angles: Float64[np.ndarray, " a"]
) -> tuple[Float64[np.ndarray, "a v"], Float64[np.ndarray, "a v"]]:
    """The x and y of the vertices, in pixels from the sprite's origin, y downwards."""
    outline = {"square": _square, "ellipse": _ellipse, "heart": _heart}[shape]()
    x, y = scales[:, None] * outline[0], scales[:, None] * outline[1]
    cos, sin = np.cos(angles)[:, None], np.sin(angles)[:, None]
    return x * cos + y * sin, y * cos - x * sin


def _square() -> Float64[np.ndarray, "2 v"]:
    return RADIUS * np.array([[-1.0, 1.0, 1.0, -1.0], [-1.0, -1.0, 1.0, 1.0]])


def _ellipse() -> Float64[np.ndarray, "2 v"]:
    t = 2.0 * np.pi * np.arange(ELLIPSE_VERTICES) / ELLIPSE_VERTICES
    return RADIUS * np.stack([ELLIPSE_RATIO * np.cos(t), np.sin(t) / ELLIPSE_RATIO])


def _heart() -> Float64[np.ndarray, "2 v"]:
    t = 2.0 * np.pi * np.arange(HEART_VERTICES) / HEART_VERTICES
    height = 13.0 * np.cos(t) - 5.0 * np.cos(2 * t) - 2.0 * np.cos(3 * t) - np.cos(4 * t)
    return RADIUS * np.stack([np.sin(t) ** 3, -(height / 14.5 + 0.15)])
