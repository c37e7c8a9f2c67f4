"""The colours of synthetic faces: (3, n) red, green and blue, 0 to 255."""

import numpy as np
from jaxtyping import Float32

from nashae_data.sets.faces.arrays import Colors, PerFace
from nashae_data.sets.faces.traits import Traits

SKIN = ((252, 212, 190), (240, 184, 152), (208, 146, 110), (138, 88, 64))
PALE = (246, 224, 212)
IRIS = ((92, 56, 34), (126, 98, 48), (86, 132, 92), (70, 128, 186))
HAIR = {  # dark and light
    "Black_Hair": ((22, 20, 26), (48, 42, 50)),
    "Blond_Hair": ((212, 168, 88), (246, 216, 142)),
    "Brown_Hair": ((114, 74, 44), (158, 106, 62)),
    "Gray_Hair": ((146, 148, 154), (206, 206, 210)),
}
AUBURN = ((80, 36, 32), (138, 62, 46))  # of those who have no colour that has a name
LIPSTICK = (200, 24, 58)
ROSE = (244, 96, 104)


def skin(traits: Traits) -> Colors:
    """The skin in even light: greyer with age, pinkish white where pale."""
    color = ramp(SKIN, traits.nuisance("skin_tone"))
    aged = (1.0 - traits.has("Young")) * 0.16
    color += aged * (color.mean(axis=0) - color)
    color += traits.has("Pale_Skin") * (single(PALE) - color)
    return color


def hair(traits: Traits) -> Colors:
    """The hair in even light."""
    shade = 0.5 + 0.5 * traits.nuisance("hair_shade")
    color = ramp(AUBURN, shade)
    for name, ends in HAIR.items():
        color += traits.has(name) * (ramp(ends, shade) - color)
    return color


def iris(traits: Traits) -> Colors:
    """The iris, from brown to blue."""
    return ramp(IRIS, traits.nuisance("eye_hue"))


def lips(traits: Traits) -> Colors:
    """The lips: of the skin's colour but redder, or red with lipstick."""
    color: Colors = skin(traits) * single((0.86, 0.62, 0.60))
    color *= 1.0 - 0.07 * (1.0 - traits.has("Young"))
    color += traits.has("Wearing_Lipstick") * (single(LIPSTICK) - color)
    return color


def clothes(traits: Traits) -> Colors:
    """The clothes: a dull colour of any hue, or a dark suit where there is a necktie."""
    color = hue(traits.nuisance("clothes_hue"), 118.0, 46.0)
    suit = hue(traits.nuisance("clothes_hue"), 44.0, 9.0) + single((0, 2, 14))
    color += traits.has("Wearing_Necktie") * (suit - color)
    return color


def hue(turns: PerFace, middle: float, swing: float) -> Colors:
    """A colour of the circle: each channel swings around the middle."""
    phase = turns + np.array([[0.0], [-1.0 / 3.0], [-2.0 / 3.0]], dtype=np.float32)
    color: Colors = middle + swing * np.cos(2.0 * np.pi * phase)
    return color


def ramp(colors: tuple[tuple[int, ...], ...], at: PerFace) -> Colors:
    """Between colours that are evenly spaced from 0 to 1."""
    stops = np.linspace(0.0, 1.0, len(colors))
    channels = [np.interp(at, stops, channel) for channel in zip(*colors, strict=True)]
    return np.array(channels, dtype=np.float32)


def single(color: tuple[float | int, ...]) -> Float32[np.ndarray, "3 1"]:
    """One colour, the same for all faces."""
    return np.array(color, dtype=np.float32)[:, None]
