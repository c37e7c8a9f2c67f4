"""Polygons filled to the pixel, as bits: the scan conversion that dSprites were drawn with."""

import numpy as np
from jaxtyping import Float64, Int64, UInt64

SIDE = 64  # pixels; a row of them is one 64-bit word
SUBPIXELS = 256  # vertices lie on a grid of 1/256 pixel
# Entry c has the pixels from column c on, the leftmost in the most significant bit of the first
# byte: made from bytes, to be the same on machines of either byte order.
SUFFIXES = np.packbits(np.arange(SIDE) >= np.arange(SIDE + 1)[:, None], axis=1).view(np.uint64)
# An edge that is d subpixels high crosses rows at multiples of 1 / (256 d) pixels. This is less
# than any such step for d below 3.9 million, and far more than the rounding of float64.
TIE = 1e-9


def snap(pixels: Float64[np.ndarray, "*any"]) -> Float64[np.ndarray, "*any"]:
    """Round coordinates from pixels to the nearest whole subpixels (halves upwards)."""
    return np.floor(SUBPIXELS * pixels + 0.5)


def fill(
    canvas: UInt64[np.ndarray, "b rows"],
    x: Float64[np.ndarray, "one_or_a v b"],
    y: Float64[np.ndarray, "a v"],
) -> None:
    """Draw a * b closed polygons of v vertices into an empty canvas, by the even-odd rule.

    A pixel is on if its centre is inside: rows whose centre is in (top, bottom], columns in
    [left, right). Parts outside of the image are cut off.

    Args:
        canvas: zeros; row r of the image with heights i and columns j is `canvas[j, 64 i + r]`, and
            its bytes hold the pixels from left to right. At most 1024 heights at a time.
        x: of the vertices, in whole subpixels from the left edge of the image: b columns for each
            row of `y`, the same for all if `x` has one row only.
        y: of the vertices, in whole subpixels from the upper edge, downwards.
    """
    edge, row, part = _crossings(y)
    # In pixels and moved by one half, so that to cut off the decimals of a crossing's z gives the
    # first column whose centre is not left of it.
    z = x / SUBPIXELS + (0.5 - TIE)
    steps = (np.roll(z, -1, axis=1) - z).reshape(-1, z.shape[-1])
    edge %= len(steps)
    columns = z.reshape(-1, z.shape[-1]).take(edge, axis=0)
    columns += part[:, None] * steps.take(edge, axis=0)
    # The crossings of a row are neighbours, and even in number as the polygon is closed: the two of
    # a pair differ in the pixels between them.
    starts = SUFFIXES[:, 0].take(columns.astype(np.int64), mode="clip")
    spans = starts[0::2] ^ starts[1::2]
    row = row[0::2]
    again = row[1:] == row[:-1]
    if again.any():  # a row crosses a part that is not convex: the notch of a heart
        first = np.flatnonzero(np.concatenate([[True], ~again]))
        spans, row = np.bitwise_xor.reduceat(spans, first, axis=0), row[first]
    canvas[:, row] = spans.T


def _crossings(
    y: Float64[np.ndarray, "a v"],
) -> tuple[Int64[np.ndarray, " k"], Int64[np.ndarray, " k"], Float64[np.ndarray, " k"]]:
    """Where edges meet the centres of rows: their edge (a * v in all), row of the canvas, and part.

    Edge e goes from vertex e to the next; `part` of it, in [0, 1], is above or below the centre.
    Ordered by row.
    """
    # The last row whose centre is not below the vertex. The limits cut off what is outside.
    last = np.clip(np.floor(y / SUBPIXELS - 0.5), -1, SIDE - 1).astype(np.int64)
    following = np.roll(last, -1, axis=1)
    number = np.abs(following - last).ravel()
    crossed = np.flatnonzero(number)
    number = number[crossed]
    edge = np.repeat(crossed, number)
    within = np.arange(len(edge)) - np.repeat(np.cumsum(number) - number, number)
    row = np.minimum(last, following).ravel()[edge] + 1 + within
    start = y.ravel()[edge]
    part = (row * SUBPIXELS + SUBPIXELS // 2 - start) / (
        np.roll(y, -1, axis=1).ravel()[edge] - start
    )
    row += edge // y.shape[1] * SIDE
    order = np.argsort(row.astype(np.uint16), kind="stable")  # sorts by digits: twice as fast
    return edge[order], row[order], part[order]
