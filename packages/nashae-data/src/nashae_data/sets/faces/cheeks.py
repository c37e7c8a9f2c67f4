"""Details of the skin of a synthetic face: colour, cheekbones, and age."""

import numpy as np

from nashae_data.sets.faces import palette
from nashae_data.sets.faces.canvas import Patch, bump
from nashae_data.sets.faces.head import outline
from nashae_data.sets.faces.traits import Traits


def paint_cheeks(patch: Patch, traits: Traits) -> None:
    """High cheekbones as light above shade; rouge and rosy cheeks."""
    skin = patch.cover(outline(patch, traits))
    side = np.abs(patch.p) - 0.44
    y = patch.y - 0.36
    slant = y + side * 0.45
    bone = bump(side, slant + 0.07, 0.22, 0.11)
    bone *= 0.17
    hollow = bump(side - 0.06, slant - 0.20, 0.30, 0.16)
    hollow *= 0.19
    bone -= hollow
    bone *= traits.has("High_Cheekbones")
    bone *= skin
    patch.tint(bone, (0.7, 1.0, 1.0))
    rouge = bump(side - 0.03, slant, 0.20, 0.14)
    rouge *= 0.30 * traits.has("Heavy_Makeup")
    rosy = bump(side + 0.02, y - 0.04, 0.25, 0.21)
    rosy *= 0.60 * traits.has("Rosy_Cheeks")
    np.maximum(rouge, rosy, out=rouge)
    rouge *= skin
    patch.paint(rouge, palette.single(palette.ROSE))


def paint_age(patch: Patch, _: Traits) -> None:
    """Lines on the forehead, from the nose to the mouth, and beside the eyes."""
    side = np.abs(patch.p)
    brow = patch.p * patch.p
    brow *= 0.35
    brow += patch.y
    lines = np.minimum(np.abs(brow + 0.36), np.abs(brow + 0.47))
    lines -= 0.010
    np.maximum(lines, side - 0.34, out=lines)
    # From the wing of the nose outwards and down.
    fold = patch.y - 0.42
    np.maximum(fold, 0.0, out=fold)
    fold = np.abs(side - 0.19 - 0.78 * fold + fold * fold * 0.7)
    fold -= 0.011
    np.maximum(fold, np.abs(patch.y - 0.56) - 0.14, out=fold)
    np.minimum(lines, fold, out=lines)
    foot = np.abs(np.abs(patch.y - 0.06) - 0.55 * (side - 0.50))
    foot -= 0.009
    np.maximum(foot, np.abs(side - 0.575) - 0.05, out=foot)
    np.minimum(lines, foot, out=lines)
    shade = patch.cover(lines, 0.035)
    shade *= -0.36
    patch.tint(shade, (0.8, 1.0, 1.0))


def paint_double_chin(patch: Patch, _: Traits) -> None:
    """The fold above the second chin, and the shade below the fold."""
    bow = patch.p * patch.p
    bow += patch.y
    bow -= 0.915
    fold = np.abs(bow) - 0.012
    np.maximum(fold, np.abs(patch.p) - 0.30, out=fold)
    shade = patch.cover(fold, 0.05)
    shade *= -0.50
    shade -= bump(patch.p, bow - 0.03, 0.4, 0.07) * 0.22
    shade += bump(patch.p, bow + 0.07, 0.25, 0.06) * 0.12
    patch.tint(shade, (0.8, 1.0, 1.0))
