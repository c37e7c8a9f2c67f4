import dataclasses

import h5py
import jaxtyping
import numpy as np
import pytest

import nashae_data
import nashae_data.storage
from nashae_data import AttributeDataset, Dataset, Observations, Provenance, __version__

MADE_UP = Provenance("made up for a test")


@pytest.fixture
def unhooked(monkeypatch):
    """Without the hook for shapes and types, which would refuse before our own checks."""
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)


def dataset(observations=None, **changed) -> Dataset:
    """Three observations of two factors, with fields exchanged."""
    fields = {
        "observations": np.zeros((3, 5)) if observations is None else observations,
        "factors": np.array([[0, 1], [1, 0], [1, 2]]),
        "values": np.array([[10.0, 0.5], [20.0, 0.25], [20.0, 0.75]]),
        "names": ("speed", "share"),
        "sizes": (2, 3),
        "provenance": MADE_UP,
    }
    return Dataset(**(fields | changed))


@pytest.mark.usefixtures("unhooked")
def test_fields_have_the_promised_types():
    made = dataset(
        factors=[[0, 1], [1, 0], [1, 2]],
        values=[[1, 2], [3, 4], [3, 6]],
        names=["speed", "share"],
        sizes=np.array([2, 3]),
    )
    assert len(made) == 3
    assert (made.factors.dtype, made.values.dtype) == (np.int64, np.float64)
    assert made.names == ("speed", "share")
    assert made.sizes == (2, 3)


def test_provenance_names_the_release():
    assert MADE_UP.version == __version__


def test_arrays_are_read_only_and_not_copied():
    mine = np.zeros((3, 5))
    made = dataset(mine)
    for array in (made.observations, made.factors, made.values):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1
    mine[0] = 7  # what the caller had stays the caller's
    assert made.observations[0, 0] == 7


@pytest.mark.parametrize("name", ["observations", "factors", "values"])
@pytest.mark.parametrize("disabled", [False, True])
def test_masked_entries_are_refused_and_a_mask_of_none_is_not(name, disabled, monkeypatch):
    """Saved as they lie in memory, they would be read as if they had been measured."""
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", disabled)
    array = np.ma.array(getattr(dataset(), name))
    assert len(dataset(**{name: array})) == 3
    array[1, 1] = np.ma.masked
    with pytest.raises(ValueError, match=f"{name} must have no masked entries; got 1: give all"):
        dataset(**{name: array})


@pytest.mark.parametrize("name", ["observations", "attributes", "partition", "nuisances"])
def test_masked_entries_of_attributes_are_refused(name):
    fields = {
        "observations": np.zeros((3, 5)),
        "attributes": np.eye(3, 2, dtype=bool),
        "partition": np.array([0, 1, 2]),
        "nuisances": np.zeros((3, 1)),
    }
    hidden = np.ma.array(fields[name], mask=np.zeros(fields[name].shape))
    hidden[1] = np.ma.masked
    rest = {"names": ("a", "b"), "nuisance_names": ("c",), "provenance": MADE_UP}
    with pytest.raises(ValueError, match=f"{name} must have no masked entries"):
        AttributeDataset(**(fields | {name: hidden}), **rest)


@pytest.mark.parametrize(
    "options",
    [{}, {"chunks": (4, 2)}, {"chunks": (1, 8), "compression": "gzip"}, {"chunks": (20, 3)}],
    ids=str,
)
@pytest.mark.parametrize("dtype", ["u1", "<f4", ">f8"])
@pytest.mark.parametrize("kind", [Dataset, AttributeDataset])
def test_an_hdf5_data_set_is_indexed_in_any_order(kind, dtype, options, tmp_path, monkeypatch):
    rows = np.arange(160).reshape(20, 8).astype(dtype)
    with h5py.File(tmp_path / "rows.h5", "w") as file:
        found = labelled(kind, file.create_dataset("rows", data=rows, **options)).observations
        for index in (
            np.array([5, 3, 19, 0]), np.array([7, 7, 2, 7]), np.array([-1, 0, -20]), slice(None),
            np.array([[1, 9], [9, 0]]), slice(None, None, -3), -2, np.array([], np.int64),
        ):  # fmt: skip
            np.testing.assert_array_equal(found[index], rows[index])
            assert found[index].dtype == rows.dtype
        assert isinstance(found, Observations)
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)  # it would speak first
    with pytest.raises(ValueError, match="must be in an open file; got a closed one"):
        labelled(kind, found._array)


def labelled(kind, observations, n=20):
    """A data set of one factor or attribute."""
    if kind is Dataset:
        zeros = np.zeros((n, 1), np.int64)
        return Dataset(observations, zeros, zeros.astype(float), ("one",), (1,), MADE_UP)
    ones = np.ones((n, 1), bool)
    return AttributeDataset(
        observations, ones, ("one",), np.zeros(n, np.int64), np.zeros((n, 0)), (), MADE_UP
    )


def test_a_chunk_of_an_hdf5_data_set_is_read_once(tmp_path, monkeypatch):
    rows, asked = np.arange(100.0)[:, None], []
    with h5py.File(tmp_path / "rows.h5", "w") as file:
        array = file.create_dataset("rows", data=rows, chunks=(10, 1))
        found = labelled(Dataset, array, 100).observations
        read = h5py.Dataset.__getitem__
        monkeypatch.setattr(
            h5py.Dataset, "__getitem__", lambda self, at: asked.append(at) or read(self, at)
        )
        index = np.array([31, 2, 4, 38, 2, 99, 55, 56, 60])
        np.testing.assert_array_equal(found[index], rows[index])
    bounds = [(2, 5), (31, 39), (55, 57), (60, 61), (99, 100)]
    assert asked == [slice(*bound) for bound in bounds]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"observations": [[1.0], [2.0], [3.0]]}, "got list: wrap them in numpy.asarray"),
        ({"observations": np.zeros((0, 5))}, r"at least one row; got shape \(0, 5\)"),
        ({"observations": np.array(1.0)}, r"at least one row; got shape \(\)"),
        ({"observations": np.zeros((4, 5))}, r"factors must have shape \(4, 2\); got \(3, 2\)"),
        ({"values": [[1.0], [2.0], [3.0]]}, r"values must have shape \(3, 2\); got \(3, 1\)"),
        ({"factors": [[0.0, 1.0]] * 3}, "factors must be class indices .*; got float64"),
        ({"factors": [[0, 1], [2, 0], [1, 2]]}, "'speed' must .* 0 to 1, .*; got 0 to 2"),
        ({"factors": [[0, 1], [1, -1], [1, 2]]}, "'share' must have classes .*; got -1 to 2"),
        ({"values": [[1.0, 2.0], [1.0, np.nan], [1.0, 2.0]]}, "must be finite; got nan in row 1"),
        ({"names": ("speed", "speed")}, "names must all differ"),
        ({"names": ("speed",)}, r"must have shape \(3, 1\)"),
        ({"sizes": (2,)}, r"sizes must be 2 numbers, .*; got \(2,\)"),
    ],
)
@pytest.mark.usefixtures("unhooked")
def test_what_does_not_fit_is_named(changed, message):
    with pytest.raises(ValueError, match=message):
        dataset(**changed)


# ---- as PyTorch's loaders index it ----


class OwnBits:
    """A class of one's own with the four members that are asked for."""

    def __init__(self, images):
        self._bits, self.shape, self.dtype = np.packbits(images, -1), images.shape, images.dtype

    def __len__(self):
        return self.shape[0]

    def __getitem__(self, index):
        return np.unpackbits(self._bits[index], axis=-1)


def kept_on(kind: str, folder):
    """The same 6 observations, kept in different ways."""
    rows = np.random.default_rng(0).integers(0, 2, (6, 4, 8)).astype(np.uint8)
    if kind == "array":
        return rows, rows
    if kind == "map":
        np.save(folder / "rows.npy", rows)
        return rows, np.load(folder / "rows.npy", mmap_mode="r")
    if kind == "own":
        return rows, OwnBits(rows)
    if kind == "bits":
        return rows, nashae_data.PackedImages(np.packbits(rows, -1))
    if kind == "made":
        images = nashae_data.noisy_dsprites(labelled(Dataset, rows, 6)).observations
        return images[:], images
    with h5py.File(folder / "rows.h5", "w") as file:
        file["rows"] = rows
    return rows, h5py.File(folder / "rows.h5")["rows"]


KEPT = ["array", "map", "bits", "made", "hdf5"]


@pytest.mark.parametrize("parts", [Dataset, AttributeDataset])
@pytest.mark.parametrize("kind", [*KEPT, "own"])
def test_an_index_gives_observations_with_their_factors_as_copies(kind, parts, tmp_path):
    rows, observations = kept_on(kind, tmp_path)
    made = labelled(parts, observations, 6)
    assert isinstance(made.observations, Observations)
    assert made.observations.shape == rows.shape
    beside = made.factors if parts is Dataset else made.attributes
    for index in (
        0, -1, np.int64(3), slice(1, 4), slice(None, None, -2), slice(5, 2), np.array([5, 0, 5]),
        np.array([[1, 2], [0, -1]]), np.array([], np.int64),
    ):  # fmt: skip
        found, factors = made[index]
        np.testing.assert_array_equal(found, rows[index])
        np.testing.assert_array_equal(factors, beside[index])
        for array in (found, factors):
            assert type(array) is np.ndarray
            array[...] = 1 - array  # a copy: the data set stays as it is
    np.testing.assert_array_equal(made.observations[:], rows)
    assert len(list(made)) == 6  # iterating ends
    for wrong in (6, -7, np.array([0, 9])):
        with pytest.raises(IndexError, match="the data set holds 6 observations"):
            made[wrong]


@pytest.mark.parametrize("kind", KEPT)
def test_nothing_is_printed_at_length(kind, tmp_path):
    _, observations = kept_on(kind, tmp_path)
    one, other = (labelled(parts, observations, 6) for parts in (Dataset, AttributeDataset))
    subset = other.subset(np.array([1, 2]))
    for shown in (one, other, subset, one.observations, subset.observations):
        if isinstance(shown, np.ndarray):
            continue
        text = repr(shown)
        assert len(text.splitlines()) <= 3
        assert len(text) < 500
        assert "(4, 8" in text or "4, 8)" in text or "4, 8, 3)" in text


def test_what_is_printed_of_a_data_set():
    lines = repr(dataset()).splitlines()
    assert lines[0] == "Dataset of 3 observations (5,) float64, ndarray"
    assert lines[1:] == [
        "  factors (classes): speed (2), share (3)",
        "  source: made up for a test",
    ]
    many = dataset(
        factors=np.zeros((3, 500), int),
        values=np.zeros((3, 500)),
        names=tuple(f"factor{i}" for i in range(500)),
        sizes=(1,) * 500,
    )
    assert repr(many).splitlines()[1].endswith("factor9 (1) and 490 more")
    assert len(repr(nashae_data.beamsynthesis()).splitlines()) == 3
    wordy = dataset(provenance=Provenance("a line\n" * 1000))
    assert len(repr(wordy).splitlines()) == 3
    assert len(repr(wordy)) < 500


# ---- numbers that are none are not saved ----


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("name", ["set.npz", "set.h5", "set.hdf5", "set.zip", "set"])
def test_observations_that_are_not_finite_are_not_saved(name, wrong, tmp_path):
    few = nashae_data.beamsynthesis((10, 20), (0.3, 0.5))
    rows = few.observations[:].copy()
    rows[2, 700] = rows[3, 1] = wrong
    bad = dataclasses.replace(few, observations=rows)
    with pytest.raises(ValueError, match=rf"observations must be finite .*; got {wrong} in row 2"):
        nashae_data.save_dataset(bad, tmp_path / name)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("dtype", [np.float16, ">f4", np.complex64])
def test_the_first_row_that_is_not_finite_is_named_in_any_piece(dtype, tmp_path, monkeypatch):
    monkeypatch.setattr(nashae_data.storage, "PIECE", 64)
    rows = np.ones((40, 5), dtype)
    nashae_data.save_dataset(labelled(Dataset, rows, 40), tmp_path / "a.npz")
    rows[33, 2] = np.nan
    with pytest.raises(ValueError, match=r"must be finite to be saved; got .*nan.* in row 33"):
        nashae_data.save_dataset(labelled(Dataset, rows, 40), tmp_path / "a.h5")
    assert [file.name for file in tmp_path.iterdir()] == ["a.npz"]
