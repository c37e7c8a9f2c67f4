"""The hair of a synthetic face: behind the head, and over it."""

from typing import NamedTuple

import numpy as np

from nashae_data.sets.faces import palette
from nashae_data.sets.faces.arrays import PerPixel
from nashae_data.sets.faces.canvas import Patch, egg, wave
from nashae_data.sets.faces.traits import Traits


class Hair(NamedTuple):
    """The shape of the hair, (h, w, n) each.

    Args:
        whole: approximately the distance to its outline, below 0 inside.
        front: the same for the part before the head.
        tone: its lightness, 1 on average.
    """

    whole: PerPixel
    front: PerPixel
    tone: PerPixel


def grow_hair(patch: Patch, traits: Traits) -> Hair:
    """The hair of each face, by sex, cut, colour and age."""
    curl = np.abs(patch.x)
    curl *= -0.9
    curl += patch.y * 1.9
    curl = wave(curl)
    curl *= 0.065 * traits.has("Wavy_Hair")
    lock = patch.x - traits.nuisance("parting")
    lock += curl * 1.5
    # Locks run from a crown above the head: those of short hair aside, those of long hair down.
    slant = 0.45 * np.sign(traits.nuisance("parting")) * traits.has("Male")
    lock += slant * patch.y
    lock /= patch.y + 2.0
    locks = wave(lock * 8.0)
    ragged = locks * 0.016
    whole = _outline(patch, traits, curl)
    whole += 0.4 * ragged
    front = _below_hairline(patch, traits, curl)
    front += ragged
    np.maximum(front, whole, out=front)
    front += traits.has("Bald")  # nothing is left in front
    return Hair(whole, front, _tone(patch, traits, lock, locks))


def paint_back(patch: Patch, traits: Traits, hair: Hair) -> None:
    """The hair behind the head, in its shade."""
    # A little inside the outline, at which the hair in front would else cover pixels twice.
    patch.paint(patch.cover(hair.whole + 0.03), palette.hair(traits) * 0.74, hair.tone)


def paint_front(patch: Patch, traits: Traits, hair: Hair) -> None:
    """The hair before the head, and the shadow that it casts."""
    shadow = np.maximum(hair.front - 0.05, hair.whole + 0.04)
    shadow = patch.cover(shadow, 0.12)
    shadow *= -0.24 * (1.0 - traits.has("Bald"))
    patch.tint(shadow, (0.8, 1.0, 1.0))
    patch.paint(patch.cover(hair.front), palette.hair(traits), hair.tone)


def _outline(patch: Patch, traits: Traits, curl: PerPixel) -> PerPixel:
    """Approximately the distance to the outline, boxy for long hair."""
    male, bald = traits.has("Male"), traits.has("Bald")
    straight, wavy = traits.has("Straight_Hair"), traits.has("Wavy_Hair")
    long, length = straight + wavy, traits.nuisance("hair_length")
    low = 0.62 + 0.25 * length + long * (0.62 + 0.25 * length - 0.1 * wavy)
    low += male * (0.42 + 0.12 * length - low) + bald * (0.36 - 0.42 - 0.12 * length)
    boxy = -0.72 - 0.2 * straight + 0.1 * wavy
    boxy += male * (-0.5 - boxy)
    wide = 0.85 + 0.08 * wavy - 0.02 * straight
    wide += male * (0.775 + 0.03 * wavy - wide) - 0.03 * bald
    high = 1.0 + 0.04 * wavy + 0.02 * male - 0.64 * bald
    found = egg(np.abs(patch.x) + curl, patch.y, wide, high, low, boxy)
    found *= 0.42
    return found


def _below_hairline(patch: Patch, traits: Traits, curl: PerPixel) -> PerPixel:
    """Approximately the distance to the hairline, positive on the forehead and before the ears."""
    male, bangs, receding = traits.has("Male"), traits.has("Bangs"), traits.has("Receding_Hairline")
    straight, parting = traits.has("Straight_Hair"), traits.nuisance("parting")
    free = (1.0 - bangs) * (1.0 - receding)
    # Where the line is at the parting, how steeply it falls from there, and where it turns down
    # to the sides of the face.
    line = -0.60 - 0.07 * male + bangs * (0.33 + 0.07 * male) - 0.06 * receding * (1.0 - bangs)
    slope = free * (0.28 - 0.14 * male) - 0.42 * receding * (1.0 - bangs) + 0.06 * bangs
    sweep = free * male * straight * 0.26 * np.sign(parting)
    side = 0.62 + 0.09 * male + 0.03 * receding
    across = patch.x + patch.p
    across *= 0.5
    away = np.abs(across - parting * (1.0 - receding * (1.0 - bangs)))
    away *= slope
    away += sweep * across
    found: PerPixel = np.abs(across)
    found += curl
    found *= 1.0 / side
    found *= found
    found *= found * found
    found *= -0.55
    found -= away
    fringe = wave(across * 4.3 + 0.2)
    fringe *= 0.030 * bangs
    found -= fringe
    found += patch.y
    found -= line
    found *= 0.8
    return found


def _tone(patch: Patch, traits: Traits, lock: PerPixel, locks: PerPixel) -> PerPixel:
    """Locks and strands, light from one side, and a band of gloss."""
    straight, wavy = traits.has("Straight_Hair"), traits.has("Wavy_Hair")
    fine = wave(lock * 19.0)
    fine *= 0.06 + 0.04 * straight
    found = locks * (-0.08 - 0.05 * wavy)
    found += fine
    gloss = patch.x * patch.x
    gloss *= -0.45
    gloss += patch.y
    gloss += 0.74
    gloss *= 6.0
    gloss *= gloss
    np.subtract(1.0, gloss, out=gloss)
    np.maximum(gloss, 0.0, out=gloss)
    gloss *= 0.10 + 0.30 * straight
    found += gloss
    found += patch.x * (0.16 * traits.nuisance("light"))
    found -= patch.y * 0.07
    found += 0.98
    return found
