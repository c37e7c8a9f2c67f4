"""The command `nashae-data`: data sets written to disk, and sheets that show their factors."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import tyro

from nashae_data.dataset import Dataset
from nashae_data.files import load_dataset, save_dataset
from nashae_data.sheet import factor_sheet, write_png
from nashae_data.sprites import dsprites
from nashae_data.waveforms import FREQUENCIES, beamsynthesis

Levels = tuple[float, ...]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command with these arguments (default: the process's) and return its exit status.

    What the user can mend (`ValueError`, `OSError`) becomes one line on stderr and status 2.
    """
    try:
        written = tyro.extras.subcommand_cli_from_dict(
            {"beamsynthesis": _beamsynthesis, "dsprites": _dsprites, "sheet": _sheet},
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
        frequencies: Frequencies of the pulses, in Hz: above 0 and below about 1000.
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


def _sheet(
    data: tyro.conf.Positional[Annotated[str, tyro.conf.arg(metavar="dsprites|FILE")]],
    out: Path,
    columns: int = 10,
) -> str:
    """A picture of the factors: a row of images for each, lowest class to the left.

    All other factors are at their middle class.

    Example: nashae-data sheet dsprites --out sheet.png

    Args:
        data: "dsprites", or a file of images that this program or save_dataset wrote.
        out: A .png file, which is replaced if it is there.
        columns: How many classes of a factor are shown at most.
    """
    if out.suffix.lower() != ".png":
        raise ValueError(f"cannot write {out}: wanted a name that ends in .png")
    dataset = dsprites() if data == "dsprites" else load_dataset(data)
    sheet = factor_sheet(dataset, columns)
    write_png(sheet, out)
    rows = [name for name, size in zip(dataset.names, dataset.sizes, strict=True) if size > 1]
    shape = " x ".join(str(side) for side in sheet.shape[1::-1])
    return f"wrote {out}: {shape} pixels, a row for each of {', '.join(rows)}"


def _write(dataset: Dataset, out: Path) -> str:
    save_dataset(dataset, out)
    files = [file for file in out.rglob("*") if file.is_file()] if out.is_dir() else [out]
    megabytes = sum(file.stat().st_size for file in files) / 1e6
    shape, dtype = dataset.observations.shape, dataset.observations.dtype
    return f"wrote {out}: observations {shape} {dtype}, {megabytes:.1f} MB"
