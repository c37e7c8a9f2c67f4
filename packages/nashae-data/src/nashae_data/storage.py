"""Saved data sets: one .npz or HDF5 file, or the published archive of Beamsynthesis."""

import io
import json
import os
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import h5py  # type: ignore[import-untyped]
import numpy as np
import numpy.typing as npt

from nashae_data.files.atomic import atomic_file
from nashae_data.files.hdf5 import open_array, opened_hdf5
from nashae_data.files.npz import open_member, opened_npz, write_header
from nashae_data.observations.packed import PackedImages
from nashae_data.observations.protocol import Observations
from nashae_data.records.dataset import Dataset
from nashae_data.records.provenance import Provenance
from nashae_data.sets.beamsynthesis.archive import (
    check_finite,
    read_beamsynthesis,
    write_beamsynthesis,
)

KINDS = (
    "the suffix chooses the format: .npz, .h5 or .hdf5 for any data set, .zip or none (a folder) "
    "for Beamsynthesis as its authors published it"
)
NUMBERS = ("observations", "factors", "values", "sizes")
BITS = "bits"  # the packing of observations: numpy.packbits(images, axis=-1)
PIECE = 1 << 24  # bytes of observations in memory at a time
PACKED_CHUNK = 1024  # images in a chunk of an HDF5 file


def save_dataset(dataset: Dataset, path: str | os.PathLike[str]) -> None:
    """Write a data set, whole or not at all.

    Args:
        dataset: the data set; its observations must be finite numbers.
        path: its suffix chooses the format. `.npz`, `.h5` and `.hdf5` hold any data set, as arrays
            `observations`, `factors`, `values`, `names`, `sizes` and, as JSON text, `provenance`;
            nothing is pickled. `PackedImages` stay packed, an eighth of the size, and `packing`
            then holds "bits"; other observations are written piece by piece, 16 MB in memory at a
            time. `.zip` and no suffix (a folder) are Beamsynthesis in the published layout. A file
            that is there is replaced; a folder must be new or empty. Missing parent folders are
            made.

    Raises:
        ValueError: the suffix is none of these, the published layout cannot hold the data set, or
            an observation is NaN or infinite (the first is named).
        FileExistsError: the folder is not empty.
        OSError: the disk refuses; the file is named.

    Example:
        >>> import tempfile
        >>> from nashae_data import beamsynthesis
        >>> path = Path(tempfile.mkdtemp()) / "waveforms.npz"
        >>> save_dataset(beamsynthesis((10, 20), (0.3, 0.5)), path)
        >>> load_dataset(path).sizes
        (2, 2)
    """
    path = Path(path)
    kind = path.suffix.lower()
    if kind == ".npz":
        with atomic_file(path) as temporary:
            _write_npz(dataset, temporary)
    elif kind in (".h5", ".hdf5"):
        with atomic_file(path) as temporary, _Patient(temporary, "w+") as stream:
            with h5py.File(stream, "w") as file:
                _write_hdf5(dataset, file, stream)
            stream.check()
    elif kind in (".zip", ""):
        write_beamsynthesis(dataset, path)
    else:
        raise ValueError(f"path must have a known suffix; got {path}: {KINDS}")


def load_dataset(path: str | os.PathLike[str]) -> Dataset:
    """Read into memory what `save_dataset` wrote, or the published files of Beamsynthesis.

    Args:
        path: of the file, or of the folder of Beamsynthesis.

    Raises:
        FileNotFoundError: nothing is at `path`.
        ValueError: the file, which is named, has another suffix or content, is truncated, claims
            more than it holds or would have to be unpickled.
    """
    path = Path(path)
    kind = path.suffix.lower()
    if path.is_dir() or kind == ".zip":
        return read_beamsynthesis(path)
    if not path.exists():
        raise FileNotFoundError(f"path must be a file or folder; got {path}, which does not exist")
    if kind == ".npz":
        with opened_npz(path) as archive:
            keys = {name.removesuffix(".npy") for name in archive.namelist()}
            names = [*NUMBERS, "names", "provenance", *({"packing"} & keys)]
            return _dataset({name: open_member(archive, name).read() for name in names})
    if kind in (".h5", ".hdf5"):
        with opened_hdf5(path) as file:
            texts = ["names", "provenance", *({"packing"} & {*file})]
            arrays = {name: open_array(file, path, name) for name in (*NUMBERS, *texts)}
            return _dataset(
                {name: arrays[name][()] for name in NUMBERS}
                | {name: arrays[name].asstr()[()] for name in texts}
            )
    raise ValueError(f"path must have a known suffix; got {path}: {KINDS}")


def _write_npz(dataset: Dataset, path: Path) -> None:
    # As numpy.savez writes it, but the observations need not be in memory.
    with zipfile.ZipFile(path, "w") as archive:
        for name, array in _arrays(dataset).items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as stream:
                write_header(stream, array.shape, array.dtype)
                for start, piece in _pieces(array):
                    check_finite(piece, name, start)
                    stream.write(piece.tobytes())


class _Patient(io.FileIO):
    """A file for HDF5, which may end the process when a disk is full: `check` raises instead.

    After the first error nothing is written.
    """

    error: OSError | None = None

    def write(self, data: Any, /) -> int:
        rest = whole = memoryview(data).cast("B")
        try:
            while len(rest) and self.error is None:
                rest = rest[super().write(rest) :]
        except OSError as error:
            self.error = error
        return len(whole)

    def truncate(self, size: int | None = None, /) -> int:
        try:
            return super().truncate(size)
        except OSError as error:
            self.error = self.error or error
            return self.tell() if size is None else size

    def check(self) -> None:
        """Raise the error of the first write that was refused."""
        if self.error is not None:
            raise self.error


def _write_hdf5(dataset: Dataset, file: Any, stream: _Patient) -> None:
    packed = isinstance(dataset.observations, PackedImages)
    for name, array in _arrays(dataset).items():
        if array.dtype.kind == "U":
            # Of fixed length: HDF5 can loop for ever on text of variable length that is damaged.
            text = np.char.encode(array, "utf-8")
            kind = h5py.string_dtype("utf-8", max(1, text.dtype.itemsize))
            file.create_dataset(name, data=text.astype(kind), dtype=kind)
            continue
        options: dict[str, Any] = {}
        if packed and name == "observations":
            chunk = (min(PACKED_CHUNK, len(array)), *array.shape[1:])
            options = {"chunks": chunk, "compression": "gzip", "compression_opts": 1}
        written = file.create_dataset(name, array.shape, array.dtype, **options)
        for start, piece in _pieces(array):
            check_finite(piece, name, start)
            written[start : start + len(piece)] = piece
            stream.check()


def _pieces(array: Observations | npt.NDArray[Any]) -> Iterator[tuple[int, npt.NDArray[Any]]]:
    """The pieces of an array in order, of at most `PIECE` bytes, each after its first row."""
    if not array.shape:
        yield 0, np.asarray(array)
        return
    nbytes = int(np.prod(array.shape[1:], dtype=np.int64)) * array.dtype.itemsize
    rows = max(1, PIECE // max(1, nbytes))
    for start in range(0, array.shape[0], rows):
        yield start, np.asarray(array[start : start + rows])


def _arrays(dataset: Dataset) -> dict[str, Any]:
    observations: Any = dataset.observations
    if observations.dtype.kind not in "biufc":
        raise ValueError(f"observations must be numbers; got {observations.dtype}")
    packed = isinstance(observations, PackedImages)
    return {
        "observations": observations.packed if packed else observations,
        "factors": dataset.factors,
        "values": dataset.values,
        "names": np.array(dataset.names, dtype=np.str_),
        "sizes": np.array(dataset.sizes, dtype=np.int64),
        "provenance": np.array(json.dumps(asdict(dataset.provenance))),
    } | ({"packing": np.array(BITS)} if packed else {})


def _dataset(arrays: Mapping[str, Any]) -> Dataset:
    for name in ("names", "sizes"):
        if np.ndim(arrays[name]) != 1:
            raise ValueError(f"{name!r} must have one axis; got {np.shape(arrays[name])}")
    observations = arrays["observations"]
    if "packing" in arrays:
        if str(arrays["packing"]) != BITS:
            raise ValueError(f"'packing' must be {BITS!r}; got {str(arrays['packing'])[:80]!r}")
        observations = PackedImages(observations)
    return Dataset(
        observations=observations,
        factors=arrays["factors"],
        values=arrays["values"],
        names=tuple(str(name) for name in arrays["names"]),
        sizes=tuple(int(size) for size in arrays["sizes"]),
        provenance=Provenance(**json.loads(str(arrays["provenance"]))),
    )
