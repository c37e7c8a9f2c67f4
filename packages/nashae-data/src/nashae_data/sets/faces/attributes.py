"""The attributes of synthetic faces, distributed approximately as CelebA's."""

import json
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float64

from nashae_data.sets.faces.nuisances import check_number

FACES = 202_599  # in the table that the model was fitted to
CHUNK = 16_384  # faces drawn at a time, to bound memory
HAIR_COLORS = ("Black_Hair", "Blond_Hair", "Brown_Hair", "Gray_Hair")
FACIAL_HAIR = ("5_o_Clock_Shadow", "Goatee", "Mustache", "Sideburns")


class AttributeModel(NamedTuple):
    """A Gaussian copula of 40 binary attributes and 10 factors.

    Args:
        names: CelebA's names of the attributes.
        rates: (40,), the share of faces with each.
        loadings: (40, 10), the correlation of each attribute's latent with each factor.
        thresholds: (40,), above which a latent of unit variance means that the face has it.
    """

    names: tuple[str, ...]
    rates: Float64[np.ndarray, "40"]
    loadings: Float64[np.ndarray, "40 10"]
    thresholds: Float64[np.ndarray, "40"]


@cache
def attribute_model() -> AttributeModel:
    """The model that `draw_attributes` draws from; its arrays are read-only.

    Base rates and loadings were fitted to the attribute table of CelebA (Z. Liu et al., Deep
    Learning Face Attributes in the Wild, ICCV 2015). The thresholds were adjusted until a million
    draws had the base rates after the rules, which remove attributes.
    """
    text = files("nashae_data.sets.faces").joinpath("attribute_model.json").read_text("utf-8")
    held: dict[str, Any] = json.loads(text)
    rates = np.array(held["counts"]) / FACES
    loadings, thresholds = np.array(held["loadings"]), np.array(held["thresholds"])
    for array in (rates, loadings, thresholds):
        array.flags.writeable = False
    return AttributeModel(tuple(held["names"]), rates, loadings, thresholds)


def draw_attributes(n: int, rng: np.random.Generator) -> Bool[np.ndarray, "{n} 40"]:
    """Attributes of n synthetic faces, in the order of the model's names.

    Base rates and correlations are about those of CelebA's table. These rules hold for each face:

    - At most one of black, blond, brown and gray hair; not both straight and wavy hair.
    - Who is bald is a man without bangs, and his hair neither straight nor wavy.
    - Only men have a 5 o'clock shadow, a goatee, a mustache, sideburns, or lack `No_Beard`.
    - A goatee or a mustache is a beard: `No_Beard` is false.

    Raises `ValueError` if n is below 1.
    """
    check_number(n)
    model = attribute_model()
    # The rest of each latent's variance, which no factor explains.
    noise = np.sqrt(1.0 - (model.loadings**2).sum(axis=1))
    has = np.empty((n, len(model.names)), dtype=np.bool_)
    for start in range(0, n, CHUNK):
        part = has[start : start + CHUNK]
        latents = rng.standard_normal((len(part), model.loadings.shape[1])) @ model.loadings.T
        latents += noise * rng.standard_normal(part.shape)
        part[:] = _follow_rules(latents - model.thresholds, model.names)
    return has


def _follow_rules(
    margins: Float64[np.ndarray, "n 40"], names: tuple[str, ...]
) -> Bool[np.ndarray, "n 40"]:
    """The attributes of faces whose latents exceed the thresholds by `margins`."""
    has = margins > 0.0
    at = {name: column for column, name in enumerate(names)}
    for rivals in (HAIR_COLORS, ("Straight_Hair", "Wavy_Hair")):
        columns = [at[name] for name in rivals]
        largest = margins[:, columns].argmax(axis=1)
        has[:, columns] &= largest[:, None] == np.arange(len(columns))
    male = has[:, at["Male"]]
    for name in (*FACIAL_HAIR, "Bald"):
        has[:, at[name]] &= male
    for name in ("Bangs", "Straight_Hair", "Wavy_Hair"):
        has[:, at[name]] &= ~has[:, at["Bald"]]
    bearded = has[:, at["Goatee"]] | has[:, at["Mustache"]]
    has[:, at["No_Beard"]] = (has[:, at["No_Beard"]] & ~bearded) | ~male
    return has
