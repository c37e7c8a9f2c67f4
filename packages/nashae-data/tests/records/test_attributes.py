import h5py
import jaxtyping
import numpy as np
import pytest

from nashae_data import AttributeDataset, DiskImages, Provenance
from nashae_data.records import attributes

MADE_UP = Provenance("made up for a test")


class Counted:
    """Images that say which rows were asked for."""

    def __init__(self, images: np.ndarray) -> None:
        self.images, self.asked = images, []
        self.shape, self.dtype = images.shape, images.dtype

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index):
        self.asked.append(np.asarray(index).tolist())
        return self.images[index]


IMAGES = np.arange(6 * 2 * 2, dtype=np.uint8).reshape(6, 2, 2)


def dataset(**changed):
    """Six observations with two attributes and one nuisance, with fields exchanged."""
    fields = {
        "observations": IMAGES,
        "attributes": np.array([[1, 0], [0, 1], [1, 1], [0, 0], [1, 0], [0, 1]], dtype=bool),
        "names": ("Bald", "Male"),
        "partition": np.array([0, 0, 1, 0, 2, 1]),
        "nuisances": np.arange(6.0)[:, None],
        "nuisance_names": ("light",),
        "provenance": MADE_UP,
    }
    return AttributeDataset(**(fields | changed))


def check_equal(one: AttributeDataset, other: AttributeDataset) -> None:
    np.testing.assert_array_equal(one.observations[:], other.observations[:])
    for field in ("attributes", "partition", "nuisances"):
        np.testing.assert_array_equal(getattr(one, field), getattr(other, field))
    assert (one.names, one.nuisance_names) == (other.names, other.nuisance_names)
    assert one.provenance == other.provenance


def test_arrays_are_read_only_and_observations_are_not_copied():
    mine = np.zeros((6, 2), dtype=bool)
    made = dataset(attributes=mine)
    assert made.observations is IMAGES
    assert np.shares_memory(made.attributes, mine)
    for field in ("attributes", "partition", "nuisances"):
        with pytest.raises(ValueError, match="read-only"):
            getattr(made, field)[0] = 1
    assert len(made) == 6


def test_a_subset_has_the_rows_in_the_order_asked_for():
    found = dataset().subset(np.array([4, -1, 4]))
    np.testing.assert_array_equal(found.observations[:], IMAGES[[4, 5, 4]])
    np.testing.assert_array_equal(found.attributes, [[True, False], [False, True], [True, False]])
    assert found.partition.tolist() == [2, 1, 2]
    assert found.nuisances.tolist() == [[4.0], [5.0], [4.0]]
    check_equal(dataset().subset(slice(None, None, -2)), dataset().subset(np.array([5, 3, 1])))


def test_a_subset_of_a_subset_is_the_subset_of_both():
    whole, rng = dataset(), np.random.default_rng(0)
    for _ in range(20):
        first = rng.integers(-6, 6, size=rng.integers(1, 9))
        second = rng.integers(0, len(first), size=rng.integers(1, 9))
        check_equal(whole.subset(first).subset(second), whole.subset(first[second]))
    check_equal(whole.subset(slice(None)), whole)


def test_a_subset_looks_up_what_is_asked_for_and_no_more():
    images = Counted(IMAGES)
    found = dataset(observations=images).subset(np.array([5, 3, 1])).subset(slice(1, 3))
    assert found.observations.shape == (2, 2, 2)
    assert found.observations.dtype == np.uint8
    assert images.asked == []
    np.testing.assert_array_equal(found.observations[-1], IMAGES[1])
    np.testing.assert_array_equal(found.observations[np.array([1, 0, 1])], IMAGES[[1, 3, 1]])
    assert images.asked == [1, [1, 3, 1]]


def test_a_subset_of_images_on_disk_may_go_backwards_and_repeat(tmp_path):
    path = tmp_path / "images.h5"
    with h5py.File(path, "w") as file:
        file["images"] = IMAGES
    with h5py.File(path) as file:
        found = dataset(observations=DiskImages(file["images"], path, "images"))
        rows = found.subset(np.array([4, 0, 4])).observations
        np.testing.assert_array_equal(rows[:], IMAGES[[4, 0, 4]])
        np.testing.assert_array_equal(rows[::-1], IMAGES[[4, 0, 4]])


def test_parts_are_those_of_the_partition_in_order():
    whole = dataset()
    check_equal(whole.part("train"), whole.subset(np.array([0, 1, 3])))
    check_equal(whole.part("valid"), whole.subset(np.array([2, 5])))
    check_equal(whole.part("test"), whole.subset(np.array([4])))
    check_equal(whole.part("train").part("train"), whole.part("train"))
    assert sum(len(whole.part(name)) for name in attributes.PARTS) == len(whole)


def test_another_part_or_an_empty_one_is_refused():
    with pytest.raises(ValueError, match="part must be one of train, valid, test; got 'dev'"):
        dataset().part("dev")
    with pytest.raises(ValueError, match="observations must have at least one row"):
        dataset().part("train").part("test")
    with pytest.raises(ValueError, match="observations must have at least one row"):
        dataset().subset(slice(2, 2))


def test_a_bad_index_is_refused(monkeypatch):
    for index in (np.array([6]), np.array([-7])):
        with pytest.raises(IndexError, match="out of range: the data set holds 6"):
            dataset().subset(index)
    with pytest.raises(IndexError, match="out of range: the subset holds 2"):
        dataset().subset(slice(0, 2)).observations[2]
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)  # it would refuse first
    for index in (np.ones(6, dtype=bool), np.array([0.0])):
        with pytest.raises(IndexError, match="must be indexed by an integer"):
            dataset().subset(index)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"observations": IMAGES[:0]}, "observations must have at least one row"),
        ({"observations": IMAGES[:5]}, r"attributes must have shape \(5, 2\); got \(6, 2\)"),
        (
            {"attributes": np.zeros((6, 3), bool)},
            r"attributes must have shape \(6, 2\); got \(6, 3\)",
        ),
        ({"attributes": np.zeros((6, 2))}, "attributes must be bool; got float64"),
        ({"names": ("Bald",)}, r"attributes must have shape \(6, 1\); got \(6, 2\)"),
        ({"names": ("Bald", "Bald")}, "names must all differ; got .*: give each its own"),
        ({"partition": np.zeros(5, np.int64)}, r"partition must have shape \(6,\); got \(5,\)"),
        ({"partition": np.full(6, 3)}, r"partition must be integers: 0 \(train\), 1 .* or 2"),
        ({"partition": np.full(6, -1)}, "partition must be integers"),
        ({"partition": np.zeros(6)}, "partition must be integers"),
        ({"nuisances": np.zeros(6)}, r"nuisances must have shape \(6, 1\); got \(6,\)"),
        ({"nuisances": np.full((6, 1), np.nan)}, "nuisances must be finite"),
        ({"nuisances": np.full((6, 1), np.inf)}, "nuisances must be finite"),
        (
            {"nuisances": np.zeros((6, 2)), "nuisance_names": ("a", "a")},
            "nuisance_names must all differ",
        ),
    ],
)
def test_what_does_not_fit_is_refused(monkeypatch, changed, message):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)  # it would refuse first
    with pytest.raises(ValueError, match=message):
        dataset(**changed)


def test_there_may_be_no_nuisances():
    made = dataset(nuisances=np.zeros((6, 0)), nuisance_names=())
    assert made.subset(slice(3)).nuisances.shape == (3, 0)
