"""Data of one's own, from every kind of file."""

import h5py
import numpy as np
import pytest
from PIL import Image

from nashae_data import open_data

X = np.random.default_rng(0).normal(size=(7, 4))
FACTORS = np.arange(14).reshape(7, 2)


def save(path, **arrays):
    if path.suffix == ".npz":
        np.savez(path, **arrays)
    elif path.name.endswith("packed.h5"):
        with h5py.File(path, "w") as file:
            for name, array in arrays.items():
                file.create_dataset(name, data=array, compression="gzip")
    else:
        with h5py.File(path, "w") as file:
            for name, array in arrays.items():
                file[name] = array


@pytest.mark.parametrize("file", ["own.npz", "own.h5", "own-packed.h5", "own.hdf5"])
def test_an_archive_with_factors(tmp_path, file):
    path = tmp_path / file
    save(path, waves=X, factors=FACTORS[:, 0], names=np.array([b"colour"]))
    data = open_data(path)
    assert data.key == "waves"
    np.testing.assert_array_equal(data.observations[:], X)
    np.testing.assert_array_equal(data.observations[np.array([3, 0])], X[[3, 0]])
    np.testing.assert_array_equal(data.factors, FACTORS[:, :1])
    assert data.attributes is None
    assert data.names == ("colour",)


@pytest.mark.parametrize("file", ["own.npz", "own.h5"])
def test_names_choose_and_are_chosen(tmp_path, file):
    path = tmp_path / file
    save(path, a=X, b=2 * X, smiles=FACTORS > 3, data=3 * X)
    np.testing.assert_array_equal(open_data(path).observations[:], 3 * X)
    found = open_data(path, "b", attributes="smiles")
    np.testing.assert_array_equal(found.observations[:], 2 * X)
    np.testing.assert_array_equal(found.attributes, FACTORS > 3)
    for options in ({"key": "c"}, {"factors": "c"}):
        with pytest.raises(ValueError, match="must hold 'c'; got"):
            open_data(path, **options)
    two = tmp_path / f"two{path.suffix}"
    save(two, a=X, b=2 * X)
    with pytest.raises(ValueError, match=r"must say which of its arrays .* give the key"):
        open_data(two)


def test_an_array_in_a_group(tmp_path):
    with h5py.File(tmp_path / "own.h5", "w") as file:
        file["run/images"] = X
    assert open_data(tmp_path / "own.h5").key == "run/images"


@pytest.mark.parametrize("order", ["C", "F"])
def test_one_array(tmp_path, order):
    np.save(tmp_path / "own.npy", np.asarray(X, order=order))
    np.testing.assert_array_equal(open_data(tmp_path / "own.npy").observations[:], X)


def test_what_lies_on_disk_stays_there(tmp_path):
    np.save(tmp_path / "own.npy", X)
    np.savez(tmp_path / "own.npz", x=X)
    np.savez_compressed(tmp_path / "packed.npz", x=X)
    assert isinstance(open_data(tmp_path / "own.npy").observations, np.memmap)
    assert isinstance(open_data(tmp_path / "own.npz").observations, np.memmap)
    np.testing.assert_array_equal(open_data(tmp_path / "packed.npz").observations[:], X)


@pytest.mark.parametrize("header", [True, False])
def test_a_table(tmp_path, header):
    names = "a0,a1,factor x,factor y\n" if header else ""
    rows = [",".join(map(str, row)) for row in np.c_[X[:, :2], FACTORS].tolist()]
    (tmp_path / "own.csv").write_text(names + "\n".join(rows) + "\n\n")
    if header:
        data = open_data(tmp_path / "own.csv", factors="factor")
        np.testing.assert_array_equal(data.observations, X[:, :2])
        np.testing.assert_array_equal(data.factors, FACTORS)
        assert data.names == ("factor x", "factor y")
        with pytest.raises(ValueError, match="must have columns that begin with 'z'"):
            open_data(tmp_path / "own.csv", "z")
    else:
        np.testing.assert_array_equal(
            open_data(tmp_path / "own.csv").observations, np.c_[X[:, :2], FACTORS]
        )


def test_a_table_with_words_or_short_lines_is_refused(tmp_path):
    for text in ("a,b\n1,red\n", "a,b\n1,2\n3\n"):
        (tmp_path / "own.csv").write_text(text)
        with pytest.raises(ValueError, match=r"own\.csv cannot be read"):
            open_data(tmp_path / "own.csv")


def write_images(folder, shape, n=3, mode=None):
    folder.mkdir(parents=True, exist_ok=True)
    images = np.random.default_rng(0).integers(0, 255, (n, *shape), dtype=np.uint8)
    for i, image in enumerate(images):
        Image.fromarray(image).save(folder / f"{i:03}.png")
    return images


@pytest.mark.parametrize("shape", [(5, 7), (5, 7, 3)])
def test_a_folder_of_images(tmp_path, shape):
    images = write_images(tmp_path / "own" / "part", shape)
    (tmp_path / "own" / "notes.txt").write_text("no image")
    data = open_data(tmp_path / "own").observations
    assert (data.shape, data.dtype) == (images.shape, np.uint8)
    np.testing.assert_array_equal(data[:], images)
    np.testing.assert_array_equal(data[np.array([2, 0, 2])], images[[2, 0, 2]])
    np.testing.assert_array_equal(data[-1], images[-1])
    assert open_data(tmp_path / "own", size=(4, 4)).observations[:].shape == (3, 4, 4, *shape[2:])


def test_images_of_two_sizes_are_refused_by_name(tmp_path):
    write_images(tmp_path, (5, 7))
    Image.new("L", (9, 9)).save(tmp_path / "999.png")
    data = open_data(tmp_path).observations
    with pytest.raises(ValueError, match=r"999\.png .*must be 5 × 7 pixels.*give size=\(5, 7\)"):
        data[3]
    (tmp_path / "998.png").write_bytes(b"no image")
    with pytest.raises(ValueError, match=r"998\.png cannot be read"):
        open_data(tmp_path).observations[:]


BAD = {
    "an empty folder": (lambda p: p.mkdir(), "must hold images"),
    "another kind": (lambda p: p.with_suffix(".xyz").write_text(""), "must be a folder of images"),
    "one axis": (
        lambda p: np.savez(p.with_suffix(".npz"), x=np.zeros(3)),
        "must hold observations",
    ),
    "words": (
        lambda p: np.savez(p.with_suffix(".npz"), x=np.array([["a"]])),
        "must hold observations",
    ),
    "few factors": (
        lambda p: np.savez(p.with_suffix(".npz"), x=X, factors=[1]),
        "must hold factors",
    ),
    "no zip": (lambda p: p.with_suffix(".npz").write_bytes(b"PK"), "cannot be read"),
    "no HDF5": (lambda p: p.with_suffix(".h5").write_bytes(b"HDF"), "cannot be read"),
    "no array": (lambda p: p.with_suffix(".npy").write_bytes(b"NUMPY"), "cannot be read"),
    "no table": (lambda p: p.with_suffix(".csv").write_text(""), "must have a number|cannot be"),
}


@pytest.mark.parametrize(("make", "text"), BAD.values(), ids=BAD)
@pytest.mark.filterwarnings("ignore:.*input contained no data")
def test_other_files_are_refused(tmp_path, make, text):
    make(tmp_path / "own")
    (path,) = tmp_path.iterdir()
    with pytest.raises(ValueError, match=text):
        open_data(path)
    with pytest.raises(FileNotFoundError, match="must be a file or a folder"):
        open_data(tmp_path / "nowhere")


def test_a_parquet_file(tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    import pyarrow

    table = pyarrow.table({"a": X[:, 0], "b": X[:, 1], "factors": FACTORS[:, 0]})
    parquet.write_table(table, tmp_path / "own.parquet")
    data = open_data(tmp_path / "own.parquet")
    np.testing.assert_array_equal(data.observations, X[:, :2])
    np.testing.assert_array_equal(data.factors, FACTORS[:, :1])
