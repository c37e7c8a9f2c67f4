import hashlib
import tracemalloc
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nashae_data import PackedImages, dsprites, render_sprite

SHA256 = "3a228f4037ef3d42a42588e0e01f1078aa2df13cfa17584e88c95ed9fb5672da"
SIZES = (1, 3, 6, 40, 32, 32)
SHAPES = ("square", "ellipse", "heart")
ON_IN_BYTE = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1).sum(axis=1)
# Of each shape, where the figures were taken from the published images.
ON_PIXELS = (53_612_886, 42_070_950, 32_645_028)
AREAS = {  # at orientation 0, posX 0 and posY 0, by scale
    "square": [100, 144, 196, 256, 324, 400],
    "ellipse": [76, 104, 144, 184, 228, 288],
    "heart": [58, 84, 108, 140, 182, 222],
}


@pytest.fixture(scope="module")
def made():
    """The whole set and the bytes that it took."""
    tracemalloc.start()
    dataset = dsprites()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return dataset, peak


@pytest.fixture(scope="module")
def sprites(made):
    return made[0]


@pytest.fixture(scope="module")
def bits(sprites):
    """The packed images by their factors (3, 6, 40, 32, 32, 64, 8)."""
    return sprites.observations.packed.reshape(*SIZES[1:], 64, 8)


# ---- the data set ----


def test_it_is_the_whole_grid_in_the_order_of_the_archive(sprites):
    assert isinstance(sprites.observations, PackedImages)
    assert sprites.observations.shape == (737_280, 64, 64)
    assert sprites.names == ("color", "shape", "scale", "orientation", "posX", "posY")
    assert sprites.sizes == SIZES
    rows = np.random.default_rng(0).integers(0, 737_280, 1000)
    classes = np.unravel_index(rows, SIZES)
    np.testing.assert_array_equal(sprites.factors[rows].T, classes)
    np.testing.assert_array_equal(sprites.factors[-1], np.array(SIZES) - 1)
    levels = [
        np.ones(1),
        np.array([1.0, 2.0, 3.0]),
        np.linspace(0.5, 1, 6),
        np.linspace(0, 2 * np.pi, 40),
        np.linspace(0, 1, 32),
        np.linspace(0, 1, 32),
    ]
    for column, level in enumerate(levels):
        np.testing.assert_array_equal(sprites.values[rows, column], level[classes[column]])


def test_whom_to_cite_is_said(sprites):
    assert "Matthey" in sprites.provenance.citation
    assert "2017" in sprites.provenance.citation
    assert "computed" in sprites.provenance.source


def test_the_images_are_those_of_the_archive(bits):
    on = [sum(int(ON_IN_BYTE[part].sum()) for part in shape) for shape in bits]
    # Another library of sines may move a vertex by 1/256 pixel, and with it a pixel or two.
    assert hashlib.sha256(bits).hexdigest() == SHA256 or abs(sum(on) - 128_328_864) <= 100
    np.testing.assert_allclose(on, ON_PIXELS, rtol=0, atol=100)
    assert sum(on) == pytest.approx(128_328_862, abs=100)  # from the archive's published mean


def test_areas_by_scale(bits):
    on = ON_IN_BYTE[bits[:, :, 0, 0, 0]].sum(axis=(-2, -1))
    np.testing.assert_array_equal(on, list(AREAS.values()))


def test_the_number_of_different_images(sprites):
    # By Python's 64-bit hash: two of these collide once in 70 million runs.
    data = sprites.observations.packed.tobytes()
    different = len({hash(data[start : start + 512]) for start in range(0, len(data), 512)})
    assert different == pytest.approx(715_706, abs=100)


def test_the_last_orientation_is_the_first(bits):
    np.testing.assert_array_equal(bits[:, :, 0], bits[:, :, 39])


def test_position_0_is_at_the_left_and_at_the_top(sprites, bits):
    assert sprites.factors[31, 5] == 31  # posY counts fastest
    top, bottom = sprites.observations[np.array([0, 31])]
    assert np.flatnonzero(top.any(axis=1)).mean() == pytest.approx(16, abs=0.5)
    assert np.flatnonzero(bottom.any(axis=1)).mean() == pytest.approx(48, abs=0.5)
    left, right = np.unpackbits(bits[0, 0, 0, [0, 31], 0], axis=-1)
    assert np.flatnonzero(left.any(axis=0)).mean() == pytest.approx(16, abs=0.5)
    assert np.flatnonzero(right.any(axis=0)).mean() == pytest.approx(48, abs=0.5)


def test_no_sprite_touches_the_border(bits):
    seen = np.bitwise_or.reduce(bits.reshape(-1, 64, 8), axis=0)
    seen = np.unpackbits(seen, axis=-1)
    assert not seen[[0, -1]].any()
    assert not seen[:, [0, -1]].any()


def test_the_whole_set_takes_450_megabytes(made):
    sprites, peak = made
    assert peak - sprites.factors.nbytes - sprites.values.nbytes < 450e6


# ---- one sprite ----


@pytest.mark.parametrize("shape", SHAPES)
def test_on_the_grid_a_sprite_is_that_of_the_data_set(sprites, shape):
    rows = np.random.default_rng(1).integers(0, 245_760, 5000) + 245_760 * SHAPES.index(shape)
    found = render_sprite(shape, *sprites.values[rows, 2:].T)
    np.testing.assert_array_equal(found, sprites.observations[rows], strict=True)
    alone = render_sprite(shape, *sprites.values[rows[0], 2:])
    np.testing.assert_array_equal(alone, found[0])


def outline(shape, scale, orientation, x, y):
    """The vertices one by one, in whole subpixels."""
    if shape == "square":
        points = [(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)]
    elif shape == "ellipse":
        turns = [2 * np.pi * k / 100 for k in range(100)]
        points = [(1.33 * np.cos(t), np.sin(t) / 1.33) for t in turns]
    else:
        turns = [2 * np.pi * k / 150 for k in range(150)]
        waves = [
            13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t) for t in turns
        ]
        points = [(np.sin(t) ** 3, -w / 14.5 - 0.15) for t, w in zip(turns, waves, strict=True)]
    cos, sin = 9.6 * scale * np.cos(orientation), 9.6 * scale * np.sin(orientation)
    return [
        (
            int(np.floor(256 * (16 + 32 * x + right * cos + down * sin) + 0.5)),
            int(np.floor(256 * (16 + 32 * y - right * sin + down * cos) + 0.5)),
        )
        for right, down in points
    ]


def slow_sprite(shape, scale, orientation, x, y):
    """In exact fractions: a pixel is on if a ray to the left meets an odd number of edges."""
    points = outline(shape, scale, orientation, x, y)
    image = np.zeros((64, 64), dtype=np.uint8)
    for row in range(64):
        centre = 256 * row + 128
        for (x0, y0), (x1, y1) in zip(points, points[1:] + points[:1], strict=True):
            if min(y0, y1) < centre <= max(y0, y1):
                crossing = x0 + Fraction((centre - y0) * (x1 - x0), y1 - y0)
                image[row] ^= np.array([256 * c + 128 >= crossing for c in range(64)])
    return image


@given(
    shape=st.sampled_from(SHAPES),
    scale=st.floats(0.01, 4),
    orientation=st.floats(-7, 7),
    x=st.floats(0, 1),
    y=st.floats(0, 1),
)
def test_exact_fractions_give_the_same_pixels(shape, scale, orientation, x, y):
    found = render_sprite(shape, scale, orientation, x, y)
    np.testing.assert_array_equal(found, slow_sprite(shape, scale, orientation, x, y))


def test_an_edge_through_centres_has_the_left_and_the_bottom_ones():
    # A square of 4 pixels around the centre of pixel 32: its sides are at 30.5 and 34.5.
    image = render_sprite("square", 2 / 9.6, 0, 0.515625, 0.515625)
    rows, columns = np.nonzero(image)
    assert set(rows) == {31, 32, 33, 34}
    assert set(columns) == {30, 31, 32, 33}


@pytest.mark.parametrize("shape", SHAPES)
def test_the_area_grows_with_the_square_of_the_scale(shape):
    scales = np.linspace(0.3, 1.1, 50)
    on = render_sprite(shape, scales, 0.4, 0.5, 0.5).sum(axis=(1, 2), dtype=np.int64)
    wanted = {"square": 4.0, "ellipse": np.pi, "heart": None}[shape]
    ratio = on / (9.6 * scales) ** 2
    assert np.ptp(ratio) < 0.2 * ratio.mean()
    if wanted is not None:
        assert ratio.mean() == pytest.approx(wanted, rel=0.02)


def test_orientation_turns_counter_clockwise():
    image = render_sprite("ellipse", 1, np.pi / 4, 0.5, 0.5)
    assert image[24, 40]  # above and to the right
    assert not image[40, 40]
    lying = render_sprite("ellipse", 1, 0, 0.5, 0.5)
    assert lying.any(axis=0).sum() > lying.any(axis=1).sum()


def test_a_heart_stands_on_its_point():
    image = render_sprite("heart", 1, 0, 0.5, 0.5)
    rows = np.flatnonzero(image.any(axis=1))
    assert image[rows[-1]].sum() < 3
    assert np.count_nonzero(np.diff(image[rows[0]].astype(int)) == 1) == 2  # its two lobes


@pytest.mark.parametrize("shape", SHAPES)
def test_what_is_outside_is_cut_off(shape):
    # A part of the sprite is beyond the border; it does not come in again on the other side.
    left, right = render_sprite(shape, 2.5, 0, [0, 1], 0.5)
    top, bottom = render_sprite(shape, 2.5, 0, 0.5, [0, 1])
    for near, far in (
        (left[:, :1], left[:, 60:]),
        (right[:, -1:], right[:, :4]),
        (top[:1], top[60:]),
        (bottom[-1:], bottom[:4]),
    ):
        assert near.any()
        assert not far.any()


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("scale", [18, 64, 1e4, 1e300])
def test_from_scale_18_on_the_image_is_covered(shape, scale):
    corner = np.array([0.0, 1.0])
    angles = np.linspace(0, 2 * np.pi, 60)[:, None, None]
    assert render_sprite(shape, scale, angles, corner[:, None], corner).all()


@pytest.mark.parametrize("shape", SHAPES)
def test_a_sprite_without_size_has_no_pixels(shape):
    assert not render_sprite(shape, [1e-3, 1e-300], 0.3, 0.51, 0.51).any()


def test_arrays_broadcast():
    angles = np.linspace(0, 6, 7)
    many = render_sprite("heart", 0.8, angles[:, None], [0.1, 0.5, 0.9], 0.25)
    assert many.shape == (7, 3, 64, 64)
    np.testing.assert_array_equal(many[5, 2], render_sprite("heart", 0.8, angles[5], 0.9, 0.25))
    assert render_sprite("square", 1, 0, 0, 0).shape == (64, 64)
    assert render_sprite("square", [], 0, 0, 0).shape == (0, 64, 64)


def test_many_sprites_are_drawn_as_few_are():
    # More than are drawn at a time.
    places = np.random.default_rng(2).random((2, 2500))
    many = render_sprite("heart", 0.7, 1.1, *places)
    for row in (0, 1023, 1024, 2047, 2048, 2499):
        np.testing.assert_array_equal(many[row], render_sprite("heart", 0.7, 1.1, *places[:, row]))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"shape": "circle"}, "shape must be one of square, ellipse, heart; got 'circle'"),
        ({"scale": 0}, "scale must be above 0; got 0.0"),
        ({"scale": [1, -2]}, "scale must be above 0; got -2.0"),
        ({"scale": np.inf}, "scale must be finite; got inf"),
        ({"orientation": [0, np.nan]}, "orientation must be finite; got nan"),
        ({"x": np.nan}, "x must be finite; got nan"),
        ({"y": -np.inf}, "y must be finite; got -inf"),
        ({"x": 1.5}, r"x must be from 0 to 1; got 1.5"),
        ({"y": [0.5, -0.25]}, r"y must be from 0 to 1; got -0.25"),
        ({"scale": "large"}, "scale must be numbers; got 'large'"),
        ({"x": [[0.1], [0.2, 0.3]]}, "x must be numbers"),
        (
            {"x": [0.1, 0.2], "y": [0.1, 0.2, 0.3]},
            r"must have shapes that broadcast; got \(\), \(\), \(2,\), \(3,\)",
        ),
    ],
)
def test_what_cannot_be_drawn_is_named(changed, message):
    sprite = {"shape": "square", "scale": 1, "orientation": 0, "x": 0.5, "y": 0.5}
    with pytest.raises(ValueError, match=message):
        render_sprite(**sprite | changed)
