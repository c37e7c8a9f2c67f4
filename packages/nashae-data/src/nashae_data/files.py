"""Data sets on disk: one .npz or HDF5 file, or the published archive of Beamsynthesis."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import h5py  # type: ignore[import-untyped]
import numpy as np

from nashae_data.archive import read_beamsynthesis, reading, write_beamsynthesis
from nashae_data.atomic import atomic_file
from nashae_data.dataset import Dataset, Provenance

KINDS = (
    "the suffix chooses the format: .npz, .h5 or .hdf5 for any data set, .zip or none (a folder) "
    "for Beamsynthesis as its authors published it"
)


def save_dataset(dataset: Dataset, path: str | os.PathLike[str]) -> None:
    """Write a data set, whole or not at all.

    - `path`: its suffix chooses the format. `.npz`, `.h5` and `.hdf5` hold any data set, as arrays
      `observations`, `factors`, `values`, `names`, `sizes` and, as JSON text, `provenance`; nothing
      is pickled. `.zip` and no suffix (a folder) are Beamsynthesis in the published layout. A file
      that is there is replaced; a folder must be new or empty. Missing parent folders are made.

    Raises `ValueError` if the suffix is none of these or the published layout cannot hold the data
    set, `FileExistsError` if the folder is not empty, `OSError` where the disk refuses. What was at
    `path` before is then unchanged.
    """
    path = Path(path)
    kind = path.suffix.lower()
    if kind == ".npz":
        with atomic_file(path) as temporary:
            np.savez(temporary, **_arrays(dataset))
    elif kind in (".h5", ".hdf5"):
        with atomic_file(path) as temporary, h5py.File(temporary, "w") as file:
            for name, array in _arrays(dataset).items():
                text = array.dtype.kind == "U"
                file.create_dataset(
                    name,
                    data=array.astype(object) if text else array,
                    dtype=h5py.string_dtype() if text else None,
                )
    elif kind in (".zip", ""):
        write_beamsynthesis(dataset, path)
    else:
        raise ValueError(f"cannot write {path}: {KINDS}")


def load_dataset(path: str | os.PathLike[str]) -> Dataset:
    """Read into memory what `save_dataset` wrote, or the published files of Beamsynthesis.

    Raises `FileNotFoundError` if nothing is at `path`, and `ValueError`, which names the file, if
    it has another suffix or content, is truncated or asks to be unpickled.
    """
    path = Path(path)
    kind = path.suffix.lower()
    if path.is_dir() or kind == ".zip":
        return read_beamsynthesis(path)
    if not path.exists():
        raise FileNotFoundError(f"{path} does not exist")
    if kind == ".npz":
        # Opened here, because numpy leaves a file open whose content it refuses.
        with reading(path), path.open("rb") as stream:
            return _dataset(np.load(stream, allow_pickle=False))
    if kind in (".h5", ".hdf5"):
        with reading(path), h5py.File(path) as file:
            texts = {name: file[name].asstr()[()] for name in ("names", "provenance")}
            numbers = {name: file[name][()] for name in ("observations", "factors", "values")}
            return _dataset({**texts, **numbers, "sizes": file["sizes"][()]})
    raise ValueError(f"cannot read {path}: {KINDS}")


def _arrays(dataset: Dataset) -> dict[str, Any]:
    return {
        "observations": np.asarray(dataset.observations[:]),
        "factors": dataset.factors,
        "values": dataset.values,
        "names": np.array(dataset.names, dtype=np.str_),
        "sizes": np.array(dataset.sizes, dtype=np.int64),
        "provenance": np.array(json.dumps(asdict(dataset.provenance))),
    }


def _dataset(arrays: Mapping[str, Any]) -> Dataset:
    return Dataset(
        observations=arrays["observations"],
        factors=arrays["factors"],
        values=arrays["values"],
        names=tuple(str(name) for name in arrays["names"]),
        sizes=tuple(int(size) for size in arrays["sizes"]),
        provenance=Provenance(**json.loads(str(arrays["provenance"]))),
    )
