"""What lies on disk is sent to other processes by its place, not by its bytes."""

import gc
import operator
import os
import pickle
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import h5py
import numpy as np
import pytest
from celeba_trees import write_tree
from layouts import CASES, random_images

from nashae_data import (
    AttributeDataset,
    Dataset,
    DiskImages,
    PackedImages,
    Provenance,
    celeba,
    color_dsprites,
)

MOST = 1500  # bytes of a pickle: of a path, a key and a shape
BITS = (random_images(40, 16, 16) > 127).astype(np.uint8)


def labelled(observations) -> Dataset:
    zeros = np.zeros((len(observations), 1), np.int64)
    return Dataset(observations, zeros, zeros * 1.0, ("one",), (1,), Provenance("made"))


def with_attributes(observations) -> AttributeDataset:
    n = len(observations)
    ones, parts = np.ones((n, 1), bool), np.arange(n) % 3
    made = Provenance("made")
    return AttributeDataset(observations, ones, ("one",), parts, np.zeros((n, 0)), (), made)


def mapped(path, array, mode="r"):
    np.save(path / "array.npy", array)
    return np.load(path / "array.npy", mmap_mode=mode)


def hdf5(path, mode="r", **options):
    with h5py.File(path / "array.h5", "w") as file:
        file.create_dataset("group/images", data=BITS, **options)
    return h5py.File(path / "array.h5", mode)["group/images"]


def read(name):
    def reader(path):
        CASES[name].write(path / CASES[name].name)
        return CASES[name].read(path / CASES[name].name)

    return reader


def arms_npy(path):
    np.save(path / "arms.npy", random_images(12, 64, 64, 3))
    return CASES["mpi3d"].read(path / "arms.npy")


def faces(path):
    pytest.importorskip("PIL")
    pytest.importorskip("filelock")
    return celeba(write_tree(path / "tree"))


# Each gives a data set of which the observations are on disk.
ON_DISK = {
    "3dshapes": read("3dshapes"),
    "mpi3d-npz": read("mpi3d"),
    "mpi3d-npy": arms_npy,
    "celeba": faces,
    "celeba-part": lambda path: faces(path).part("train"),
    "hdf5": lambda path: labelled(hdf5(path)),
    "hdf5-chunked": lambda path: labelled(hdf5(path, chunks=(3, 16, 16), compression="gzip")),
    "hdf5-attributes": lambda path: with_attributes(hdf5(path)),
    "map": lambda path: labelled(mapped(path, BITS)),
    "map-written": lambda path: with_attributes(mapped(path, BITS, "r+")),
    "map-part": lambda path: labelled(mapped(path, BITS)[3:29:2, ::-1, 4:]),
    "map-backwards": lambda path: labelled(mapped(path, BITS)[::-1]),
    "map-fortran": lambda path: labelled(mapped(path, np.asfortranarray(BITS * 1.5))),
    "map-bits": lambda path: labelled(PackedImages(mapped(path, np.packbits(BITS, -1)))),
    "map-colored": lambda path: color_dsprites(labelled(mapped(path, BITS))),
    "map-subset": lambda path: with_attributes(mapped(path, BITS)).subset(np.array([4, 0, 4])),
    "map-as-array": lambda path: labelled(np.asarray(mapped(path, BITS))),
}


@pytest.mark.parametrize("name", ON_DISK)
def test_a_pickle_holds_the_place_and_gives_the_same_numbers(name, tmp_path):
    dataset = ON_DISK[name](tmp_path)
    wanted = dataset.observations[:]
    without = sum(
        value.nbytes
        for key, value in vars(dataset).items()
        if key != "observations" and isinstance(value, np.ndarray)
    )
    sent = pickle.dumps(dataset)
    assert len(sent) < MOST + 1000 + without
    found = pickle.loads(sent)
    np.testing.assert_array_equal(found.observations[:], wanted)
    np.testing.assert_array_equal(found.observations[np.array([2, 0, -1])], wanted[[2, 0, -1]])
    assert found.observations.dtype == wanted.dtype
    assert type(found.observations) is type(dataset.observations) or "array" in name
    again = pickle.dumps(found)  # as often as it is handed on
    assert len(again) < MOST + 1000 + without
    np.testing.assert_array_equal(pickle.loads(again).observations[:], wanted)
    for key, value in vars(dataset).items():
        if key != "observations":
            np.testing.assert_equal(getattr(found, key), value)


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_other_processes_open_it(method, tmp_path, made):
    with np.load(made("mpi3d")) as file:
        images = file["images"]
    arms, rooms = (CASES[name].read(made(name)).observations for name in ("mpi3d", "3dshapes"))
    with ProcessPoolExecutor(1, get_context(method)) as pool:
        np.testing.assert_array_equal(pool.submit(operator.getitem, arms, 3).result(), images[3])
        np.testing.assert_array_equal(pool.submit(operator.getitem, rooms, 3).result(), rooms[3])


@pytest.mark.parametrize("name", [name for name in ON_DISK if name != "map-as-array"])
def test_a_file_that_changed_or_went_meanwhile_is_not_read(name, tmp_path):
    sent = pickle.dumps(ON_DISK[name](tmp_path))
    gc.collect()
    wanted = {"mpi3d": "mpi3d_toy.npz", "celeba": "tree/nashae-celeba-64.h5"}
    file = next(
        path
        for path in sorted(tmp_path.rglob("*"))
        if path.suffix in (".npz", ".npy", ".h5") and not path.name.startswith(".")
    )
    assert wanted.get(name, file.name) in str(file)
    date = file.stat()
    os.utime(file, ns=(date.st_atime_ns, date.st_mtime_ns + 1000))
    with pytest.raises(ValueError, match=f"{file.name} must be as it was"):
        pickle.loads(sent)
    os.utime(file, ns=(date.st_atime_ns, date.st_mtime_ns))
    pickle.loads(sent)
    gc.collect()
    with file.open("ab") as stream:
        stream.write(b"more")
    os.utime(file, ns=(date.st_atime_ns, date.st_mtime_ns))
    with pytest.raises(ValueError, match=f"{file.name} must be as it was"):
        pickle.loads(sent)
    file.unlink()
    with pytest.raises(FileNotFoundError, match=file.name):
        pickle.loads(sent)


@pytest.mark.parametrize("name", ["3dshapes", "mpi3d"])
def test_one_that_is_closed_stays_closed(name, made):
    images = CASES[name].read(made(name)).observations
    images.close()
    found = pickle.loads(pickle.dumps(images))
    assert (found.shape, found.dtype) == (images.shape, images.dtype)
    with pytest.raises(ValueError, match="'images' must be open; got a closed file: read it again"):
        found[0]


def test_what_is_in_memory_alone_is_sent_whole_or_refused(tmp_path):
    changed = mapped(tmp_path, BITS, "c")  # copy on write
    changed[0] = 7
    np.testing.assert_array_equal(
        pickle.loads(pickle.dumps(labelled(changed))).observations, changed
    )
    with h5py.File(tmp_path / "array.h5", "w", driver="core", backing_store=False) as file:
        images = labelled(file.create_dataset("images", data=BITS)).observations
        with pytest.raises(ValueError, match="'/images' must be in a file on disk to be pickled"):
            pickle.dumps(images)
    assert isinstance(images, DiskImages)
    with hdf5(tmp_path, "a").file as file:
        images = labelled(file["group/images"]).observations
        with pytest.raises(ValueError, match=r"open for reading alone .*; got mode 'r\+': open"):
            pickle.dumps(images)


def test_a_map_whose_file_was_replaced_is_sent_as_it_is_seen(tmp_path):
    dataset = labelled(mapped(tmp_path, BITS))
    np.save(tmp_path / "other.npy", 1 - BITS)
    (tmp_path / "other.npy").replace(tmp_path / "array.npy")
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(dataset)).observations, BITS)


def test_the_place_does_not_depend_on_the_working_folder(tmp_path, monkeypatch):
    hdf5(tmp_path).file.close()
    mapped(tmp_path, BITS)
    monkeypatch.chdir(tmp_path)
    with h5py.File("array.h5") as file:
        one = labelled(file["group/images"])
        other = labelled(np.load("array.npy", mmap_mode="r"))
        monkeypatch.chdir("/")
        for dataset in (one, other):
            found = pickle.loads(pickle.dumps(dataset)).observations
            np.testing.assert_array_equal(found[:], BITS)
