"""The facial hair of synthetic faces."""

import numpy as np

from nashae_data.sets.faces import palette
from nashae_data.sets.faces.arrays import PerPixel
from nashae_data.sets.faces.canvas import Patch, bump, ellipse, wave
from nashae_data.sets.faces.head import half_width, outline
from nashae_data.sets.faces.mouth import MOUTH
from nashae_data.sets.faces.traits import Traits


def paint_stubble(patch: Patch, traits: Traits) -> None:
    """A 5 o'clock shadow: a grey cast on jaw, chin and upper lip."""
    cheeks = ellipse(patch.p, patch.y - 0.16, 0.60, 0.44)
    cheeks *= -0.3
    np.maximum(cheeks, 0.15 - patch.y, out=cheeks)
    shade = patch.cover(cheeks, 0.22)
    shade *= patch.cover(outline(patch, traits) + 0.02)
    shade *= 0.46
    patch.paint(shade, palette.skin(traits) * 0.32 + palette.single((18, 24, 30)))


def paint_beard(patch: Patch, traits: Traits) -> None:
    """A short beard along the jaw, up to the ears and around the mouth."""
    across = (patch.p + patch.x) * 0.5
    free = ellipse(across, patch.y - 0.22, 0.57, 0.54)
    free *= -0.25
    np.maximum(free, outline(patch, traits), out=free)
    alpha = patch.cover(free, 0.06)
    alpha *= patch.cover(0.12 - patch.y, 0.3)  # it fades towards the ears
    _paint(patch, traits, alpha * 0.92)


def paint_goatee(patch: Patch, traits: Traits) -> None:
    """Dense hair on the chin, and down to it from the corners of the mouth."""
    chin = ellipse(patch.p, patch.y - 0.92, 0.25, 0.12)
    chin *= 0.07
    ring = ellipse(patch.p, patch.y - 0.74, 0.33, 0.22)
    ring *= 0.12
    ring = np.abs(ring)
    ring -= 0.035
    np.maximum(ring, 0.66 - patch.y, out=ring)
    np.minimum(chin, ring, out=chin)
    np.maximum(chin, outline(patch, traits), out=chin)
    _paint(patch, traits, patch.cover(chin, 0.05))


def paint_mustache(patch: Patch, traits: Traits) -> None:
    """Hair on the upper lip, its ends turned down."""
    side = np.abs(patch.p)
    down = patch.y - (MOUTH - 0.095)
    down -= side * side * 0.9
    thick = 0.062 - side * 0.12
    hair = np.abs(down) - thick
    np.maximum(hair, side - 0.33, out=hair)
    _paint(patch, traits, patch.cover(hair, 0.04))


def paint_sideburns(patch: Patch, traits: Traits) -> None:
    """Strips of hair before the ears."""
    edge = half_width(traits) - 0.16 - np.abs(patch.x)
    edge += 0.16 * np.maximum(patch.y, 0.0)
    np.maximum(edge, np.abs(patch.y - 0.05) - 0.45, out=edge)
    np.maximum(edge, outline(patch, traits), out=edge)
    _paint(patch, traits, patch.cover(edge, 0.06))


def _paint(patch: Patch, traits: Traits, alpha: PerPixel) -> None:
    tone = wave(patch.p * 6.0 + patch.y)
    tone *= 0.10
    tone += 0.92
    tone += bump(patch.p, patch.y - 0.9, 0.2, 0.15) * 0.15
    patch.paint(alpha, palette.hair(traits) * 0.8, tone)
