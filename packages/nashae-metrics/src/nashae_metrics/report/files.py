"""Codes, factors and attributes on disk: npz, npy, csv, HDF5."""

import csv
import io
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import numpy.typing as npt

MAGIC = b"\x93NUMPY"  # the first bytes of an .npy
SUFFIXES = (".npz", ".npy", ".csv", ".h5", ".hdf5")
WORDS = {"true": 1.0, "false": 0.0}


def read_array(path: Path, key: str) -> npt.NDArray[Any]:
    """Read the array (n, columns) that `key` names in a file of numbers.

    Pickled objects are never read.

    Args:
        path: an .npz, .npy, .csv, .h5 or .hdf5.
        key: in an .npz or .h5 the array of that name, in an .h5 also "group/name". In a .csv the
            column of that name, or else those whose names continue it by a number or a sign
            ("codes0", "codes_x"), in their order; fields are separated by commas, semicolons (then
            numbers may have decimal commas), tabs or spaces; True and False are 1 and 0. An .npy,
            which is memory-mapped, has one array and no key.

    Raises:
        ValueError: there is no such array, it does not hold numbers, or the file is damaged or of
            another kind; names the file and the key.
        OSError: the file cannot be opened.
    """
    readers = {".npz": _npz, ".npy": _npy, ".csv": _csv, ".h5": _hdf5, ".hdf5": _hdf5}
    return readers[_suffix(path)](path, key)


def has_array(path: Path, key: str) -> bool:
    """Whether `read_array` can read an array of that name."""
    suffix = _suffix(path)
    if suffix in (".h5", ".hdf5"):
        import h5py  # type: ignore[import-untyped]

        with _opened_hdf5(path) as file:
            return isinstance(file.get(key), h5py.Dataset)
    if suffix == ".csv":
        return bool(_columns(array_keys(path), key))
    return suffix == ".npy" or key in array_keys(path)


def array_keys(path: Path) -> list[str]:
    """The names of arrays in an .npz, at the top of an HDF5 file, or the headers of a .csv."""
    suffix = _suffix(path)
    if suffix == ".npz":
        with _opened_npz(path) as archive:
            return list(archive.files)
    if suffix == ".csv":
        with _opened_csv(path) as file:
            return _header(file)[0]
    if suffix in (".h5", ".hdf5"):
        import h5py

        with _opened_hdf5(path) as file:
            return [name for name, item in file.items() if isinstance(item, h5py.Dataset)]
    return []


def _suffix(path: Path) -> str:
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise ValueError(f"{path} is none of {', '.join(SUFFIXES)}")
    if not path.is_file():
        raise FileNotFoundError(f"{path} is not there, or no file")
    return suffix


def column_names(path: Path, key: str, names_key: str, number: int) -> list[str] | None:
    """The names of the `number` columns of an array: a .csv's headers, else those at `names_key`.

    None if the file has none. Raises `ValueError` for another number of names.
    """
    suffix = _suffix(path)
    if suffix == ".csv":
        header = array_keys(path)
        return [header[column] for column in _columns(header, key)]
    if suffix == ".npy" or not has_array(path, names_key):
        return None
    names = read_array(path, names_key).ravel().tolist()
    if len(names) != number:
        raise ValueError(f"{path}: {names_key!r} has {len(names)} names for {number} columns")
    return [
        name.decode(errors="replace") if isinstance(name, bytes) else str(name) for name in names
    ]


def _npz(path: Path, key: str) -> npt.NDArray[Any]:
    with _opened_npz(path) as archive:
        if key not in archive.files:
            raise ValueError(f"{path} has no array {key!r}: it has {archive.files}")
        try:
            return np.asarray(archive[key])
        except (ValueError, OSError, EOFError, zipfile.BadZipFile, KeyError) as error:
            raise ValueError(f"{path}: {key!r} cannot be read: {error}") from error


@contextmanager
def _opened_npz(path: Path) -> Iterator[np.lib.npyio.NpzFile]:
    if _begins_with(path, MAGIC):
        raise ValueError(f"{path} holds one array, not an archive of them: rename it to .npy")
    # Opened here, because numpy leaves the file of a damaged archive open.
    with path.open("rb") as file:
        try:
            archive = np.load(file, allow_pickle=False)
        except (ValueError, EOFError, zipfile.BadZipFile) as error:
            raise ValueError(f"{path} is damaged or no .npz file: {error}") from error
        with archive:
            yield archive


def _npy(path: Path, key: str) -> npt.NDArray[Any]:  # noqa: ARG001
    if not _begins_with(path, MAGIC):
        hint = ": rename it to .npz" if zipfile.is_zipfile(path) else ""
        raise ValueError(f"{path} is damaged or no .npy file{hint}")
    try:
        array: npt.NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError, OSError) as error:
        raise ValueError(f"{path} is damaged or holds no numbers: {error}") from error
    return array


def _begins_with(path: Path, magic: bytes) -> bool:
    with path.open("rb") as file:
        return file.read(len(magic)) == magic


@contextmanager
def _opened_csv(path: Path) -> Iterator[TextIO]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            yield file
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{path} is no CSV text: {error}") from error


def _header(file: TextIO) -> tuple[list[str], str]:
    """The columns' names, from the first line of an open file, and the separator of its fields."""
    line = file.readline().lstrip("# ")  # as numpy.savetxt begins it
    delimiter = next((sign for sign in ";\t, " if sign in line.strip()), ",")
    lines = csv.reader([line], delimiter=delimiter, strict=True, skipinitialspace=True)
    header = [name.strip() for name in next(lines, [])]
    return header, delimiter


def _columns(header: list[str], key: str) -> list[int]:
    """The column of that name, else those whose names continue it by a number or a sign."""
    exact = [column for column, name in enumerate(header) if name == key]
    return exact or [column for column, name in enumerate(header) if _continues(name, key)]


def _continues(name: str, key: str) -> bool:
    if not key or not name.startswith(key):
        return False
    last, following = key[-1], name[len(key)]
    within_word = last.isalpha() and following.isalpha()
    return not within_word and not (last.isdigit() and following.isdigit())


def _csv(path: Path, key: str) -> npt.NDArray[Any]:
    with _opened_csv(path) as file:
        header, delimiter = _header(file)
        text = file.read()
    columns = _columns(header, key)
    if not columns:
        raise ValueError(
            f"{path} has no column {key!r}, alone or continued by a number or a sign: "
            f"it has {header}"
        )
    if delimiter != "," and '"' not in text:
        text = text.replace(",", ".")
    lines = [line for line in text.splitlines() if line.strip(" \t,;")]
    # numpy's reader reads no words, and checks no line's length if it reads some columns only.
    if lines and '"' not in text and all(_fields(line, delimiter) == len(header) for line in lines):
        separator = None if delimiter == " " else delimiter
        with suppress(ValueError):
            return np.loadtxt(lines, delimiter=separator, comments=None, usecols=columns, ndmin=2)
    return _csv_by_line(path, text, header, columns, delimiter)


def _fields(line: str, delimiter: str) -> int:
    return len(line.split()) if delimiter == " " else line.count(delimiter) + 1


def _csv_by_line(
    path: Path, text: str, header: list[str], columns: list[int], delimiter: str
) -> npt.NDArray[np.float64]:
    """Read words and quoted numbers too; errors name the line."""
    table = []
    try:
        lines = io.StringIO(text)
        rows = list(csv.reader(lines, delimiter=delimiter, strict=True, skipinitialspace=True))
    except csv.Error as error:
        raise ValueError(f"{path} is no CSV text: {error}") from error
    for line, row in enumerate(rows, start=2):
        if not any(field.strip() for field in row):
            continue
        if len(row) != len(header):
            raise ValueError(
                f"{path}, line {line}: {len(row)} fields under a header of {len(header)}"
            )
        table.append([_number(row[column], path, line, header[column]) for column in columns])
    return np.array(table, dtype=np.float64).reshape(-1, len(columns))


def _number(field: str, path: Path, line: int, name: str) -> float:
    word = field.strip().lower()
    try:
        return WORDS[word] if word in WORDS else float(word.replace(",", "."))
    except ValueError as error:
        raise ValueError(f"{path}, line {line}, column {name!r}: {field!r} is no number") from error


def _hdf5(path: Path, key: str) -> npt.NDArray[Any]:
    import h5py

    with _opened_hdf5(path) as file:
        item = file.get(key)
        if not isinstance(item, h5py.Dataset):
            what = "is a group, not an array" if item is not None else "is not in it"
            raise ValueError(f"{path}: {key!r} {what}; it has {sorted(file)}")
        try:
            return np.asarray(item[()])
        except (OSError, ValueError, TypeError) as error:
            raise ValueError(f"{path}: {key!r} cannot be read: {error}") from error


def _opened_hdf5(path: Path) -> Any:
    import h5py

    try:
        return h5py.File(path, "r")
    except OSError as error:
        raise ValueError(f"{path} is damaged or no HDF5 file: {error}") from error
