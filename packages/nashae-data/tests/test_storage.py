import dataclasses
import errno
import tracemalloc

import h5py
import layouts
import numpy as np
import pytest

from nashae_data import Dataset, PackedImages, Provenance, beamsynthesis, load_dataset, save_dataset

FORMATS = ["set.npz", "set.h5", "set.hdf5", "set.zip", "set"]


def same(found, wanted):
    for name in ("observations", "factors", "values"):
        np.testing.assert_array_equal(getattr(found, name), getattr(wanted, name))
        assert getattr(found, name).dtype == getattr(wanted, name).dtype
    assert (found.names, found.sizes) == (wanted.names, wanted.sizes)


@pytest.fixture
def images() -> Dataset:
    return Dataset(
        observations=np.arange(2 * 4 * 4 * 3, dtype=np.uint8).reshape(2, 4, 4, 3),
        factors=np.array([[0], [1]]),
        values=np.array([[0.0], [1.5]]),
        names=("größe",),
        sizes=(40,),  # more classes than occur
        provenance=Provenance("drawn by hand", citation="nobody, 2022"),
    )


class Failing:
    """Observations that the disk, or whatever they come from, refuses halfway."""

    shape, dtype = (6, 1000), np.dtype(np.float64)

    def __len__(self):
        return 6

    def __getitem__(self, index):
        if not isinstance(index, slice) and index < 3:
            return np.zeros(1000)
        raise OSError(errno.EIO, "Input/output error")


# ---- round trips ----


@pytest.mark.parametrize("name", FORMATS)
def test_what_is_written_comes_back(tmp_path, few, name):
    save_dataset(few, str(tmp_path / "new" / name))
    same(load_dataset(str(tmp_path / "new" / name)), few)
    assert [file.name for file in (tmp_path / "new").iterdir()] == [name]


@pytest.mark.parametrize("name", ["set.npz", "set.h5"])
def test_any_data_set_comes_back_with_its_provenance(tmp_path, images, name):
    save_dataset(images, tmp_path / name)
    found = load_dataset(tmp_path / name)
    same(found, images)
    assert found.provenance == images.provenance


@pytest.mark.parametrize("name", FORMATS[:-1])
def test_the_same_data_set_gives_the_same_bytes(tmp_path, few, name):
    for place in ("one", "other"):
        save_dataset(few, tmp_path / place / name)
    assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "other" / name).read_bytes()


def test_npz_and_hdf5_are_plain_arrays_of_the_same_names(tmp_path, few):
    save_dataset(few, tmp_path / "set.npz")
    save_dataset(few, tmp_path / "set.h5")
    with (
        np.load(tmp_path / "set.npz", allow_pickle=False) as npz,
        h5py.File(tmp_path / "set.h5") as h5,
    ):
        assert (
            {*npz} == {*h5} == {"observations", "factors", "values", "names", "sizes", "provenance"}
        )
        assert npz["names"].tolist() == [*h5["names"].asstr()] == ["frequency", "duty_cycle"]
        np.testing.assert_array_equal(npz["observations"], h5["observations"])


@pytest.mark.parametrize("name", ["bits.npz", "bits.h5"])
def test_packed_images_are_written_and_read_packed(tmp_path, name):
    # 40 MB unpacked, 5 MB packed.
    packed = np.zeros((9830, 64, 8), dtype=np.uint8)
    packed[::7] = np.random.default_rng(0).integers(0, 256, (1405, 64, 8))
    wanted = dataclasses.replace(
        layouts.few_sprites(),
        observations=PackedImages(packed),
        factors=np.zeros((9830, 1), dtype=np.int64),
        values=np.zeros((9830, 1)),
        names=("none",),
        sizes=(1,),
    )
    tracemalloc.start()
    save_dataset(wanted, tmp_path / name)
    found = load_dataset(tmp_path / name)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 20e6
    assert isinstance(found.observations, PackedImages)
    np.testing.assert_array_equal(found.observations.packed, packed)
    with np.load(tmp_path / name) if name == "bits.npz" else h5py.File(tmp_path / name) as file:
        held = file["packing"][()]
        assert (held.decode() if isinstance(held, bytes) else str(held)) == "bits"
        if name == "bits.h5":
            assert file["observations"].chunks == (1024, 64, 8)
            assert file["observations"].compression == "gzip"


@pytest.mark.parametrize("name", ["large.npz", "large.h5"])
def test_observations_are_written_piece_by_piece(tmp_path, images, name):
    asked = []

    class Large(Failing):
        shape, dtype = (10, 1000, 1000), np.dtype(np.float64)

        def __len__(self):
            return 10

        def __getitem__(self, index):
            asked.append(index)
            return np.full((10, 1000, 1000), np.arange(10.0)[:, None, None])[index]

    large = dataclasses.replace(
        images, observations=Large(), factors=np.zeros((10, 1), int), values=np.zeros((10, 1))
    )
    save_dataset(large, tmp_path / name)
    assert [index.stop - index.start for index in asked] == [2] * 5  # 16 MB each
    found = load_dataset(tmp_path / name).observations
    np.testing.assert_array_equal(found[:, 5, 5], np.arange(10.0))


def test_another_packing_is_refused(tmp_path):
    save_dataset(layouts.few_sprites(), tmp_path / "bits.npz")
    with np.load(tmp_path / "bits.npz") as file:
        arrays = dict(file)
    np.savez(tmp_path / "bits.npz", **arrays | {"packing": np.array("nibbles")})
    with pytest.raises(ValueError, match=r"bits.npz .*'packing' must be 'bits'; got 'nibbles'"):
        load_dataset(tmp_path / "bits.npz")


def test_observations_that_are_no_numbers_are_not_pickled(tmp_path, images):
    texts = dataclasses.replace(images, observations=np.array([["a"], [None]], dtype=object))
    for name in ("a.npz", "a.h5"):
        with pytest.raises(ValueError, match="observations must be numbers; got object"):
            save_dataset(texts, tmp_path / name)
    assert not any(tmp_path.iterdir())


def test_files_can_be_read_by_others(tmp_path, few):
    save_dataset(few, tmp_path / "set.npz")
    (tmp_path / "plain").write_bytes(b"")
    assert (tmp_path / "set.npz").stat().st_mode == (tmp_path / "plain").stat().st_mode


# ---- refusals ----


def test_an_unknown_suffix_lists_the_known(tmp_path, few):
    for call in (
        lambda: save_dataset(few, tmp_path / "a.csv"),
        lambda: load_dataset(tmp_path / "a.csv"),
    ):
        (tmp_path / "a.csv").write_text("1,2")
        with pytest.raises(ValueError, match=r"a.csv: the suffix chooses the format: .npz, .h5"):
            call()


def test_the_published_layout_holds_beamsynthesis_only(tmp_path, images):
    with pytest.raises(ValueError, match=r"\(2, 4, 4, 3\).*write .npz or .h5"):
        save_dataset(images, tmp_path / "images.zip")
    assert not any(tmp_path.iterdir())


def test_a_level_that_a_file_name_cannot_hold_is_refused(tmp_path):
    thirds = beamsynthesis(10, (1 / 3, 2 / 3))
    with pytest.raises(
        ValueError, match=r"duty_cycle must have .* three decimals .*; got 0.333333"
    ):
        save_dataset(thirds, tmp_path / "thirds")
    save_dataset(thirds, tmp_path / "thirds.npz")
    same(load_dataset(tmp_path / "thirds.npz"), thirds)


def test_two_rows_of_one_name_are_refused(tmp_path, few):
    twice = Dataset(
        few.observations[[0, 0]],
        few.factors[[0, 0]],
        few.values[[0, 0]],
        few.names,
        few.sizes,
        few.provenance,
    )
    with pytest.raises(ValueError, match="rows must have different factors"):
        save_dataset(twice, tmp_path / "twice")


@pytest.mark.parametrize("name", [*FORMATS, "no-such-folder"])
def test_nothing_there_is_a_missing_file(tmp_path, name):
    with pytest.raises(FileNotFoundError, match=name):
        load_dataset(tmp_path / name)


# ---- whole or not at all ----


@pytest.mark.parametrize("name", FORMATS)
def test_a_write_that_fails_midway_leaves_the_old_file_alone(tmp_path, few, name):
    broken = dataclasses.replace(few, observations=Failing())
    path = tmp_path / name
    if name == "set":
        path.mkdir()  # an empty folder may be written to
    else:
        path.write_bytes(b"the old file")
    with pytest.raises(OSError, match="Input/output error"):
        save_dataset(broken, path)
    assert [file.name for file in tmp_path.iterdir()] == [name]
    assert not any(path.iterdir()) if path.is_dir() else path.read_bytes() == b"the old file"


def test_a_folder_that_holds_something_is_not_touched(tmp_path, few):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine")
    (tmp_path / "file").write_text("mine")
    for name in ("full", "file"):
        with pytest.raises(FileExistsError, match=f"must be new or an empty folder; got .*{name}"):
            save_dataset(few, tmp_path / name)
    assert (tmp_path / "full" / "mine.txt").read_text() == "mine"


def test_a_folder_in_place_of_a_file_is_refused(tmp_path, few):
    (tmp_path / "set.npz").mkdir()
    with pytest.raises(IsADirectoryError, match=r"path must be a file; got .*set.npz"):
        save_dataset(few, tmp_path / "set.npz")
