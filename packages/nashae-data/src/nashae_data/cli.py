"""The command `nashae-data`: data sets written to disk, and sheets that show their factors."""

import io
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import numpy as np
import tyro
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from nashae_data.records.dataset import Dataset
from nashae_data.sets.beamsynthesis.waveforms import FREQUENCIES, beamsynthesis
from nashae_data.sets.celeba.folder import celeba
from nashae_data.sets.dsprites.sprites import dsprites
from nashae_data.sets.faces.dataset import synthetic_faces
from nashae_data.sets.faces.tree import write_celeba_tree
from nashae_data.sheet import face_sheet, factor_sheet, write_png
from nashae_data.storage import load_dataset, save_dataset

Levels = tuple[float, ...]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command with these arguments (default: the process's) and return its exit status.

    Errors that the user can fix (`ValueError`, `OSError`) become one line on stderr and status 2.
    """
    # A terminal that lacks a character shows "?" instead of failing after the computation.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    try:
        written = tyro.extras.subcommand_cli_from_dict(
            {
                "beamsynthesis": _beamsynthesis,
                "dsprites": _dsprites,
                "faces": _faces,
                "celeba": _celeba,
                "sheet": _sheet,
            },
            prog="nashae-data",
            description="Compute a data set or a picture of one; write it whole or not at all.",
            args=argv,
        )
    except (ValueError, OSError) as error:
        message = " ".join(str(error).split())
        sys.stderr.write(f"nashae-data: error: {message}\n")
        return 2
    sys.stdout.write(f"{written}\n")
    return 0


def _beamsynthesis(
    out: Path,
    frequencies: Annotated[Levels, tyro.conf.arg(metavar="HZ [HZ ...]")] = FREQUENCIES,
    duty_cycles: Annotated[
        Levels | None,
        tyro.conf.arg(
            metavar="PART [PART ...]", help_behavior_hint="(default: 0.2 to 0.795 by 0.005)"
        ),
    ] = None,
) -> str:
    """Beamsynthesis: 1 s of current of a pulsed beam, sampled at 1 kHz (1000 numbers, float64).

    One waveform for each frequency with each duty cycle: 360 by default, which equal the
    published ones to 4.1e-7 of the full beam.

    The suffix of --out chooses the format. The published layout,
    beamsynthesis/data/DUTYCYCLE_FREQUENCY.npy, is written as .zip or, without a suffix, as a
    folder; .npz, .h5 and .hdf5 hold observations, factors, values, names, sizes, provenance.

    Example: nashae-data beamsynthesis --out beamsynthesis.zip

    Args:
        out: A file, which is replaced if it is there, or a new folder.
        frequencies: Frequencies of the pulses, in Hz: above 0 and below 500.
        duty_cycles: Parts of the period that the beam is on: above 0 and below 1.
    """
    return _write(beamsynthesis(frequencies, duty_cycles), out)


def _dsprites(out: Path) -> str:
    """dSprites: all 737,280 images of 64 x 64 pixels, 0 or 1, and their six factors.

    The suffix of --out chooses the format: .npz (435 MB), or .h5 and .hdf5 (compressed). The images
    are written packed, a bit for each pixel, as numpy.packbits(images, axis=-1) packs them.

    Example: nashae-data dsprites --out dsprites.h5

    Args:
        out: A file, which is replaced if it is there.
    """
    return _write(dsprites(), out)


def _faces(out: Path, images: int = 20_000, seed: int = 0, quality: int = 95) -> str:
    """Synthetic faces in the layout of CelebA: JPEGs of 178 x 218 pixels, and the lists.

    Cartoons with CelebA's 40 attributes, at about its rates and correlations: for programs that
    read CelebA, on machines without it. They are not CelebA, and SYNTHETIC_FACES.txt says so.

    Example: nashae-data faces --out faces

    Args:
        out: A new folder.
        images: The number of faces.
        seed: Of all random numbers; the same seed gives the same faces.
        quality: Of the JPEG files, 1 to 100.
    """
    with _progress(f"drawing {out}", images) as show:
        rng = np.random.default_rng(seed)
        write_celeba_tree(out, images, rng, quality=quality, on_progress=show)
    return f"wrote {out}: {images} synthetic faces (not CelebA) of 178 x 218 pixels"


def _celeba(root: Path, cache: Path | None = None) -> str:
    """CelebA's faces as the paper crops them, 64 x 64, in one HDF5 file; made once.

    Example: nashae-data celeba --root celeba

    Args:
        root: CelebA's folder: the images, in a folder or a zip file, and list_attr_celeba.
        cache: The file (default: nashae-celeba-64.h5 in root).
    """
    with _progress(f"reading {root}") as show:
        dataset = celeba(root, cache=cache, on_progress=show)
    shape, attributes = dataset.observations.shape, len(dataset.names)
    return f"{dataset.provenance.source}: images {shape} uint8, {attributes} attributes"


def _sheet(
    data: tyro.conf.Positional[Annotated[str, tyro.conf.arg(metavar="dsprites|faces|FILE")]],
    out: Path,
    columns: int = 10,
) -> str:
    """A picture of the factors: a row of images for each, lowest class to the left.

    All other factors are at their middle class. For faces: eight rows of them.

    Example: nashae-data sheet dsprites --out sheet.png

    Args:
        data: "dsprites", "faces", or a file of images that this program or save_dataset wrote.
        out: A .png file, which is replaced if it is there.
        columns: The most classes of a factor that are shown, or the number of faces in a row.
    """
    if out.suffix.lower() != ".png":
        raise ValueError(f"out must be a .png file; got {out}")
    if data == "faces":
        faces = synthetic_faces(8 * columns, np.random.default_rng(0))
        write_png(face_sheet(faces, columns=columns), out)
        return f"wrote {out}: {len(faces)} synthetic faces"
    dataset = dsprites() if data == "dsprites" else load_dataset(data)
    sheet = factor_sheet(dataset, columns)
    write_png(sheet, out)
    rows = [name for name, size in zip(dataset.names, dataset.sizes, strict=True) if size > 1]
    shape = " x ".join(str(side) for side in sheet.shape[1::-1])
    return f"wrote {out}: {shape} pixels, a row for each of {', '.join(rows)}"


@contextmanager
def _progress(what: str, total: int | None = None) -> Iterator[Callable[..., None]]:
    """A progress bar on stderr, if it is a terminal; gives what to call with the number done."""
    terminal = Console(stderr=True)
    if not terminal.is_terminal:
        yield lambda *_: None
        return
    columns = (
        TextColumn("[bold]{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=terminal, transient=True) as bar:
        task = bar.add_task(what, total=total)
        yield lambda done, of=total: bar.update(task, completed=done, total=of)


def _write(dataset: Dataset, out: Path) -> str:
    save_dataset(dataset, out)
    files = [file for file in out.rglob("*") if file.is_file()] if out.is_dir() else [out]
    megabytes = sum(file.stat().st_size for file in files) / 1e6
    shape, dtype = dataset.observations.shape, dataset.observations.dtype
    return f"wrote {out}: observations {shape} {dtype}, {megabytes:.1f} MB"
