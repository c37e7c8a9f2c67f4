"""What synthetic faces wear: a hat, a necklace, a necktie."""

import numpy as np

from nashae_data.sets.faces import palette
from nashae_data.sets.faces.canvas import Patch, bump, wave
from nashae_data.sets.faces.head import neck_width
from nashae_data.sets.faces.traits import Traits


def paint_hat(patch: Patch, traits: Traits) -> None:
    """A knitted cap down to the forehead, with a ribbed band."""
    across = np.abs(patch.x)
    bow = patch.x * patch.x
    bow *= 0.16
    bow += patch.y  # the band hangs a little lower at the sides of the head
    dome = (patch.x * (1.0 / 0.86)) ** 2
    dome += (np.minimum(patch.y + 0.40, 0.0) * (1.0 / 0.76)) ** 2
    dome -= 1.0
    dome *= 0.4
    np.maximum(dome, bow + 0.40, out=dome)
    color = palette.hue(traits.nuisance("clothes_hue") + 0.08, 138.0, 84.0)
    rows = wave(bow * 8.0) * 0.05
    rows += wave(patch.x / (1.9 + patch.y) * 8.0) * 0.07
    rows += patch.x * (0.2 * traits.nuisance("light"))
    rows += 0.95 - across * across * 0.25
    patch.paint(patch.cover(dome), color, rows)
    band = np.abs(bow + 0.47) - 0.12
    np.maximum(band, across - 0.875, out=band)
    ribs = wave(patch.p * 7.0) * 0.13
    ribs += patch.x * (0.2 * traits.nuisance("light"))
    ribs += 1.12 - across * across * 0.25
    patch.paint(patch.cover(band), color, ribs)


def paint_necklace(patch: Patch, traits: Traits) -> None:
    """A string of pearls."""
    string = patch.x * patch.x
    string *= 1.3
    string += patch.y
    string -= 1.07
    bead = wave(patch.x * 9.0)
    bead *= 0.010
    string = np.abs(string)
    string += bead - 0.056
    np.maximum(string, np.abs(patch.x) - neck_width(traits), out=string)
    shine = wave(patch.x * 9.0 + 0.1)
    shine *= -0.12
    shine += 0.96
    patch.paint(patch.cover(string), palette.single((255, 248, 232)), shine)


def paint_necktie(patch: Patch, traits: Traits) -> None:
    """A white collar that stands around the neck, a shirt front, and the tie."""
    side = np.abs(patch.x)
    shirt = side + 0.45 * (patch.y - 0.90)
    shirt -= 0.47
    collar = 1.10 - 0.72 * side - patch.y
    np.maximum(shirt, collar, out=shirt)
    np.maximum(shirt, 0.80 - patch.y, out=shirt)
    tone = bump(side - 0.36, patch.y - 0.9, 0.2, 0.3) * 0.08
    tone += 0.94
    patch.paint(patch.cover(shirt), palette.single((244, 246, 250)), tone)
    # A knot, then the blade, which widens downwards.
    below = patch.y - 1.26
    width = np.maximum(below, 0.0) * 0.16
    width += np.minimum(below, 0.0) * -0.35
    width += 0.06
    tie = np.maximum(side - width, 1.04 - patch.y)
    stripes = wave((patch.x + patch.y) * 5.0) * 0.16
    stripes += 0.95
    patch.paint(
        patch.cover(tie), palette.hue(traits.nuisance("clothes_hue") + 0.5, 120.0, 90.0), stripes
    )
