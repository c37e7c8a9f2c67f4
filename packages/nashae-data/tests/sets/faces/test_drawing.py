import numpy as np
import pytest
from PIL import Image

from nashae_data.sets.faces import canvas, drawing
from nashae_data.sets.faces.attributes import attribute_model, draw_attributes
from nashae_data.sets.faces.drawing import CROP, PICTURE, render_faces
from nashae_data.sets.faces.nuisances import NUISANCES, draw_nuisances

NAMES = attribute_model().names


def few(n: int, seed: int = 0):
    """Attributes and nuisances of n faces."""
    rng = np.random.default_rng(seed)
    return draw_attributes(n, rng), draw_nuisances(n, rng)


@pytest.mark.parametrize("name", NAMES)
def test_each_attribute_can_be_seen_in_the_crop(name):
    nuisances = few(4)[1]
    without = np.zeros((4, 40), dtype=np.bool_)
    without[:, [NAMES.index("No_Beard"), NAMES.index("Young")]] = True
    without[2:, NAMES.index("Male")] = True
    without[:, NAMES.index(name)] = False
    have = without.copy()
    have[:, NAMES.index(name)] = True
    difference = np.abs(
        render_faces(have, nuisances).astype(int) - render_faces(without, nuisances)
    )
    for face in difference.max(axis=3):
        assert (face >= 10).sum() >= 10  # grey levels, in pixels of 4096


@pytest.mark.parametrize("column", range(len(NUISANCES)), ids=lambda at: NUISANCES[at].name)
def test_each_nuisance_can_be_seen(column):
    attributes, low = few(2, seed=4)
    middle = low.copy()  # not the other end: a circle of colours ends where it begins
    low[:, column] = NUISANCES[column].low
    middle[:, column] = (NUISANCES[column].low + NUISANCES[column].high) / 2
    images = [render_faces(attributes, numbers, PICTURE).astype(int) for numbers in (low, middle)]
    assert (np.abs(images[0] - images[1]).max(axis=(1, 2, 3)) > 20).all()


def test_the_crop_is_what_the_papers_preprocessing_leaves_of_the_picture():
    attributes, nuisances = few(16)
    pictures = render_faces(attributes, nuisances, PICTURE)
    assert pictures.shape == (16, 218, 178, 3)
    # As torchvision's Resize(96), which keeps 117 rows, and CenterCrop(64).
    box = (16, 26, 80, 90)
    smaller = [
        Image.fromarray(one).resize((96, 117), Image.Resampling.BILINEAR) for one in pictures
    ]
    cropped = np.stack([np.asarray(one.crop(box)) for one in smaller])
    difference = np.abs(cropped.astype(int) - render_faces(attributes, nuisances))
    assert difference.mean() < 3.5
    assert difference.mean(axis=(1, 2, 3)).max() < 5.0


def test_a_face_does_not_depend_on_the_others(monkeypatch):
    attributes, nuisances = few(21)
    together = render_faces(attributes, nuisances)
    alone = render_faces(attributes[7:8], nuisances[7:8])
    np.testing.assert_array_equal(together[7:8], alone)
    monkeypatch.setattr(drawing, "CHUNK", 5 * 64 * 64)
    done = []
    np.testing.assert_array_equal(
        render_faces(attributes, nuisances, on_progress=done.append), together
    )
    assert done == [5, 10, 15, 20, 21]


def test_nothing_is_cut_off_by_a_box(monkeypatch):
    attributes, nuisances = few(48)
    attributes |= np.random.default_rng(1).random(attributes.shape) < 0.5
    signs = np.random.default_rng(2).random(nuisances.shape) < 0.5
    for column, nuisance in enumerate(NUISANCES):  # turned, tilted and moved as far as can be
        if nuisance.spread:
            ends = (nuisance.low, nuisance.high)
            nuisances[:, column] = np.where(signs[:, column], *ends)
    images = render_faces(attributes, nuisances).astype(int)
    monkeypatch.setattr(canvas, "MARGIN", 9.0)
    # A soft spot may fade out a step of rounding beyond its box.
    assert np.abs(images - render_faces(attributes, nuisances)).max() <= 1


def test_a_brighter_exposure_is_brighter_everywhere():
    attributes, nuisances = few(3)
    brighter = nuisances.copy()
    brighter[:, [nuisance.name for nuisance in NUISANCES].index("exposure")] += 0.2
    assert (render_faces(attributes, brighter) >= render_faces(attributes, nuisances)).all()


def test_units_are_the_half_widths_of_the_crop():
    np.testing.assert_allclose(CROP.u[[0, -1]], [-63 / 64, 63 / 64], atol=1e-6)
    np.testing.assert_allclose(PICTURE.u[[0, -1]], [-88.5 * 3 / 178, 88.5 * 3 / 178], atol=1e-6)
    assert CROP.v[0] == pytest.approx(-32 * 218 / 117 * 3 / 178)


def test_what_cannot_be_drawn_is_refused():
    attributes, nuisances = few(2)
    with pytest.raises(ValueError, match="must be of at least one face"):
        render_faces(attributes[:0], nuisances[:0])
    with pytest.raises(ValueError, match=r"attributes must have .*\(n, 40\), .*; got \(2, 39\)"):
        render_faces(attributes[:, 1:], nuisances)
    with pytest.raises(ValueError, match=r"nuisances must have shape \(2, 15\), .*; got \(1, 15\)"):
        render_faces(attributes, nuisances[:1])
    with pytest.raises(ValueError, match="nuisances must be finite"):
        render_faces(attributes, np.full_like(nuisances, np.nan))
