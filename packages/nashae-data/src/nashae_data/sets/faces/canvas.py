"""A canvas of many faces at once: coordinates on each, and paint laid on them.

Arrays have the faces last: (h, w, n). numpy then runs along many faces at a time, whatever part of
the image a shape needs, and the numbers of each face, (n,), broadcast.
"""

from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np
from jaxtyping import Float32, Int64

from nashae_data.sets.faces.arrays import PerFace, PerPixel
from nashae_data.sets.faces.traits import Traits

# Pixels over which an edge fades: a little more than one, as the edges of a resized photograph do.
EDGE = 1.5
# How far a head moves by roll and shift: what a box needs around a shape, in the units of (u, v).
MARGIN = 0.17
# The half-width of the ball, longer than wide, that a face lies on, in the units of (u, v).
BALL = 0.85

# One size for all faces, or one for each.
Size: TypeAlias = float | PerFace


class Box(NamedTuple):
    """A part of the image, in the units of (u, v)."""

    left: float
    right: float
    top: float
    bottom: float


class Grid(NamedTuple):
    """Where the pixels' centres are: `u` (w,) to the right, `v` (h,) downwards.

    The unit is 59.33 pixels of CelebA's picture of 178 x 218, from its middle: the 64 x 64 crop is
    about -1 to 1 each way. `pixel` is the width of a pixel.
    """

    u: Float32[np.ndarray, " w"]
    v: Float32[np.ndarray, " h"]
    pixel: float


@dataclass(frozen=True, eq=False)
class Patch:
    """A part of the canvas, of all or some of the faces.

    Args:
        planes: (3, h, w, n) red, green and blue, 0 to 255, painted on in place.
        x: (h, w, n) on the head, 0 in its middle, to the right, tilted with it.
        y: (h, w, n) the same downwards.
        p: (h, w, n) as x, but turned with the face by its azimuth.
        pixel: the width of a pixel in these units.
    """

    planes: Float32[np.ndarray, "3 h w n"]
    x: PerPixel
    y: PerPixel
    p: PerPixel
    pixel: float

    def cover(self, distance: PerPixel, soft: float = 0.0) -> PerPixel:
        """The part of each pixel, 0 to 1, that the shape covers where `distance` is below 0.

        The edge fades over about a pixel, and over `soft` where that is more. Overwrites
        `distance`, which it returns.
        """
        distance *= -1.0 / max(EDGE * self.pixel, soft)
        distance += 0.5
        np.maximum(distance, 0.0, out=distance)
        np.minimum(distance, 1.0, out=distance)
        return distance

    def paint(
        self, alpha: PerPixel, color: Float32[np.ndarray, "3 #n"], tone: PerPixel | None = None
    ) -> None:
        """Paint a colour with opacity `alpha`, lighter where `tone` is above 1.

        `tone` multiplies the colour; it changes green and blue more than red, so that what is in
        the shade is warm.
        """
        for plane, channel, depth in zip(self.planes, color, (0.85, 1.0, 1.1), strict=True):
            if tone is None:
                step = channel - plane
            else:
                step = tone * depth
                step += 1.0 - depth
                step *= channel
                step -= plane
            step *= alpha
            plane += step

    def tint(self, amount: PerPixel, color: tuple[float, float, float]) -> None:
        """Multiply the canvas by 1 + amount * color, to shade and light what is painted already."""
        for plane, channel in zip(self.planes, color, strict=True):
            plane += plane * (amount * channel)


class Canvas:
    """Images of n faces that are being drawn."""

    def __init__(self, grid: Grid, traits: Traits) -> None:
        self._grid = grid
        n = len(traits)
        self.planes = np.zeros((3, len(grid.v), len(grid.u), n), dtype=np.float32)
        roll, turn = traits.nuisance("roll"), traits.nuisance("azimuth")
        cos, sin = np.cos(roll), np.sin(roll)
        u = grid.u[:, None] - traits.nuisance("shift_x")
        v = grid.v[:, None] - traits.nuisance("shift_y")
        narrow = np.exp(-traits.nuisance("width"))
        self.x = (u * (cos * narrow))[None] + (v * (sin * narrow))[:, None]
        self.y = (u * -sin)[None] + (v * cos)[:, None]
        depth = self.x * self.x
        depth += 0.4 * self.y * self.y
        np.subtract((BALL**2), depth, out=depth)
        np.maximum(depth, 0.0, out=depth)
        np.sqrt(depth, out=depth)
        depth *= np.sin(turn)
        self.p = self.x * np.cos(turn)
        self.p -= depth

    def cut(self, box: Box, who: Int64[np.ndarray, " some"] | None = None) -> Patch:
        """The canvas around a box: a view for all faces, a copy for the faces `who`."""
        at = self._at(box)
        planes, x, y, p = self.planes[:, *at], self.x[at], self.y[at], self.p[at]
        if who is not None:
            planes, x = planes.take(who, axis=-1), x.take(who, axis=-1)
            y, p = y.take(who, axis=-1), p.take(who, axis=-1)
        return Patch(planes, x, y, p, self._grid.pixel)

    def put(self, patch: Patch, box: Box, who: Int64[np.ndarray, " some"]) -> None:
        """Lay back what `cut` copied."""
        self.planes[:, *self._at(box)][..., who] = patch.planes

    def _at(self, box: Box) -> tuple[slice, slice]:
        u, v = self._grid.u, self._grid.v
        columns = np.searchsorted(u, (box.left - MARGIN, box.right + MARGIN))
        rows = np.searchsorted(v, (box.top - MARGIN, box.bottom + MARGIN))
        return slice(*rows.tolist()), slice(*columns.tolist())


def bump(x: PerPixel, y: PerPixel, across: Size, down: Size) -> PerPixel:
    """A soft spot: 1 where x and y are 0, falling to 0 at the ellipse of these semi-axes."""
    found = ellipse(x, y, across, down)
    np.negative(found, out=found)
    np.maximum(found, 0.0, out=found)
    found *= found
    return found


def ellipse(x: PerPixel, y: PerPixel, across: Size, down: Size) -> PerPixel:
    """(x / across)^2 + (y / down)^2 - 1: below 0 inside, at the edge twice distance over axis."""
    level: PerPixel = x * (1.0 / across)
    level *= level
    other = y * (1.0 / down)
    other *= other
    level += other
    level -= 1.0
    return level


def egg(x: PerPixel, y: PerPixel, across: Size, up: Size, down: Size, boxy: Size) -> PerPixel:
    """Half an ellipse above y = 0 and another half below: below 0 inside, scaled as `ellipse`.

    The lower half is boxy where `boxy` is below 0, down to a box at -1, and slender above 0.
    """
    square = x * (1.0 / across)
    square *= square
    above, below = np.minimum(y, 0.0), np.maximum(y, 0.0)
    above *= 1.0 / up
    above *= above
    below *= 1.0 / down
    below *= below
    level: PerPixel = square * boxy
    level += 1.0
    np.maximum(level, 0.05, out=level)  # else the shape opens again, far outside
    level *= below
    level += square
    level += above
    level -= 1.0
    return level


def wave(phase: PerPixel) -> PerPixel:
    """A wave of period 1 between -1 and 1, made of parabolas: the same on every machine."""
    height: PerPixel = phase - np.floor(phase)
    height -= 0.5
    height *= 4.0 - 8.0 * np.abs(height)
    height *= 2.0
    return height
