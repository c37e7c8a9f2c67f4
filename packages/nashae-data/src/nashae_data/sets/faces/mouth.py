"""The nose and the mouth of a synthetic face."""

import numpy as np

from nashae_data.sets.faces import palette
from nashae_data.sets.faces.arrays import PerFace, PerPixel
from nashae_data.sets.faces.canvas import Patch, bump
from nashae_data.sets.faces.traits import Traits

NOSE, MOUTH = 0.44, 0.70  # y where they are


def paint_nose(patch: Patch, traits: Traits) -> None:
    """The nose: light on its ridge, shade on one side and beneath, wings and nostrils."""
    big, pointy = traits.has("Big_Nose"), traits.has("Pointy_Nose")
    light = traits.nuisance("light")
    wide = 0.112 + 0.062 * big - 0.032 * pointy + 0.008 * traits.has("Male")
    base = NOSE + 0.02 * big + 0.045 * pointy
    x = patch.p - 0.12 * np.sin(traits.nuisance("azimuth"))
    y = patch.y - base
    flank = bump(x, y + 0.22, wide * 1.5, 0.42)
    shade = x * (0.42 / wide * light)
    shade *= flank
    ridge = bump(x, y + 0.16, 0.05 - 0.012 * pointy, 0.34)
    ridge *= 0.10 + 0.10 * pointy
    shade += ridge
    tip = bump(x, y + 0.05, wide * 0.8, 0.10)
    tip *= 0.12 - 0.02 * big
    shade += tip
    patch.tint(shade, (0.8, 1.0, 1.05))
    _shade_below(patch, x, y, wide, pointy)


def _shade_below(patch: Patch, x: PerPixel, y: PerPixel, wide: PerFace, pointy: PerFace) -> None:
    """The lower edge: a line around tip and wings, and two nostrils."""
    across = x * (1.0 / wide)
    side = np.abs(across)
    across *= across
    # A round nose ends in a shallow bow, a pointed one in a wedge.
    edge = across * (-0.075 * (1.0 - pointy))
    edge -= side * (0.10 * pointy)
    edge += 0.035
    edge -= y
    np.abs(edge, out=edge)
    edge -= 0.013
    side -= 1.0
    side *= wide
    np.maximum(edge, side, out=edge)
    line = patch.cover(edge, 0.03)
    line *= -0.42
    side += 0.02
    wing = bump(side, y + 0.02, 0.045, 0.075)
    wing *= -0.32
    line += wing
    side += wide * 0.42
    nostril = bump(side, y - 0.012, 0.05, 0.032)
    nostril *= -0.75
    line += nostril
    under = bump(x, y - 0.07, wide * 1.2, 0.07)
    under *= -0.16
    line += under
    np.maximum(line, -0.8, out=line)
    patch.tint(line, (0.82, 1.0, 1.0))


def paint_mouth(patch: Patch, traits: Traits) -> None:
    """The lips, and between them a line, or teeth and the dark of an open mouth."""
    smile, open_ = traits.has("Smiling"), traits.has("Mouth_Slightly_Open")
    big, red = traits.has("Big_Lips"), traits.has("Wearing_Lipstick")
    half = 0.225 + 0.075 * smile + 0.012 * big
    gap = open_ * (0.055 + 0.035 * smile)
    upper = 0.037 + 0.032 * big + 0.006 * red
    lower = 0.050 + 0.043 * big + 0.006 * red + gap
    arc = patch.p * (1.0 / half)
    arc *= arc
    y = arc * (0.105 * smile + 0.018 * (1.0 - smile))
    y += patch.y
    y -= MOUTH + 0.012 * smile - 0.3 * gap  # above 0 below the line where the lips meet
    _shade_chin(patch, traits, y, lower)
    np.subtract(1.0, arc, out=arc)
    bow = np.abs(patch.p)
    bow *= 6.0
    np.minimum(bow, 0.3, out=bow)
    bow += 0.72
    bow *= arc * upper
    lips = y - arc * lower
    np.maximum(lips, -y - bow, out=lips)
    gloss = bump(patch.p, y - lower * 0.62, half * 0.6, 0.03)
    gloss *= 0.14 + 0.14 * red
    gloss += 0.86
    gloss += np.minimum(np.maximum(y, 0.0), 0.03) * 5.0
    patch.paint(patch.cover(lips), palette.lips(traits), gloss)
    _open(patch, traits, y, arc, gap)


def _shade_chin(patch: Patch, traits: Traits, y: PerPixel, lower: PerFace) -> None:
    """The shade under the lower lip, and the dimples of a smile."""
    shade = bump(patch.p, y - lower - 0.035, 0.2, 0.06)
    shade *= -0.2
    dimple = bump(np.abs(patch.p) - 0.36, patch.y - (MOUTH - 0.09), 0.07, 0.12)
    dimple *= -0.22 * traits.has("Smiling")
    shade += dimple
    patch.tint(shade, (0.8, 1.0, 1.0))


def _open(patch: Patch, traits: Traits, y: PerPixel, arc: PerPixel, gap: PerFace) -> None:
    """The line where the lips meet; where they do not, the dark between them, and teeth above."""
    low = arc * gap
    dark = np.maximum(-y, y - low)
    dark -= 0.008
    np.maximum(dark, arc * -0.1, out=dark)
    dark = patch.cover(dark)
    dark *= 0.75 + 0.25 * traits.has("Mouth_Slightly_Open")
    color = palette.lips(traits) * 0.35
    patch.paint(dark, color)
    teeth = y - low * (0.45 + 0.2 * traits.has("Smiling"))
    np.maximum(teeth, -y, out=teeth)
    teeth += 0.006
    teeth = patch.cover(teeth)
    teeth *= traits.has("Mouth_Slightly_Open")
    patch.paint(teeth, palette.single((250, 246, 238)))
