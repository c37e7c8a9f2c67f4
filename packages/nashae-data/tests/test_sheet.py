import dataclasses
import sys

import layouts
import numpy as np
import pytest
from PIL import Image

from nashae_data import Dataset, Provenance, color_dsprites, factor_sheet
from nashae_data.records.grids import grid
from nashae_data.sheet import write_png

NAMES, SIZES = ("a", "one", "b"), (3, 1, 5)


def images_of(make) -> Dataset:
    """A full grid whose images are made from their classes."""
    factors, values = grid([np.arange(float(size)) for size in SIZES])
    observations = np.stack([make(*row) for row in factors])
    return Dataset(observations, factors, values, NAMES, SIZES, Provenance("drawn"))


def test_rows_are_factors_and_columns_their_classes_the_others_in_the_middle():
    dataset = images_of(lambda a, _, b: np.full((2, 3), 10 * a + b + 1, dtype=np.uint8))
    sheet = factor_sheet(dataset, columns=3, gap=1)
    assert sheet.dtype == np.uint8
    assert sheet.shape == (1 + 2 * 3, 1 + 3 * 4)  # two rows: "one" has one class
    assert sheet[1, 1::4].tolist() == [3, 13, 23]  # b = 2
    assert sheet[4, 1::4].tolist() == [11, 13, 15]  # a = 1, and b = 0, 2 and 4 of 5
    assert (sheet[0] == 128).all()
    wide = factor_sheet(dataset, gap=0)
    assert wide.shape == (4, 15)
    assert wide[0, ::3].tolist() == [3, 13, 23, 128, 128]


def test_numbers_become_grey_levels():
    shape = (2, 2, 1)
    binary = images_of(lambda a, *_: np.full(shape, a > 1, dtype=np.uint8))
    real = images_of(lambda a, *_: np.full(shape, a / 2, dtype=np.float32))
    truth = images_of(lambda a, *_: np.full(shape, a > 1))
    assert {*np.unique(factor_sheet(binary, gap=0))} == {0, 128, 255}
    np.testing.assert_array_equal(factor_sheet(binary), factor_sheet(truth))
    assert factor_sheet(real, gap=0)[0, ::2].tolist() == [0, 128, 255, 128, 128]


def test_sprites_packed_or_coloured_can_be_shown():
    sprites = layouts.few_sprites()
    sheet = factor_sheet(sprites)
    assert sheet.shape == (2 + 5 * 66, 2 + 3 * 66)
    white = [
        int((sheet[2 + 66 : 66 * 2, 2 + 66 * at : 66 * (at + 1)] == 255).sum()) for at in (0, 1)
    ]
    assert 3 < white[1] / white[0] < 5  # the scale doubles
    colored = factor_sheet(color_dsprites(sprites))
    assert colored.shape == (*sheet.shape, 3)


def test_what_cannot_be_shown_is_refused():
    def plain(a, *_):
        return np.full((2, 2), a, dtype=np.uint8)

    dataset = images_of(plain)
    part = dataclasses.replace(
        dataset,
        observations=dataset.observations[:7],
        factors=dataset.factors[:7],
        values=dataset.values[:7],
    )
    with pytest.raises(ValueError, match="an image with class 1 of 'a' and the middle class"):
        factor_sheet(part)
    with pytest.raises(ValueError, match=r"observations must be images .*; got shape \(1000,\)"):
        factor_sheet(layouts.few_waveforms())
    with pytest.raises(ValueError, match=r"columns must be at least 2 .*; got columns 1, gap 2"):
        factor_sheet(dataset, columns=1)
    with pytest.raises(ValueError, match=r"must hold whole .*; got float64 from 0.0 to 2.0"):
        factor_sheet(images_of(lambda a, *_: np.full((2, 2), float(a))))
    with pytest.raises(ValueError, match=r"must hold whole numbers .*; got int64 from -1 to 1"):
        factor_sheet(images_of(lambda a, *_: np.full((2, 2), a - 1)))
    with pytest.raises(ValueError, match=r"must have two classes .*; got none in \('x',\)"):
        factor_sheet(
            Dataset(np.zeros((1, 2, 2)), np.zeros((1, 1), int), np.zeros((1, 1)), ("x",), (1,),
                    Provenance("one"))
        )  # fmt: skip


@pytest.mark.parametrize("shape", [(3, 5), (3, 5, 3)])
def test_a_png_holds_the_picture(tmp_path, shape):
    image = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    write_png(image, tmp_path / "a.png")
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "a.png")), image)


def test_without_pillow_the_error_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(ValueError, match=r"pip install 'nashae-data\[images\]'"):
        write_png(np.zeros((2, 2), dtype=np.uint8), tmp_path / "a.png")
    assert not list(tmp_path.iterdir())


def test_a_picture_of_another_shape_is_refused(tmp_path):
    for shape in ((2, 2, 4), (0, 3)):
        with pytest.raises(ValueError, match=r"image must be \(h, w\) or \(h, w, 3\)"):
            write_png(np.zeros(shape, dtype=np.uint8), tmp_path / "a.png")
