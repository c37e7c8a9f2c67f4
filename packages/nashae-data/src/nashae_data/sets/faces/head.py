"""The head of a synthetic face, its neck, ears and skin, and what it wears below."""

import numpy as np

from nashae_data.sets.faces import palette
from nashae_data.sets.faces.arrays import PerFace, PerPixel
from nashae_data.sets.faces.canvas import Patch, bump, egg, ellipse
from nashae_data.sets.faces.traits import Traits

# y where the head is widest. The chin comes to about 1: higher than in CelebA, where it is at 1.18
# and below the crop, so that the crop shows a double chin, a necklace and a collar.
CENTER = 0.04


def half_width(traits: Traits) -> PerFace:
    """Half of the head's width at its widest, in the units of x."""
    plain = 0.71 + 0.02 * traits.has("Male") + 0.075 * traits.has("Chubby")
    return plain - 0.06 * traits.has("Oval_Face")


def outline(patch: Patch, traits: Traits) -> PerPixel:
    """Approximately the distance to the edge of the head, below 0 inside."""
    male, oval = traits.has("Male"), traits.has("Oval_Face")
    jaw = -0.22 - 0.30 * male + oval * (0.52 + 0.12 * male) - 0.26 * traits.has("Chubby")
    low = 0.93 + 0.08 * traits.has("Double_Chin") + 0.02 * male + 0.015 * oval
    found = egg(patch.x, patch.y - CENTER, half_width(traits), 0.94, low, np.maximum(jaw, -0.66))
    found *= 0.36
    return found


def neck_width(traits: Traits) -> PerFace:
    """Half of the neck's width, in the units of x."""
    return 0.37 + 0.05 * traits.has("Male") + 0.05 * traits.has("Chubby")


def paint_neck(patch: Patch, traits: Traits) -> None:
    """The neck, in the shade of the chin."""
    flare = patch.y - 1.0
    np.maximum(flare, 0.0, out=flare)
    flare *= flare
    distance = np.abs(patch.x)
    distance -= neck_width(traits)
    distance -= flare
    np.maximum(distance, 0.45 - patch.y, out=distance)
    tone = bump(patch.x, patch.y - 0.86, 0.75, 0.42)
    tone *= -0.36
    tone += 0.93
    patch.paint(patch.cover(distance), palette.skin(traits), tone)


def paint_ears(patch: Patch, traits: Traits) -> None:
    """Both ears, moved against the turn of the head."""
    x, side = _ear(patch, traits)
    distance = ellipse(side, patch.y - 0.10, 0.095, 0.17)
    distance *= 0.05
    tone = bump(side - 0.01, patch.y - 0.08, 0.07, 0.13)
    tone *= -0.28
    tone += 0.95 + 0.08 * x * traits.nuisance("light")
    patch.paint(patch.cover(distance), palette.skin(traits), tone)


def paint_earrings(patch: Patch, traits: Traits) -> None:
    """A golden bead and a drop below each ear, over the hair."""
    _, side = _ear(patch, traits)
    side -= 0.01
    drop = ellipse(side, patch.y - 0.47, 0.06, 0.11)
    drop *= 0.05
    bead = ellipse(side, patch.y - 0.32, 0.045, 0.045)
    bead *= 0.025
    shine = bump(side + 0.02, patch.y - 0.44, 0.06, 0.08)
    shine *= 0.5
    shine += 0.95
    patch.paint(
        patch.cover(np.minimum(drop, bead, out=drop)), palette.single((244, 196, 64)), shine
    )


def _ear(patch: Patch, traits: Traits) -> tuple[PerPixel, PerPixel]:
    """Across, turned with the ears, and the distance outwards from the middle of the nearer ear."""
    x = patch.x + 0.16 * np.sin(traits.nuisance("azimuth"))
    return x, np.abs(x) - (half_width(traits) + 0.02)


def paint_head(patch: Patch, traits: Traits) -> None:
    """The skin of the head, lit from one side, its rim in the shade."""
    distance = outline(patch, traits)
    glow = 0.05 * traits.has("Attractive")
    tone = distance * -0.5
    np.minimum(tone, 0.09, out=tone)
    tone *= 2.0 + 16.0 * glow
    tone += patch.x * (0.17 * traits.nuisance("light"))
    tone -= patch.y * 0.05
    tone += 0.82
    patch.paint(patch.cover(distance), palette.skin(traits), tone)


def paint_clothes(patch: Patch, traits: Traits) -> None:
    """The shoulders, with a round neckline."""
    distance = np.abs(patch.x)
    distance *= 0.22
    distance -= patch.y
    distance += 0.84
    neckline = ellipse(patch.x, patch.y - 0.86, 0.46, 0.42)
    neckline *= -0.2
    np.maximum(distance, neckline, out=distance)
    tone = patch.x * (0.12 * traits.nuisance("light"))
    tone += 1.15
    tone -= 0.13 * patch.y
    patch.paint(patch.cover(distance), palette.clothes(traits), tone)
