"""Codes and their truth as people have them on disk: npz, npy, csv, HDF5."""

import csv
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

MAGIC = b"\x93NUMPY"  # the first bytes of an .npy
SUFFIXES = (".npz", ".npy", ".csv", ".h5", ".hdf5")


def read_array(path: Path, key: str) -> npt.NDArray[Any]:
    """The array (n, columns) that `key` names in a file of numbers.

    .npz and .h5: the array of that name. .csv: the columns whose header begins with it, in their
    order. .npy: the file's one array, memory-mapped; `key` is not used. Pickled objects are never
    read.

    Raises `ValueError` that names the file and the key where there is no such array, where it does
    not hold numbers, and where the file is damaged or of another kind; `OSError` where it cannot be
    opened.
    """
    readers = {".npz": _npz, ".npy": _npy, ".csv": _csv, ".h5": _hdf5, ".hdf5": _hdf5}
    _check(path)
    return readers[path.suffix](path, key)


def array_keys(path: Path) -> list[str]:
    """The names that `read_array` knows in an .npz or HDF5 file, or the headers of a .csv."""
    _check(path)
    if path.suffix == ".npz":
        with _opened_npz(path) as archive:
            return list(archive.files)
    if path.suffix == ".csv":
        return next(_csv_lines(path), [])
    if path.suffix in (".h5", ".hdf5"):
        import h5py  # type: ignore[import-untyped]

        with _opened_hdf5(path) as file:
            return [name for name, item in file.items() if isinstance(item, h5py.Dataset)]
    return []


def _check(path: Path) -> None:
    if path.suffix not in SUFFIXES:
        raise ValueError(f"{path} is none of {', '.join(SUFFIXES)}")
    if not path.is_file():
        raise FileNotFoundError(f"{path} is not there, or no file")


def column_names(path: Path, key: str, names_key: str, number: int) -> list[str] | None:
    """The names of the `number` columns of an array: a .csv's headers, else those at `names_key`.

    None where the file has none. Raises `ValueError` for another number of names.
    """
    if path.suffix == ".csv":
        return [name for name in array_keys(path) if name.startswith(key)]
    if path.suffix == ".npy" or names_key not in array_keys(path):
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


def _csv_lines(path: Path) -> Iterator[list[str]]:
    """The lines of a file, the first with the names of its columns."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            lines = csv.reader(file, strict=True)
            yield [name.strip() for name in next(lines, [])]
            yield from lines
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{path} is no CSV text: {error}") from error


def _csv(path: Path, key: str) -> npt.NDArray[Any]:
    header, *rows = _csv_lines(path)
    columns = [place for place, name in enumerate(header) if name.startswith(key)]
    if not columns:
        raise ValueError(f"{path} has no column that begins with {key!r}: it has {header}")
    table = np.empty((len(rows), len(columns)))
    for line, row in enumerate(rows, start=2):
        if len(row) != len(header):
            raise ValueError(
                f"{path}, line {line}: {len(row)} fields under a header of {len(header)}"
            )
        for place, column in enumerate(columns):
            try:
                table[line - 2, place] = float(row[column])
            except ValueError as error:
                raise ValueError(
                    f"{path}, line {line}, column {header[column]!r}: {row[column]!r} is no number"
                ) from error
    return table


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
