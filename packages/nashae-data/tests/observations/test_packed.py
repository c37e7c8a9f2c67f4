import pickle

import jaxtyping
import numpy as np
import pytest

from nashae_data import Observations, PackedImages


@pytest.fixture
def unhooked(monkeypatch):
    """Without the hook for shapes and types, which would refuse before our own checks."""
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).integers(0, 2, (50, 6, 24)).astype(np.uint8)


@pytest.fixture(scope="module")
def packed(images):
    return PackedImages(np.packbits(images, axis=-1))


def test_they_are_observations_of_an_eighth_of_the_size(packed, images):
    assert isinstance(packed, Observations)
    assert packed.shape == images.shape
    assert packed.dtype == images.dtype
    assert len(packed) == len(images)
    assert packed.packed.nbytes * 8 == images.nbytes


@pytest.mark.parametrize(
    "index",
    [
        0,
        49,
        -1,
        -50,
        np.int64(3),
        np.uint8(3),
        slice(None),
        slice(10, 20),
        slice(-5, None),
        slice(40, 3, -7),
        slice(30, 30),
        slice(45, 1000),
        np.array([3, 1, 1, -1, 49, -50]),
        np.array([4, 2], dtype=np.uint8),
        np.array([[0, 1, 2], [5, 4, 3]]),
        np.array([], dtype=np.int64),
        np.array(6),
    ],
    ids=repr,
)
def test_indexing_is_that_of_the_unpacked_images(packed, images, index):
    found = packed[index]
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, images[index], strict=True)


def test_the_leftmost_column_is_the_most_significant_bit():
    (image,) = PackedImages(np.array([[[0b10000000, 0b00000001]]], dtype=np.uint8))
    np.testing.assert_array_equal(np.flatnonzero(image), [0, 15])


def test_what_is_unpacked_is_the_callers_own(packed, images):
    for index in (3, slice(3, 4), np.array([3])):
        packed[index][...] = 7
    np.testing.assert_array_equal(packed[3], images[3])


def test_the_bits_are_read_only_and_not_copied():
    mine = np.zeros((2, 1, 1), dtype=np.uint8)
    packed = PackedImages(mine)
    with pytest.raises(ValueError, match="read-only"):
        packed.packed[0] = 1
    with pytest.raises(AttributeError):
        packed.packed = mine
    mine[1] = 255
    assert packed[1].all()


def test_images_come_in_turn_and_end(packed, images):
    np.testing.assert_array_equal(list(packed), images)


def test_numpy_takes_them_at_once(packed, images):
    np.testing.assert_array_equal(np.asarray(packed), images, strict=True)
    assert np.asarray(packed, dtype=np.float32).dtype == np.float32


@pytest.mark.skipif(np.lib.NumpyVersion(np.__version__) < "2.0.0", reason="copy=False meant less")
def test_numpy_cannot_have_them_without_a_copy(packed):
    with pytest.raises(ValueError, match="copy must be None or True"):
        np.array(packed, copy=False)


def test_memory_maps_and_pickles_serve(tmp_path, packed, images):
    np.save(tmp_path / "bits.npy", packed.packed)
    mapped = PackedImages(np.load(tmp_path / "bits.npy", mmap_mode="r"))
    again = pickle.loads(pickle.dumps(packed))
    for other in (mapped, again):
        np.testing.assert_array_equal(other[np.array([4, 1])], images[[4, 1]])
        assert type(other[2:4]) is np.ndarray


@pytest.mark.parametrize("index", [50, -51, np.array([0, 50]), np.array([-51])], ids=repr)
def test_an_index_out_of_range_is_named(packed, index):
    with pytest.raises(IndexError, match=r"index (50|-51) is out of range: .* holds 50"):
        packed[index]


@pytest.mark.parametrize(
    ("index", "kind"),
    [
        (np.zeros(50, dtype=bool), "bool"),
        (True, "bool"),
        (np.array([1.0]), "float64"),
        (1.0, "float64"),
        ((0, 1), "tuple"),
        (None, "object"),
        (..., "object"),
    ],
)
@pytest.mark.usefixtures("unhooked")
def test_an_index_of_another_kind_is_named(packed, index, kind):
    with pytest.raises(IndexError, match=rf"got {kind}: for a mask give numpy.flatnonzero"):
        packed[index]


@pytest.mark.parametrize(
    ("bits", "message"),
    [
        (np.zeros((2, 8), dtype=np.uint8), r"packed must be \(n, height.*; got \(2, 8\) uint8"),
        (np.zeros((2, 8, 8)), r"got \(2, 8, 8\) float64: .* numpy.packbits"),
        (np.zeros((2, 8, 8), dtype=bool), r"\(2, 8, 8\) bool"),
    ],
)
@pytest.mark.usefixtures("unhooked")
def test_bits_of_another_kind_are_named(bits, message):
    with pytest.raises(ValueError, match=message):
        PackedImages(bits)
