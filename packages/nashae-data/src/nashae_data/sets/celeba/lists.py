"""CelebA's lists: the attributes of each image, and the part that it belongs to."""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from nashae_data.files.foreign import reading

# Of a file in one folder: no separators and no "..", so that a list cannot lead out of it.
FILE_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*")


@dataclass(frozen=True, eq=False)
class AttributeList:
    """The attributes of n images.

    Args:
        files: n names of image files.
        names: k names of attributes.
        attributes: (n, k) bool.
    """

    files: tuple[str, ...]
    names: tuple[str, ...]
    attributes: npt.NDArray[np.bool_]


def read_attributes(path: Path) -> AttributeList:
    """The list of attributes, official or Kaggle's, in its order.

    Args:
        path: of `list_attr_celeba.txt` (the number of images; k names; then a file name and k
            values a line, 1 or -1) or `.csv` (`image_id` and k names; then the same with commas).

    Raises:
        ValueError: it is no such list: other numbers of images or values, values other than 1 and
            -1, a name twice or with a folder in it, no image; file and line are named.
    """
    lines = _lines(path)
    if path.suffix == ".csv":
        names, first = _header(path, lines[0], "image_id,5_o_Clock_Shadow,..."), 1
    else:
        if len(lines) < 2 or not re.fullmatch(r"\d{1,9} *", lines[0]):
            raise ValueError(
                f"{path}, line 1 must be the number of images, before a line of names; got "
                f"{lines[0][:80]!r}"
            )
        names, first = lines[1].split(), 2
        if int(lines[0]) != len(lines) - first:
            raise ValueError(
                f"{path}, line 1 must be the number of images, {len(lines) - first}; got {lines[0]}"
            )
    if not all(names) or len(set(names)) < max(1, len(names)):
        raise ValueError(f"names of attributes in {path} must all differ; got {names}")
    table = _table(path, lines, first, len(names), {"1", "-1"})
    values = np.frombuffer("".join(table.values()).encode(), dtype=np.uint8)
    attributes = values.reshape(len(table), len(names)) == ord("1")
    return AttributeList(tuple(table), tuple(names), attributes)


def read_partition(path: Path, files: tuple[str, ...]) -> npt.NDArray[np.int64]:
    """The part of each of `files`, (n,): 0 train, 1 valid, 2 test.

    Args:
        path: of `list_eval_partition.txt` (a file name and a part a line) or `.csv` (the same with
            commas, below `image_id,partition`). The lines may be in another order than `files`.
        files: n names of image files.

    Raises:
        ValueError: it is no such list or names other images than `files`; the file and, where there
            is one, the line are named.
    """
    lines, first = _lines(path), 0
    if path.suffix == ".csv":
        columns, first = _header(path, lines[0], "image_id,partition"), 1
        if len(columns) != 1:
            raise ValueError(f"{path}, line 1 must have 2 columns; got {len(columns) + 1}")
    parts = _table(path, lines, first, 1, {"0", "1", "2"})
    for missing in files:
        if missing not in parts:
            raise ValueError(
                f"{path} must name each image of the attribute list; got none for {missing}"
            )
    if len(parts) > len(files):
        extra = next(iter(parts.keys() - set(files)))
        raise ValueError(f"{path} must name images of the attribute list alone; got {extra}")
    return np.array([int(parts[file]) for file in files], dtype=np.int64)


def _lines(path: Path) -> list[str]:
    content = path.read_bytes()
    with reading(path):
        text = content.decode("utf-8-sig")
    return text.replace("\r\n", "\n").replace("\r", "\n").rstrip().split("\n")


def _header(path: Path, line: str, wanted: str) -> list[str]:
    """The columns of a table after that of the file names."""
    first, *columns = line.split(",")
    if first != "image_id":
        raise ValueError(f"{path}, line 1 must be {wanted}; got {first[:80]!r} at its start")
    return columns


def _table(
    path: Path, lines: list[str], first: int, width: int, allowed: set[str]
) -> dict[str, str]:
    """For each file name its values, a character each: 0 stands for -1."""
    separator = "," if path.suffix == ".csv" else None
    values_by_file: dict[str, str] = {}
    for number, line in enumerate(lines[first:], first + 1):
        name, *values = line.split(separator) or [""]
        if len(values) != width:
            raise ValueError(
                f"{path}, line {number} must have {width} values after the file name; got "
                f"{len(values)}"
            )
        if FILE_NAME.fullmatch(name) is None:
            raise ValueError(
                f"{path}, line {number} must begin with a file name alone; got {name[:80]!r}"
            )
        if name in values_by_file:
            raise ValueError(f"{path}, line {number} must name another image; got {name} again")
        if not allowed.issuperset(values):
            wrong = next(value for value in values if value not in allowed)
            raise ValueError(
                f"{path}, line {number} must have values {' or '.join(sorted(allowed))}; got "
                f"{wrong[:80]!r}"
            )
        values_by_file[name] = "".join(values).replace("-1", "0")
    if not values_by_file:
        raise ValueError(f"{path} must name at least one image; got none")
    return values_by_file
