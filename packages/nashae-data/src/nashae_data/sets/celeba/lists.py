"""CelebA's lists: which attributes each image has, and to which part it belongs."""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

# Of a file in one folder: no separators and no "..", so that a list cannot lead out of it.
FILE_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*")


@dataclass(frozen=True, eq=False)
class AttributeList:
    """Images by name, and their attributes: `files` n, `names` k, `attributes` (n, k) bool."""

    files: tuple[str, ...]
    names: tuple[str, ...]
    attributes: npt.NDArray[np.bool_]


def read_attributes(path: Path) -> AttributeList:
    """The list of attributes, official or Kaggle's, in its order.

    - `path`: of `list_attr_celeba.txt` (the number of images; k names; then a file name and k
      values a line, 1 or -1) or `.csv` (`image_id` and k names; then the same with commas).

    Raises `ValueError`, which names the file and the line, if it is no such list: other numbers of
    images or values, values other than 1 and -1, a name twice or with a folder in it, no image.
    """
    lines = _lines(path)
    if path.suffix == ".csv":
        names, first = _header(path, lines[0], "image_id,5_o_Clock_Shadow,..."), 1
    else:
        if len(lines) < 2 or not re.fullmatch(r"\d{1,9} *", lines[0]):
            raise ValueError(f"{path}, line 1: wanted the number of images, then a line of names")
        names, first = lines[1].split(), 2
        if int(lines[0]) != len(lines) - first:
            raise ValueError(f"{path}, line 1: {lines[0]} images, but {len(lines) - first} follow")
    if not all(names) or len(set(names)) < max(1, len(names)):
        raise ValueError(f"{path} has the attributes {names}, wanted names that all differ")
    table = _table(path, lines, first, len(names), {"1", "-1"})
    values = np.frombuffer("".join(table.values()).encode(), dtype=np.uint8)
    attributes = values.reshape(len(table), len(names)) == ord("1")
    return AttributeList(tuple(table), tuple(names), attributes)


def read_partition(path: Path, files: tuple[str, ...]) -> npt.NDArray[np.int64]:
    """To which part each of `files` belongs, (n,): 0 train, 1 valid, 2 test.

    - `path`: of `list_eval_partition.txt` (a file name and a part a line) or `.csv` (the same with
      commas, below `image_id,partition`). The lines may be in another order than `files`.

    Raises `ValueError`, which names the file and, where there is one, the line, if it is no such
    list or names other images than `files`.
    """
    lines, first = _lines(path), 0
    if path.suffix == ".csv":
        columns, first = _header(path, lines[0], "image_id,partition"), 1
        if len(columns) != 1:
            raise ValueError(f"{path}, line 1: {len(columns) + 1} columns, wanted 2")
    parts = _table(path, lines, first, 1, {"0", "1", "2"})
    for missing in files:
        if missing not in parts:
            raise ValueError(f"{path} has no part for {missing}, which the attribute list names")
    if len(parts) > len(files):
        extra = next(iter(parts.keys() - set(files)))
        raise ValueError(f"{path} names {extra}, which the attribute list does not")
    return np.array([int(parts[file]) for file in files], dtype=np.int64)


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text("utf-8-sig").rstrip().split("\n")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not text: {error}") from error


def _header(path: Path, line: str, wanted: str) -> list[str]:
    """The columns of a table, but for that of the file names."""
    first, *columns = line.split(",")
    if first != "image_id":
        raise ValueError(f"{path}, line 1: begins with {first[:80]!r}, wanted {wanted}")
    return columns


def _table(
    path: Path, lines: list[str], first: int, width: int, allowed: set[str]
) -> dict[str, str]:
    """For each file name its values, a character each: 0 stands for -1."""
    separator = "," if path.suffix == ".csv" else None
    found: dict[str, str] = {}
    for number, line in enumerate(lines[first:], first + 1):
        name, *values = line.split(separator) or [""]
        if len(values) != width:
            raise ValueError(
                f"{path}, line {number}: {len(values)} values after the file name, wanted {width}"
            )
        if FILE_NAME.fullmatch(name) is None:
            raise ValueError(f"{path}, line {number}: {name[:80]!r}, wanted a file name alone")
        if name in found:
            raise ValueError(f"{path}, line {number}: {name} stands above already")
        if not allowed.issuperset(values):
            wrong = next(value for value in values if value not in allowed)
            raise ValueError(
                f"{path}, line {number}: {wrong[:80]!r}, wanted {' or '.join(sorted(allowed))}"
            )
        found[name] = "".join(values).replace("-1", "0")
    if not found:
        raise ValueError(f"{path} names no image")
    return found
