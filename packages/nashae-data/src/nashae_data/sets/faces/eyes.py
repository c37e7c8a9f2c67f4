"""The eyes of a synthetic face, with brows, bags and glasses."""

import numpy as np

from nashae_data.sets.faces import palette
from nashae_data.sets.faces.arrays import PerFace, PerPixel
from nashae_data.sets.faces.canvas import Patch, bump, ellipse
from nashae_data.sets.faces.traits import Traits

ACROSS, DOWN = 0.34, 0.05  # where the eyes are
LASH = palette.single((38, 26, 26))


def paint_eyes(patch: Patch, traits: Traits) -> None:
    """Both eyes: shadow on the lid, white, iris, pupil, a light in it, and lashes."""
    made_up, female = traits.has("Heavy_Makeup"), 1.0 - traits.has("Male")
    attractive = traits.has("Attractive")
    open_ = 1.0 - 0.46 * traits.has("Narrow_Eyes")
    high = (0.092 + 0.026 * attractive + 0.008 * female) * open_
    low = (0.062 + 0.012 * attractive) * open_
    half = 0.160 + 0.018 * attractive
    out = np.abs(patch.p) - ACROSS
    y = patch.y - DOWN
    y += out * 0.14  # the outer corners are a little higher
    arc = out * (1.0 / half)
    arc *= arc
    np.subtract(1.0, arc, out=arc)
    lid = arc * high
    lid += y  # above 0 below the edge of the upper lid
    _shade_socket(patch, traits, out, lid)
    eye = arc * -low
    eye += y
    np.maximum(eye, -lid, out=eye)
    eye = patch.cover(eye)
    shade = np.minimum(lid * 5.0, 0.3)
    shade += 0.72
    patch.paint(eye, palette.single((246, 244, 242)), shade)
    _paint_iris(patch, traits, out, y, eye, attractive)
    thick = 0.014 + 0.014 * female + 0.016 * made_up
    lid += thick * 0.5
    lash = np.abs(lid, out=lid)
    lash -= thick
    np.maximum(lash, np.abs(out) - half - 0.3 * thick, out=lash)
    patch.paint(patch.cover(lash), LASH)


def _shade_socket(patch: Patch, traits: Traits, out: PerPixel, lid: PerPixel) -> None:
    """The hollow around the eye, its crease, and eye shadow from the lid to the brow."""
    crease = np.abs(lid + 0.055)
    crease -= 0.006
    np.maximum(crease, np.abs(out) - 0.15, out=crease)
    crease = patch.cover(crease)
    crease *= -0.34
    hollow = bump(out + 0.05, patch.y - (DOWN - 0.06), 0.26, 0.2)
    hollow *= -0.2
    crease += hollow
    patch.tint(crease, (0.75, 1.0, 1.0))
    shadow = bump(out - 0.03, lid + 0.03, 0.27, 0.15)
    shadow *= 1.05 * traits.has("Heavy_Makeup")
    np.minimum(shadow, 0.8, out=shadow)
    patch.paint(shadow, palette.single((124, 62, 118)))


def _paint_iris(
    patch: Patch, traits: Traits, out: PerPixel, y: PerPixel, eye: PerPixel, attractive: PerFace
) -> None:
    """Iris, pupil and a light, inside of the eye only."""
    radius = 0.082 + 0.008 * attractive
    y = y + 0.012
    circle = ellipse(out, y, radius, radius)
    rim = patch.cover(circle * (0.5 * radius))
    rim *= eye
    tone = np.minimum(circle * -0.55, 0.42)
    tone += y * 3.0
    tone += 0.80
    patch.paint(rim, palette.iris(traits), tone)
    circle += 0.76
    circle *= 0.08
    pupil = patch.cover(circle)
    pupil *= eye
    patch.paint(pupil, palette.single((20, 14, 16)))
    light = bump(out - 0.028, y + 0.032, 0.05, 0.05)
    light *= 1.5 * eye
    np.minimum(light, 1.0, out=light)
    patch.paint(light, palette.single((255, 255, 255)))


def paint_brows(patch: Patch, traits: Traits) -> None:
    """Both brows: of the hair's colour but darker, bushy, arched or plain."""
    bushy, male = traits.has("Bushy_Eyebrows"), traits.has("Male")
    arched = traits.has("Arched_Eyebrows")
    out = np.abs(patch.p) - (ACROSS + 0.01)
    bow = out - 0.03
    bow *= bow
    bow *= -1.0 - 1.3 * arched
    bow += patch.y
    bow += 0.205 - 0.02 * male + 0.055 * arched
    thick = out * -0.045
    thick += 0.019 + 0.008 * male + 0.026 * bushy
    brow = np.abs(bow, out=bow)
    brow -= thick
    np.maximum(brow, np.abs(out) - 0.205, out=brow)
    color = palette.hair(traits) * 0.62
    color += 0.35 * (palette.skin(traits) * 0.55 - color)
    color *= 1.0 - 0.25 * bushy
    alpha = patch.cover(brow)
    alpha *= 0.92
    patch.paint(alpha, color)


def paint_bags(patch: Patch, _: Traits) -> None:
    """A dark crescent below each eye."""
    out = np.abs(patch.p) - (ACROSS - 0.01)
    under = patch.y - (DOWN + 0.12) + out * out * 1.6
    bag = bump(out, under, 0.2, 0.07)
    bag *= -0.42
    line = np.abs(under - 0.05)
    line -= 0.008
    np.maximum(line, np.abs(out) - 0.14, out=line)
    bag += patch.cover(line) * -0.32
    patch.tint(bag, (0.8, 1.0, 0.85))


def paint_glasses(patch: Patch, traits: Traits) -> None:
    """Dark frames, a bridge, and a glint on each lens."""
    out = np.abs(patch.p)
    side = out - (ACROSS + 0.01)
    y = patch.y - (DOWN + 0.01)
    across, down = (side * (1.0 / 0.245)) ** 2, (y * (1.0 / 0.19)) ** 2
    lens = across + down
    lens -= 0.6 * np.minimum(across, 1.2) * np.minimum(down, 1.2)
    lens -= 1.0
    lens *= 0.1
    glint = patch.cover(lens + 0.02) * bump(side + y, y + 0.06, 0.16, 0.3)
    patch.paint(glint * 0.35, palette.single((255, 255, 255)))
    frame = np.abs(lens) - 0.019
    bar = np.abs(y + 0.05) - 0.02
    np.maximum(bar, -lens, out=bar)
    np.maximum(bar, out - 0.72, out=bar)
    np.minimum(frame, bar, out=frame)
    frame_color = palette.hue(traits.nuisance("clothes_hue"), 34.0, 22.0)
    patch.paint(patch.cover(frame), frame_color)
