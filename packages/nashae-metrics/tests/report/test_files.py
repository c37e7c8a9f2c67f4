"""What people have on disk, read; and what is damaged, refused."""

import os
import zipfile

import h5py
import numpy as np
import pytest

from nashae_metrics.report.files import array_keys, column_names, has_array, read_array

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
        ("", r"has no column 'codes'"),
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


TABLE = np.array([[1.0, -2.5, 1.0], [3.25e-3, 40.0, 0.0], [0.5, 7.0, 1.0]])


def written(delimiter=",", decimal=".", first="", quote="", newline="\n", words=False, end=""):
    def cell(number, column):
        if column == 2 and words:
            return str(bool(number))
        return quote + repr(float(number)).replace(".", decimal) + quote

    names = [f"{quote}codes{n}{quote}" for n in range(2)] + [f"{quote}factors_x{quote}"]
    lines = [first + delimiter.join(names)]
    lines += [
        delimiter.join(cell(*pair) for pair in zip(row, range(3), strict=True)) for row in TABLE
    ]
    return newline.join(lines) + newline + end


DIALECTS = [
    {},
    {"first": "# "},
    {"first": "#"},
    {"first": "\ufeff"},
    {"quote": '"'},
    {"newline": "\r\n"},
    {"words": True},
    {"end": "\n\n"},
    {"end": "  \n"},
    {"end": ",,\n"},
    {"delimiter": ";"},
    {"delimiter": ";", "decimal": ","},
    {"delimiter": ";", "decimal": ",", "words": True, "end": "\n"},
    {"delimiter": ";", "decimal": ",", "quote": '"', "newline": "\r\n"},
    {"delimiter": "\t", "decimal": ","},
    {"delimiter": "\t", "first": "# "},
    {"delimiter": ", "},
    {"delimiter": " "},
    {"delimiter": " ", "first": "# ", "end": "\n"},
    {"decimal": ",", "quote": '"'},
]


@pytest.mark.parametrize("dialect", DIALECTS, ids=repr)
def test_a_csv_of_any_dialect_is_read(dialect, tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(written(**dialect).encode())
    assert array_keys(path) == ["codes0", "codes1", "factors_x"]
    np.testing.assert_array_equal(read_array(path, "codes"), TABLE[:, :2])
    np.testing.assert_array_equal(read_array(path, "factors"), TABLE[:, 2:])
    assert column_names(path, "codes", "", 2) == ["codes0", "codes1"]


@pytest.mark.parametrize("options", [{}, {"delimiter": ","}, {"delimiter": ";", "comments": ""}])
def test_what_numpy_writes_with_a_header_is_read_whole(options, tmp_path):
    path = tmp_path / "a.csv"
    header = options.get("delimiter", " ").join(["codes0", "codes1", "factors0"])
    np.savetxt(path, TABLE, header=header, **options)
    np.testing.assert_array_equal(read_array(path, "codes"), TABLE[:, :2])


@pytest.mark.parametrize(
    ("key", "found"),
    [
        ("s", ["s", "s"]),
        ("sh", []),
        ("shape", ["shape"]),
        ("z", ["z1", "z10", "z_x"]),
        ("z1", ["z1"]),
        ("z_", ["z_x"]),
        ("é", ["é 1"]),
        ("", []),
    ],
)
def test_a_key_names_a_column_or_numbered_ones_and_no_other_word(key, found, tmp_path):
    path = tmp_path / "a.csv"
    header = ["s", "shape", "scale", "z1", "z10", "z_x", "s", "é 1", "élan"]
    path.write_text(",".join(header) + "\n" + ",".join("123456789") + "\n", encoding="utf-8")
    assert has_array(path, key) == bool(found)
    if found:
        assert column_names(path, key, "", len(found)) == found
        assert read_array(path, key).shape == (1, len(found))
    else:
        with pytest.raises(ValueError, match="has no column"):
            read_array(path, key)


def test_numbers_are_read_by_numpy_and_not_line_by_line(tmp_path, monkeypatch):
    """Which takes longer, and is for words, quotes and errors."""
    monkeypatch.setattr("nashae_metrics.report.files._csv_by_line", None)
    path = tmp_path / "a.csv"
    for dialect in ({}, {"first": "# "}, {"delimiter": ";", "decimal": ",", "end": "\n"}):
        path.write_text(written(**dialect))
        assert read_array(path, "codes").shape == (3, 2)


def test_a_header_alone_has_no_rows(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("codes0,codes1\n")
    assert read_array(path, "codes").shape == (0, 2)


@pytest.mark.parametrize("suffix", [".NPZ", ".Npy", ".CSV", ".H5", ".HDF5"])
def test_suffixes_in_capitals_are_the_same(suffix, tmp_path):
    path = tmp_path / f"a{suffix}"
    if suffix == ".NPZ":
        with path.open("wb") as file:
            np.savez(file, codes=TABLE)
    elif suffix == ".Npy":
        with path.open("wb") as file:
            np.save(file, TABLE)
    elif suffix == ".CSV":
        np.savetxt(path, TABLE, delimiter=",", header="codes0,codes1,codes2")
    else:
        with h5py.File(path, "w") as file:
            file["codes"] = TABLE
    np.testing.assert_array_equal(read_array(path, "codes"), TABLE)
    assert has_array(path, "codes")
    column_names(path, "codes", "names", 3)


def test_an_array_in_a_group_is_found_by_its_path(tmp_path):
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file["truth/factors"] = TABLE
    np.testing.assert_array_equal(read_array(path, "truth/factors"), TABLE)
    assert has_array(path, "truth/factors")
    assert not has_array(path, "truth")
    assert not has_array(path, "factors")
