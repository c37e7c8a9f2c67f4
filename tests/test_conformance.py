"""Our metrics under `locatello2019` beside the reference library's values."""

from pathlib import Path

import msgspec
import numpy as np
import pytest

import apps.conformance.__main__ as conformance
from apps.conformance.representations import IMAGES, REPRESENTATIONS, SIZES, factors_of

REFERENCES = msgspec.json.decode(
    (Path(conformance.__file__).parent / "reference.json").read_bytes(),
    type=conformance.References,
)
# DCI's trees take minutes: the card in docs/ has them.
QUICK = [r for r in REFERENCES.values if r.metric != "dci" and r.value is not None]


# One seed of these takes seconds, and explicitness, which has no tolerance, most of them.
DEAR = ("sap", "factor_vae", "beta_vae")


@pytest.fixture(scope="module", params=["quick", pytest.param("whole", marks=pytest.mark.nightly)])
def compared(request):
    # The card's seeds: of one seed the modularity of a latent of noise is too uncertain.
    if request.param == "whole":
        return conformance.compare(QUICK, conformance.SEEDS)
    cheap = [r for r in QUICK if r.metric not in (*DEAR, "explicitness")]
    dear = [r for r in QUICK if r.metric in DEAR]
    return conformance.compare(cheap, conformance.SEEDS) + conformance.compare(dear, 1)


def test_the_factors_of_an_image_are_its_digits():
    images = np.array([0, 1, 32, IMAGES - 1])
    expected = [[0, 0, 0, 0, 0], [0, 0, 0, 0, 1], [0, 0, 0, 1, 0], SIZES - 1]
    np.testing.assert_array_equal(factors_of(images), expected)


def test_a_representation_is_a_function_of_the_image():
    images = np.random.default_rng(0).integers(0, IMAGES, 1000)
    for represent in REPRESENTATIONS.values():
        codes = represent(factors_of(images))
        np.testing.assert_array_equal(codes[::-1], represent(factors_of(images[::-1])))


def test_every_value_is_within_its_tolerance(compared):
    held = {line.reference for line in compared if line.reference.tolerance is not None}
    assert held == {r for r in QUICK if r.tolerance is not None}
    for line in compared:
        if line.reference.tolerance is not None:
            near = pytest.approx(line.reference.value, abs=line.reference.tolerance)
            assert line.ours == near, line


def test_the_card_shows_every_comparison(compared):
    text = conformance.card(compared, REFERENCES.source, seeds=1)
    shown = [line for line in compared if line.reference.representation == "a_perfect"]
    assert len(shown) >= 9
    assert text.count("| a_perfect ") == len(shown)
    assert REFERENCES.source in text
    assert "**no**" not in text
