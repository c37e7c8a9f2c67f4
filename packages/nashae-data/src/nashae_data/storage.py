"""Data sets on disk: one .npz or HDF5 file, or the published archive of Beamsynthesis."""

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
from nashae_data.files.foreign import reading
from nashae_data.files.hdf5 import open_array
from nashae_data.files.npz import open_member
from nashae_data.observations.packed import PackedImages
from nashae_data.records.dataset import Dataset, Observations, Provenance
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
BITS = "bits"  # of observations: as numpy.packbits(images, axis=-1) packs them
PIECE = 1 << 24  # bytes of observations in memory at a time
PACKED_CHUNK = 1024  # images in a chunk of an HDF5 file


def save_dataset(dataset: Dataset, path: str | os.PathLike[str]) -> None:
    """Write a data set, whole or not at all.

    - `path`: its suffix chooses the format. `.npz`, `.h5` and `.hdf5` hold any data set, as arrays
      `observations`, `factors`, `values`, `names`, `sizes` and, as JSON text, `provenance`; nothing
      is pickled. `PackedImages` stay packed, an eighth of the size, and `packing` then holds
      "bits"; other observations are written piece by piece, 16 MB in memory at a time. `.zip` and
      no suffix (a folder) are Beamsynthesis in the published layout. A file that is there is
      replaced; a folder must be new or empty. Missing parent folders are made.

    Raises `ValueError` if the suffix is none of these, the published layout cannot hold the data
    set or an observation is NaN or infinite (it names the first); `FileExistsError` if the folder
    is not empty; `OSError`, which names the file, where the disk refuses. What was at `path` before
    is then unchanged.
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
        raise ValueError(f"cannot write {path}: {KINDS}")


def load_dataset(path: str | os.PathLike[str]) -> Dataset:
    """Read into memory what `save_dataset` wrote, or the published files of Beamsynthesis.

    Raises `FileNotFoundError` if nothing is at `path`, and `ValueError`, which names the file, if
    it has another suffix or content, is truncated, claims more than it holds or asks to be
    unpickled.
    """
    path = Path(path)
    kind = path.suffix.lower()
    if path.is_dir() or kind == ".zip":
        return read_beamsynthesis(path)
    if not path.exists():
        raise FileNotFoundError(f"{path} does not exist")
    if kind == ".npz":
        with path.open("rb") as stream, reading(path), zipfile.ZipFile(stream) as archive:
            keys = {name.removesuffix(".npy") for name in archive.namelist()}
            names = [*NUMBERS, "names", "provenance", *({"packing"} & keys)]
            return _dataset({name: open_member(archive, name).read() for name in names})
    if kind in (".h5", ".hdf5"):
        with path.open("rb"), reading(path), h5py.File(path) as file:
            texts = ["names", "provenance", *({"packing"} & {*file})]
            found = {name: open_array(file, path, name) for name in (*NUMBERS, *texts)}
            return _dataset(
                {name: found[name][()] for name in NUMBERS}
                | {name: found[name].asstr()[()] for name in texts}
            )
    raise ValueError(f"cannot read {path}: {KINDS}")


def _write_npz(dataset: Dataset, path: Path) -> None:
    # As numpy.savez writes it, but the observations need not be in memory.
    with zipfile.ZipFile(path, "w") as archive:
        for name, array in _arrays(dataset).items():
            header = {
                "descr": np.lib.format.dtype_to_descr(array.dtype),
                "fortran_order": False,
                "shape": tuple(array.shape),
            }
            with archive.open(f"{name}.npy", "w", force_zip64=True) as stream:
                np.lib.format.write_array_header_1_0(stream, header)
                for start, piece in _pieces(array):
                    check_finite(piece, name, start)
                    stream.write(piece.tobytes())


class _Patient(io.FileIO):
    """A file for HDF5, which may end the process where a disk refuses: `check` raises instead.

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


def _pieces(
    array: Observations | npt.NDArray[Any],
) -> Iterator[tuple[int, npt.NDArray[Any]]]:
    """An array in order, each time the first row and as many rows as fit into `PIECE`."""
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
        raise ValueError(f"observations are {observations.dtype}, wanted numbers")
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
            raise ValueError(f"{name!r} is {np.shape(arrays[name])}, wanted one axis")
    observations = arrays["observations"]
    if "packing" in arrays:
        if str(arrays["packing"]) != BITS:
            raise ValueError(f"'packing' is {str(arrays['packing'])[:80]!r}, wanted {BITS!r}")
        observations = PackedImages(observations)
    return Dataset(
        observations=observations,
        factors=arrays["factors"],
        values=arrays["values"],
        names=tuple(str(name) for name in arrays["names"]),
        sizes=tuple(int(size) for size in arrays["sizes"]),
        provenance=Provenance(**json.loads(str(arrays["provenance"]))),
    )
