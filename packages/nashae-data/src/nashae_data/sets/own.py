"""Data of one's own: a file or a folder of images, with or without factors beside them."""

import csv
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import h5py  # type: ignore[import-untyped]
import numpy as np
import numpy.typing as npt

from nashae_data.files.foreign import reading
from nashae_data.files.hdf5 import open_array, opened_hdf5
from nashae_data.files.npz import map_array, open_member, opened_npz, read_header
from nashae_data.files.pictures import pillow
from nashae_data.observations.disk import DiskImages
from nashae_data.observations.protocol import Index, Observations, OnDemand, resolve

# Names by which observations are known where none is given, the likeliest first.
KEYS = ("observations", "x", "data", "images", "imgs", "waveforms", "samples")
FACTORS, ATTRIBUTES, NAMES = "factors", "attributes", "names"
PICTURES = {".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp"}
SUFFIXES = (".npz", ".npy", ".h5", ".hdf5", ".csv", ".parquet")


class OwnData(NamedTuple):
    """What a file of one's own holds.

    Args:
        observations: (n, ...), real numbers; what is in an .npy or HDF5 file, or a folder of
            images, stays there and is read when it is indexed.
        key: the name of the array that they are, "" for a file or folder of nothing else.
        factors: (n, k), or None.
        attributes: (n, k), 0 and 1, or None.
        names: of the factors, or, where there are none, of the attributes; () where unknown.
    """

    observations: Observations
    key: str
    factors: npt.NDArray[Any] | None
    attributes: npt.NDArray[Any] | None
    names: tuple[str, ...]


def open_data(
    path: str | os.PathLike[str],
    key: str | None = None,
    *,
    factors: str | None = None,
    attributes: str | None = None,
    size: tuple[int, int] | None = None,
) -> OwnData:
    """Open observations of one's own, and the factors or attributes that are beside them.

    Args:
        path: .npz, .npy, .h5, .hdf5, .csv or .parquet; or a folder of images, in the order of
            their names, also in folders within it.
        key: the name of the observations; in a table the columns that begin with it. None takes
            the likely one: "observations", "x", "data", "images" ..., or the only array of two axes
            or more; in a table all columns that are no factors or attributes.
        factors: the name of the factors (n, k) or (n,), or of their columns' beginning. None takes
            "factors" where it is there.
        attributes: likewise, of binary attributes.
        size: (height, width) to which images of a folder are resized; None wants them equal.

    Raises:
        FileNotFoundError: where there is no such file or folder.
        ValueError: for a file of another kind, damaged, or without such an array; for a table whose
            cells are no numbers; for images of several sizes; for factors of another length.

    Example:
        >>> import numpy as np, tempfile, pathlib
        >>> path = pathlib.Path(tempfile.mkdtemp()) / "waves.npz"
        >>> np.savez(path, waves=np.zeros((5, 100)), factors=np.arange(5))
        >>> open_data(path).observations.shape
        (5, 100)
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"{path} must be a file or a folder; there is none")
    if path.is_dir():
        return OwnData(ImageFolder(path, size), "", None, None, ())
    if path.suffix.lower() not in SUFFIXES:
        raise ValueError(
            f"{path} must be a folder of images or one of {', '.join(SUFFIXES)}; got "
            f"{path.suffix or 'no suffix'}: convert it, numpy.savez writes .npz"
        )
    if path.suffix.lower() == ".npy":
        return _checked(OwnData(_mapped(path), "", None, None, ()), path)
    if path.suffix.lower() in (".csv", ".parquet"):
        return _checked(_of_table(path, key, factors, attributes), path)
    arrays = _Npz(path) if path.suffix.lower() == ".npz" else _Hdf5(path)
    names = list(arrays)
    chosen = _chosen(arrays, key, {factors or FACTORS, attributes or ATTRIBUTES}, path)
    beside = {}
    for wanted, usual in ((factors, FACTORS), (attributes, ATTRIBUTES)):
        name = wanted or usual
        if wanted is not None and wanted not in names:
            raise ValueError(f"{path} must hold {wanted!r}; got {names}")
        beside[usual] = np.asarray(arrays[name]) if name in names and name != chosen else None
    labels = np.asarray(arrays[NAMES]).ravel().tolist() if NAMES in names else []
    found = tuple(_text(name) for name in labels)
    return _checked(
        OwnData(arrays[chosen], chosen, beside[FACTORS], beside[ATTRIBUTES], found), path
    )


class ImageFolder(OnDemand):
    """The images in a folder and the folders within it, decoded when they are indexed.

    Grey where the first one is, else colour (n, height, width, 3), as bytes.

    Args:
        folder: the folder.
        size: (height, width) to which they are resized; None: the size of the first one.

    Raises:
        ValueError: where it holds no images, and, when indexed, for an image that is damaged or of
            another size. Names the file.
    """

    def __init__(self, folder: Path, size: tuple[int, int] | None = None) -> None:
        self.paths = sorted(p for p in folder.rglob("*") if p.suffix.lower() in PICTURES)
        if not self.paths:
            raise ValueError(f"{folder} must hold images ({', '.join(sorted(PICTURES))}); got none")
        self.resized = size is not None
        with reading(self.paths[0]), pillow().open(self.paths[0]) as first:
            self.mode = "L" if first.mode in ("1", "L", "LA", "I;16") else "RGB"
            self.size = size or (first.height, first.width)

    @property
    def shape(self) -> tuple[int, ...]:
        """n, then (height, width) or (height, width, 3)."""
        return (len(self.paths), *self.size, *([3] if self.mode == "RGB" else []))

    @property
    def dtype(self) -> np.dtype[Any]:
        """Bytes."""
        return np.dtype(np.uint8)

    def __getitem__(self, index: Index, /) -> npt.NDArray[Any]:
        rows = resolve(index, len(self), "images")
        found = np.empty((rows.size, *self.shape[1:]), np.uint8)
        for place, row in enumerate(rows.ravel()):
            found[place] = self._decoded(self.paths[row])
        return found.reshape(*rows.shape, *self.shape[1:])

    def _decoded(self, path: Path) -> npt.NDArray[np.uint8]:
        height, width = self.size
        with reading(path), pillow().open(path) as opened:
            image = opened.convert(self.mode)
            if self.resized:
                image = image.resize((width, height))
            if (image.height, image.width) != self.size:
                raise ValueError(
                    f"it must be {height} × {width} pixels, as the first image is; got "
                    f"{image.height} × {image.width}: give size=({height}, {width})"
                )
            return np.asarray(image)


class _Npz(Mapping[str, Any]):
    """The arrays of an .npz file: mapped if stored unpacked, else read whole."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with opened_npz(path) as archive:
            names = archive.namelist()
        self.names = [name.removesuffix(".npy") for name in names if name.endswith(".npy")]

    def __getitem__(self, name: str) -> npt.NDArray[Any]:
        with opened_npz(self.path) as archive, reading(self.path, name):
            member = open_member(archive, name)
            with suppress(ValueError):  # packed, or in Fortran order
                return member.mapped(self.path)
            return member.read()

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)


class _Hdf5(Mapping[str, Any]):
    """The arrays of an HDF5 file, also in groups, as "group/name"; they stay on disk."""

    def __init__(self, path: Path) -> None:
        self.path, self.names = path, list[str]()
        with opened_hdf5(path) as file:
            file.visititems(self._note)

    def _note(self, name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset):
            self.names.append(name)

    def __getitem__(self, name: str) -> DiskImages:
        with reading(self.path, name):
            file = h5py.File(self.path)
            try:
                return DiskImages(open_array(file, self.path, name), self.path, name, file)
            except ValueError:
                file.close()
                raise

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)


def _mapped(path: Path) -> npt.NDArray[Any]:
    with reading(path), path.open("rb") as stream:
        layout = read_header(stream, path.name)
        with suppress(ValueError):  # Fortran order
            return map_array(path, layout)
    with reading(path):
        found: npt.NDArray[Any] = np.load(path, allow_pickle=False)
    return found


def _chosen(arrays: Mapping[str, Any], key: str | None, others: set[str], path: Path) -> str:
    """The name of the observations."""
    names = list(arrays)
    if key is not None:
        if key not in names:
            raise ValueError(f"{path} must hold {key!r}; got {names}")
        return key
    by_name = {name.rsplit("/", 1)[-1].lower(): name for name in reversed(names)}
    likely = [by_name[name] for name in KEYS if name in by_name]
    if likely:
        return likely[0]
    free = [name for name in names if name.rsplit("/", 1)[-1] not in others]
    several = [name for name in free if len(arrays[name].shape) >= 2]
    if len(several) != 1:
        raise ValueError(
            f"{path} must say which of its arrays are the observations; got {names}: give the key"
        )
    return several[0]


def _of_table(path: Path, key: str | None, factors: str | None, attributes: str | None) -> OwnData:
    names, table = _parquet(path) if path.suffix.lower() == ".parquet" else _csv(path)
    groups = {}
    for wanted, usual in ((factors, FACTORS), (attributes, ATTRIBUTES)):
        start = wanted or usual
        groups[usual] = [i for i, name in enumerate(names) if name.startswith(start)]
        if wanted is not None and not groups[usual]:
            raise ValueError(f"{path} must have columns that begin with {wanted!r}; got {names}")
    labels = {i for group in groups.values() for i in group}
    free = [i for i in range(len(names)) if i not in labels]
    columns = free if key is None else [i for i in free if names[i].startswith(key)]
    if not columns:
        raise ValueError(f"{path} must have columns that begin with {key!r}; got {names}")
    beside = {usual: table[:, group] if group else None for usual, group in groups.items()}
    labelled = tuple(names[i] for i in groups[FACTORS] or groups[ATTRIBUTES])
    return OwnData(table[:, columns], key or "", beside[FACTORS], beside[ATTRIBUTES], labelled)


def _csv(path: Path) -> tuple[list[str], npt.NDArray[np.float64]]:
    """The columns' names, "0", "1" ... where there is no header, and the numbers."""
    with reading(path), path.open(newline="", encoding="utf-8-sig") as file:
        first = next(csv.reader(file), [])
        file.seek(0)
        header = not all(_is_number(cell) for cell in first)
        lines = (line for line in file if line.strip(" ,\r\n"))
        table = np.loadtxt(lines, delimiter=",", skiprows=int(header), ndmin=2, comments=None)
    if not table.size or table.shape[1] != len(first):
        raise ValueError(
            f"{path} must have a number in each of {len(first)} columns; got {table.shape}"
        )
    names = [cell.strip().lstrip("# ") for cell in first]
    return names if header else [str(i) for i in range(len(first))], table


def _parquet(path: Path) -> tuple[list[str], npt.NDArray[np.float64]]:
    try:
        from pyarrow import parquet  # type: ignore[import-not-found,import-untyped,unused-ignore]
    except ImportError as error:
        raise ValueError(f"{path} needs pyarrow: pip install pyarrow") from error
    with reading(path):
        table = parquet.read_table(path)
        columns = [table[name].to_numpy().astype(np.float64) for name in table.column_names]
    return list(table.column_names), np.stack(columns, 1)


def _is_number(cell: str) -> bool:
    with suppress(ValueError):
        float(cell)
        return True
    return False


def _text(name: object) -> str:
    return name.decode(errors="replace") if isinstance(name, bytes) else str(name)


def _checked(data: OwnData, path: Path) -> OwnData:
    """The data, with a column for each factor; labels must be as many as observations."""
    shape, kind = data.observations.shape, np.dtype(data.observations.dtype).kind
    if len(shape) < 2 or 0 in shape or kind not in "biuf":
        raise ValueError(
            f"{path} must hold observations (n, ...), real numbers; got {tuple(shape)} "
            f"{data.observations.dtype} {data.key!r}: give the key of others"
        )
    columns = {}
    for name in (FACTORS, ATTRIBUTES):
        labels = getattr(data, name)
        if labels is not None:
            labels = labels[:, None] if labels.ndim == 1 else labels
            if labels.ndim != 2 or len(labels) != shape[0]:
                raise ValueError(
                    f"{path} must hold {name} (n, k) for n = {shape[0]} observations; got "
                    f"{labels.shape}"
                )
        columns[name] = labels
    return data._replace(**columns)
