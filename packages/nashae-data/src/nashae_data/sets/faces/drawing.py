"""Synthetic faces, drawn: from attributes and nuisances to pixels."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from jaxtyping import Float32, UInt8

from nashae_data.sets.faces import palette
from nashae_data.sets.faces.accessories import paint_hat, paint_necklace, paint_necktie
from nashae_data.sets.faces.beard import (
    paint_beard,
    paint_goatee,
    paint_mustache,
    paint_sideburns,
    paint_stubble,
)
from nashae_data.sets.faces.canvas import Box, Canvas, Grid, Patch
from nashae_data.sets.faces.cheeks import paint_age, paint_cheeks, paint_double_chin
from nashae_data.sets.faces.eyes import paint_bags, paint_brows, paint_eyes, paint_glasses
from nashae_data.sets.faces.hair import grow_hair, paint_back, paint_front
from nashae_data.sets.faces.head import (
    paint_clothes,
    paint_earrings,
    paint_ears,
    paint_head,
    paint_neck,
)
from nashae_data.sets.faces.mouth import paint_mouth, paint_nose
from nashae_data.sets.faces.traits import Traits

UNIT = 178.0 / 3.0  # pixels of CelebA's picture, 178 x 218, for a unit of (u, v)
CHUNK = 2**19  # pixels drawn at a time: 128 faces of the crop, 13 of the picture
BLUR = 0.055  # half the width of the box that blurs, twice each way
EVERYWHERE = Box(-9.0, 9.0, -9.0, 9.0)


class Layer(NamedTuple):
    """A painter, where it paints, and whether on faces with an attribute, without it, or on all.

    The box holds it on each face that is turned, but neither tilted nor moved.
    """

    paint: Callable[[Patch, Traits], None]
    box: Box
    attribute: str = ""
    lacks: bool = False


BEHIND = (
    Layer(paint_ears, Box(-1.0, 1.0, -0.15, 0.35)),
    Layer(paint_neck, Box(-0.7, 0.7, 0.4, 9.0)),
    Layer(paint_clothes, Box(-9.0, 9.0, 0.75, 9.0)),
    Layer(paint_necktie, Box(-0.8, 0.8, 0.75, 9.0), "Wearing_Necktie"),
    Layer(paint_necklace, Box(-0.6, 0.6, 0.72, 1.2), "Wearing_Necklace"),
    Layer(paint_head, Box(-0.9, 0.9, -0.95, 1.1)),
    Layer(paint_double_chin, Box(-0.8, 0.8, 0.75, 1.05), "Double_Chin"),
    Layer(paint_cheeks, Box(-0.9, 0.9, 0.1, 0.8)),
    Layer(paint_bags, Box(-0.8, 0.8, 0.05, 0.3), "Bags_Under_Eyes"),
    Layer(paint_age, Box(-0.9, 0.9, -0.6, 0.75), "Young", lacks=True),
    Layer(paint_stubble, Box(-0.9, 0.9, -0.05, 1.1), "5_o_Clock_Shadow"),
    Layer(paint_sideburns, Box(-0.9, 0.9, -0.45, 0.6), "Sideburns"),
    Layer(paint_beard, Box(-0.9, 0.9, -0.1, 1.1), "No_Beard", lacks=True),
    Layer(paint_goatee, Box(-0.65, 0.65, 0.6, 1.1), "Goatee"),
    Layer(paint_nose, Box(-0.52, 0.52, -0.15, 0.62)),
    Layer(paint_mustache, Box(-0.6, 0.6, 0.5, 0.76), "Mustache"),
    Layer(paint_mouth, Box(-0.66, 0.66, 0.48, 0.92)),
    Layer(paint_eyes, Box(-0.86, 0.86, -0.25, 0.25)),
    Layer(paint_brows, Box(-0.82, 0.82, -0.36, -0.02)),
)
BEFORE = (
    Layer(paint_hat, Box(-1.0, 1.0, -1.3, -0.25), "Wearing_Hat"),
    Layer(paint_glasses, Box(-0.95, 0.95, -0.15, 0.28), "Eyeglasses"),
    Layer(paint_earrings, Box(-1.05, 1.05, 0.2, 0.65), "Wearing_Earrings"),
)


def _centered(pixels: int, first: float, step: float) -> Float32[np.ndarray, " pixels"]:
    return ((first + step * np.arange(pixels)) / UNIT).astype(np.float32)


# The picture as CelebA has it, 178 x 218, and what the paper makes of it: resized to 96 x 117, of
# which the middle 64 x 64 remain, 16 columns from the left and 26 rows from the top.
PICTURE = Grid(_centered(178, -88.5, 1.0), _centered(218, -108.5, 1.0), 1.0 / UNIT)
CROP = Grid(
    _centered(64, (16.5 - 48.0) * 178 / 96, 178 / 96),
    _centered(64, (26.5 - 58.5) * 218 / 117, 218 / 117),
    178 / 96 / UNIT,
)


def render_faces(
    attributes: npt.NDArray[np.bool_],
    nuisances: npt.NDArray[np.float64],
    grid: Grid = CROP,
    on_progress: Callable[[int], None] | None = None,
) -> UInt8[np.ndarray, "n h w 3"]:
    """Draw synthetic faces: cartoons, by arithmetic alone.

    A face does not depend on those drawn with it.

    Args:
        attributes: (n, 40), from `draw_attributes`.
        nuisances: (n, j), from `draw_nuisances`.
        grid: `CROP`, the 64 x 64 pixels that the paper's preprocessing leaves of CelebA's picture,
            or `PICTURE`, all 178 x 218 of them; or any other. The faces are the same.
        on_progress: called with the number of faces that are done.

    Returns:
        (n, height, width, 3) uint8.

    Raises:
        ValueError: there is no face, or the arrays have another shape or type.
    """
    traits = Traits.of(attributes, nuisances)
    if len(traits) == 0:
        raise ValueError("attributes must be of at least one face; got none")
    images = np.empty((len(traits), len(grid.v), len(grid.u), 3), dtype=np.uint8)
    step = max(1, CHUNK // max(1, images[0].size // 3))
    for start in range(0, len(traits), step):
        part = slice(start, start + step)
        images[part] = _draw(traits.take(part), grid)
        if on_progress is not None:
            on_progress(min(start + step, len(traits)))
    return images


def _draw(traits: Traits, grid: Grid) -> UInt8[np.ndarray, "n h w 3"]:
    canvas = Canvas(grid, traits)
    whole = canvas.cut(EVERYWHERE)
    _paint_background(canvas, traits, grid)
    hair = grow_hair(whole, traits)
    paint_back(whole, traits, hair)
    _paint_layers(canvas, traits, BEHIND)
    paint_front(whole, traits, hair)
    _paint_layers(canvas, traits, BEFORE)
    _blur(canvas.planes, traits, grid.pixel)
    return _expose(canvas.planes, traits).transpose(3, 1, 2, 0)


def _paint_layers(canvas: Canvas, traits: Traits, layers: tuple[Layer, ...]) -> None:
    for layer in layers:
        if not layer.attribute:
            layer.paint(canvas.cut(layer.box), traits)
            continue
        who = np.flatnonzero(traits.has(layer.attribute) != layer.lacks)
        if who.size:
            patch = canvas.cut(layer.box, who)
            layer.paint(patch, traits.take(who))
            canvas.put(patch, layer.box, who)


def _paint_background(canvas: Canvas, traits: Traits, grid: Grid) -> None:
    """A plain wall in two lights: brighter behind the head, darker away from it."""
    light = 78.0 + 120.0 * traits.nuisance("background_light")
    color = palette.hue(traits.nuisance("background_hue"), 0.0, 26.0) + light
    glow = 1.12 - 0.13 * (grid.u**2 + (grid.v[:, None] + 0.3) ** 2)
    np.multiply(color[:, None, None, :], glow[None, ..., None], out=canvas.planes)


def _expose(planes: Float32[np.ndarray, "3 h w n"], traits: Traits) -> UInt8[np.ndarray, "3 h w n"]:
    """Brighten or darken, compress the highlights so that few are clipped, and round."""
    planes *= np.exp2(traits.nuisance("exposure"))
    over = np.maximum(planes, 205.0)
    over -= 205.0
    over *= 0.4
    planes -= over
    planes += 0.5
    return np.clip(planes, 0.0, 255.0, out=planes).astype(np.uint8)


def _blur(planes: Float32[np.ndarray, "3 h w n"], traits: Traits, pixel: float) -> None:
    """Average the pixels of blurry faces over a box, twice."""
    who = np.flatnonzero(traits.has("Blurry"))
    if not who.size:
        return
    radius = max(1, round(BLUR / pixel))
    blurred = planes[..., who]
    for axis in (1, 2, 1, 2):
        size = blurred.shape[axis]
        padding = [(radius, radius) if at == axis else (0, 0) for at in range(4)]
        padded = np.pad(blurred, padding, mode="edge")
        blurred = padded.take(range(size), axis=axis)
        for shift in range(1, 2 * radius + 1):
            blurred += padded.take(range(shift, shift + size), axis=axis)
        blurred /= 2.0 * radius + 1.0
    planes[..., who] = blurred
