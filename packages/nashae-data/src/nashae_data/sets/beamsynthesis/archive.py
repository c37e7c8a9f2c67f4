"""The published archive of Beamsynthesis: one .npy file a waveform, in a folder or a zip file."""

import hashlib
import io
import os
import re
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from jaxtyping import Float64

from nashae_data.files.atomic import atomic_file, atomic_folder
from nashae_data.files.foreign import reading
from nashae_data.records.dataset import Dataset
from nashae_data.records.provenance import Provenance
from nashae_data.sets.beamsynthesis.beam import SAMPLES
from nashae_data.sets.beamsynthesis.waveforms import (
    ACCURACY,
    CITATION,
    DUTY_CYCLE_GRID,
    NAMES,
    errors_of,
    gridded,
)

FOLDER = "beamsynthesis/data"
FILE_NAME = re.compile(r"(0\.\d+)_(\d+\.\d+)\.npy")  # duty cycle, frequency in Hz
ROUNDING = 1e-9  # a value and its decimals in a file name agree to this


def read_beamsynthesis(path: str | os.PathLike[str]) -> Dataset:
    """Read the published waveforms: `beamsynthesis/data/{duty_cycle:.3f}_{frequency:.3f}.npy`.

    If a waveform differs by more than 5e-7 from the one computed for its levels, the provenance
    says so and does not cite the authors. Hidden files and a README are skipped.

    Args:
        path: of `beamsynthesis.zip`, or of a folder: the one it was unpacked into, the
            `beamsynthesis` folder in that, or the `data` folder in that. It may hold a part of the
            published files, and other frequencies (Hz) and duty cycles.

    Returns:
        The same `Dataset` as `nashae_data.beamsynthesis` for these levels: waveforms (n, 1000)
        float64, rows by duty cycle and then frequency. A duty cycle whose decimals are those of a
        published one becomes that one's float, of `numpy.linspace(0.2, 0.8, 121)`.

    Raises:
        FileNotFoundError: nothing is at `path`.
        ValueError: a waveform is truncated, pickled, not (1000,) float64 or not finite, a file's
            name is not of this kind or two have the same meaning (the file is named), or there is
            no waveform.

    Source: E. Yeats et al., ECCV 2022, https://github.com/ericyeats/nashae-beamsynthesis.
    """
    path = Path(path)
    if path.is_dir():
        return _read(path, Provenance(source=f"folder {path.resolve().name}", citation=CITATION))
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    with reading(path):
        archive = zipfile.ZipFile(path)
    with archive:
        members = archive.namelist()
        if len(set(members)) < len(members):
            raise ValueError(f"{path} must hold members of different names; got two of one name")
        return _read(
            zipfile.Path(archive),
            Provenance(source=f"file {path.name}", citation=CITATION, sha256=digest),
        )


def write_beamsynthesis(dataset: Dataset, path: Path) -> None:
    """Write waveforms in the published layout: a zip file if `path` ends so, else a folder.

    A zip file's bytes depend on the data set alone.

    Raises `ValueError` if the data set is not of this kind, or has a level that the three decimals
    of a file name do not hold, and the errors of `atomic_file` and `atomic_folder`.
    """
    names = _file_names(dataset)
    if path.suffix.lower() == ".zip":
        with atomic_file(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
            for row, name in enumerate(names):
                member = zipfile.ZipInfo(f"{FOLDER}/{name}")  # dated 1980-01-01
                member.create_system, member.external_attr = 3, 0o644 << 16
                archive.writestr(member, _npy(dataset, row))
    else:
        with atomic_folder(path) as temporary:
            folder = temporary / FOLDER
            folder.mkdir(parents=True)
            for row, name in enumerate(names):
                (folder / name).write_bytes(_npy(dataset, row))


def _read(root: Path | zipfile.Path, provenance: Provenance) -> Dataset:
    places = (root / "beamsynthesis" / "data", root / "data", root)
    folder = next(place for place in places if place.is_dir())
    # For each waveform (frequency, duty cycle), as in Dataset.values.
    files: dict[tuple[float, float], Path | zipfile.Path] = {}
    for file in folder.iterdir():
        if not file.is_file() or file.name.startswith((".", "README")):
            continue
        match = FILE_NAME.fullmatch(file.name)
        if match is None:
            raise ValueError(
                f"files must be named like waveforms, such as 0.200_10.000.npy; got {file}: give a "
                "folder or zip file that holds no others"
            )
        levels = (float(match[2]), _on_grid(float(match[1])))
        if levels in files:
            raise ValueError(
                f"{file} and {files[levels].name} must be different waveforms; got the same "
                "levels: remove one"
            )
        files[levels] = file
    if not files:
        raise ValueError(
            f"{folder} must hold waveforms, {FOLDER}/0.200_10.000.npy and others; got none"
        )
    order = sorted(files, key=lambda levels: levels[::-1])
    waveforms = np.stack([_read_waveform(files[levels]) for levels in order])
    values = np.array(order)
    return gridded(waveforms, values, _compared(waveforms, values, provenance))


def _compared(
    waveforms: Float64[np.ndarray, "n 1000"],
    levels: Float64[np.ndarray, "n 2"],
    provenance: Provenance,
) -> Provenance:
    """The provenance, without the authors' citation if waveforms are not those of their levels."""
    errors = errors_of(waveforms, levels)
    differ = int(np.count_nonzero(errors > ACCURACY))
    if not differ:
        return provenance
    source = (
        f"{provenance.source}, in the layout of Beamsynthesis but with other waveforms: {differ} "
        f"of {len(levels)} differ from those computed for their levels, by up to {errors.max():.2g}"
    )
    return replace(provenance, source=source, citation="")


def _on_grid(duty_cycle: float) -> float:
    nearest = min(DUTY_CYCLE_GRID, key=lambda level: abs(level - duty_cycle))
    return nearest if abs(nearest - duty_cycle) < ROUNDING else duty_cycle


def _read_waveform(file: Path | zipfile.Path) -> Float64[np.ndarray, "1000"]:
    with reading(file), file.open("rb") as stream:
        waveform = np.load(io.BytesIO(stream.read()), allow_pickle=False)
        if not isinstance(waveform, np.ndarray):
            raise ValueError("it must be one array; got an archive of arrays")
        if waveform.shape != (SAMPLES,) or waveform.dtype != np.float64:
            raise ValueError(
                f"it must be ({SAMPLES},) float64; got {waveform.shape} {waveform.dtype}"
            )
        if not np.isfinite(waveform).all():
            raise ValueError("it must hold finite numbers; got NaN or infinity")
    return waveform


def _file_names(dataset: Dataset) -> list[str]:
    observations = dataset.observations
    if dataset.names != NAMES or observations.shape[1:] != (SAMPLES,):
        raise ValueError(
            f"the published layout must hold factors {NAMES} and observations (n, {SAMPLES}); got "
            f"{dataset.names} and {observations.shape}: write .npz or .h5"
        )
    for column, name in enumerate(NAMES):
        for level in np.unique(dataset.values[:, column]):
            if abs(round(level, 3) - level) > ROUNDING:
                raise ValueError(
                    f"{name} must have at most the three decimals of the published file names; got "
                    f"{level}: write .npz or .h5"
                )
    names = [f"{duty_cycle:.3f}_{frequency:.3f}.npy" for frequency, duty_cycle in dataset.values]
    if len(set(names)) < len(names):
        raise ValueError(
            "rows must have different factors, each a file; got two alike: write .npz or .h5"
        )
    return names


def check_finite(piece: npt.NDArray[Any], name: str, start: int) -> None:
    """Raise `ValueError` if numbers to be saved, which begin with row `start`, are not finite."""
    if piece.dtype.kind not in "fc" or np.isfinite(piece).all():
        return
    row = int(np.nonzero(~np.isfinite(piece))[0][0])
    wrong = piece[row][~np.isfinite(piece[row])].flat[0]
    raise ValueError(
        f"{name} must be finite to be saved; got {wrong} in row {start + row}: give the data set "
        "without the rows that have them"
    )


def _npy(dataset: Dataset, row: int) -> bytes:
    waveform = np.asarray(dataset.observations[row], dtype=np.float64)
    check_finite(waveform[None], "observations", row)
    stream = io.BytesIO()
    np.save(stream, waveform, allow_pickle=False)
    return stream.getvalue()
