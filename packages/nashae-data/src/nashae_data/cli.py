"""The command `nashae-data`: data sets written to disk."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import tyro

from nashae_data.files import save_dataset
from nashae_data.waveforms import FREQUENCIES, beamsynthesis

Levels = tuple[float, ...]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command with these arguments (default: the process's) and return its exit status.

    What the user can mend (`ValueError`, `OSError`) becomes one line on stderr and status 2.
    """
    try:
        written = tyro.extras.subcommand_cli_from_dict(
            {"beamsynthesis": _beamsynthesis},
            prog="nashae-data",
            description="Compute a data set and write it to disk, whole or not at all.",
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
    dataset = beamsynthesis(frequencies, duty_cycles)
    save_dataset(dataset, out)
    files = [file for file in out.rglob("*") if file.is_file()] if out.is_dir() else [out]
    megabytes = sum(file.stat().st_size for file in files) / 1e6
    shape, dtype = dataset.observations.shape, dataset.observations.dtype
    return f"wrote {out}: observations {shape} {dtype}, {megabytes:.1f} MB"
