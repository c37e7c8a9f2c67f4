"""What people have on disk, read; and what is damaged, refused."""

import os
import zipfile

import h5py
import numpy as np
import pytest

from nashae_metrics.files import array_keys, column_names, read_array

CODES = np.arange(6.0).reshape(3, 2)


class Payload:
    """An object whose pickle makes a folder when it is read."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def test_an_npz_is_read_by_key(tmp_path):
    path = tmp_path / "a.npz"
    np.savez(path, codes=CODES, names=np.array(["x", "y"]))
    np.testing.assert_array_equal(read_array(path, "codes"), CODES)
    assert array_keys(path) == ["codes", "names"]
    assert column_names(path, "codes", "names", 2) == ["x", "y"]
    assert column_names(path, "codes", "none", 2) is None


def test_an_npy_is_mapped_not_read(tmp_path):
    path = tmp_path / "a.npy"
    np.save(path, CODES)
    array = read_array(path, "")
    assert isinstance(array, np.memmap)
    np.testing.assert_array_equal(array, CODES)
    assert array_keys(path) == []
    assert column_names(path, "codes", "names", 2) is None


def test_a_csv_gives_the_columns_that_begin_with_the_key(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("codes_0,label,codes_1\n1,7,2.5\n3,8,-4e1\n")
    np.testing.assert_array_equal(read_array(path, "codes"), [[1, 2.5], [3, -40]])
    assert column_names(path, "codes", "", 2) == ["codes_0", "codes_1"]


def test_an_hdf5_is_read_by_key(tmp_path):
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file["codes"] = CODES
        file["names"] = ["x", "y"]
        file.create_group("more")
    np.testing.assert_array_equal(read_array(path, "codes"), CODES)
    assert array_keys(path) == ["codes", "names"]
    assert column_names(path, "codes", "names", 2) == ["x", "y"]


@pytest.mark.parametrize("suffix", ["npy", "npz"])
def test_pickled_objects_are_refused_and_do_not_run(tmp_path, suffix):
    made = tmp_path / "made"
    array = np.array([Payload(made)], dtype=object)
    path = tmp_path / f"a.{suffix}"
    if suffix == "npy":
        np.save(path, array, allow_pickle=True)
    else:
        np.savez(path, codes=array)
    with pytest.raises(ValueError, match=r"a\.np"):
        read_array(path, "codes")
    assert not made.exists()


def test_errors_name_the_file_and_the_key(tmp_path):
    npz, csv, h5 = tmp_path / "a.npz", tmp_path / "a.csv", tmp_path / "a.h5"
    np.savez(npz, codes=CODES)
    csv.write_text("a,b\n1,2\n")
    with h5py.File(h5, "w") as file:
        file.create_group("codes")
    for path in (npz, csv):
        with pytest.raises(ValueError, match=rf"{path.name}.*'zeta'.*it has"):
            read_array(path, "zeta")
    with pytest.raises(ValueError, match=r"a\.h5: 'zeta' is not in it; it has \['codes'\]"):
        read_array(h5, "zeta")
    with pytest.raises(ValueError, match=r"a\.h5: 'codes' is a group"):
        read_array(h5, "codes")
    with pytest.raises(ValueError, match=r"a\.txt is none of \.npz"):
        read_array(tmp_path / "a.txt", "codes")
    with pytest.raises(FileNotFoundError, match=r"none\.npz is not there"):
        read_array(tmp_path / "none.npz", "codes")


@pytest.mark.parametrize("suffix", ["npz", "npy", "h5"])
def test_a_damaged_file_is_named(tmp_path, suffix):
    path = tmp_path / f"a.{suffix}"
    path.write_bytes(b"PK\x03\x04 this is no archive")
    with pytest.raises(ValueError, match=rf"a\.{suffix} is damaged"):
        read_array(path, "codes")


def test_a_damaged_member_is_named(tmp_path):
    path = tmp_path / "a.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("codes.npy", b"\x93NUMPY not really")
    with pytest.raises(ValueError, match=r"a\.npz: 'codes' cannot be read"):
        read_array(path, "codes")


def test_a_file_under_the_other_suffix_is_told(tmp_path):
    npy, npz = tmp_path / "a.npy", tmp_path / "b.npz"
    np.savez(tmp_path / "c.npz", codes=CODES)
    (tmp_path / "c.npz").rename(npy)
    np.save(tmp_path / "d.npy", CODES)
    (tmp_path / "d.npy").rename(npz)
    with pytest.raises(ValueError, match=r"rename it to \.npz"):
        read_array(npy, "")
    with pytest.raises(ValueError, match=r"rename it to \.npy"):
        read_array(npz, "codes")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("codes\nx\n", r"line 2, column 'codes': 'x' is no number"),
        ("codes,b\n1\n", r"line 2: 1 fields under a header of 2"),
        ('codes\n"1\n', r"is no CSV text"),
        ("", r"has no column that begins with 'codes'"),
    ],
)
def test_a_malformed_csv_is_told_by_line(tmp_path, text, message):
    path = tmp_path / "a.csv"
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        read_array(path, "codes")


def test_names_must_be_as_many_as_columns(tmp_path):
    path = tmp_path / "a.npz"
    np.savez(path, codes=CODES, names=np.array(["x"]))
    with pytest.raises(ValueError, match=r"a\.npz: 'names' has 1 names for 2 columns"):
        column_names(path, "codes", "names", 2)


def test_a_damaged_hdf5_array_is_named(tmp_path):
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("codes", data=np.arange(4000.0).reshape(-1, 2), compression="gzip")
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2] + bytes(1000) + whole[len(whole) // 2 + 1000 :])
    with pytest.raises(ValueError, match=r"a\.h5: 'codes' cannot be read"):
        read_array(path, "codes")
