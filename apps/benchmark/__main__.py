"""The command line of `apps/benchmark`."""

from typing import Literal

import torch
import tyro
from rich.table import Table

from apps.benchmark.cases import auroc_pairs, baselines, seconds, sprites, steps
from apps.console import console, exit_on_error


def benchmark(
    what: tuple[Literal["steps", "dsprites", "baselines", "metrics", "seconds"], ...] = (
        "steps",
        "dsprites",
        "baselines",
        "metrics",
        "seconds",
    ),
    device: Literal["cpu", "cuda"] = "cpu",
) -> None:
    """Time ours beside plain references, in turns in one process, on one thread.

    Args:
        what: steps: NashAE's training steps; dsprites: those on dSprites; baselines: the VAEs';
            metrics: AUROC; seconds: what has no reference.
        device: Where the steps are taken.
    """
    torch.set_num_threads(1)
    compared = {
        "steps": lambda: steps(device),
        "dsprites": lambda: sprites(device),
        "baselines": lambda: baselines(device),
        "metrics": auroc_pairs,
    }
    ratios = Table("what", "ours", "reference", "times faster", "between", title="Ratios")
    with console.status("timing") as status:
        for kind in (kind for kind in what if kind != "seconds"):
            for c in compared[kind]():
                spread = f"{c.low:.1f} and {c.high:.1f}"
                ratios.add_row(c.name, _ms(c.ours), _ms(c.reference), f"{c.ratio:.2f}", spread)
                status.update(f"timed {c.name}: {c.ratio:.2f}")
        plain = Table("what", "seconds", title="Seconds")
        for name, value in seconds() if "seconds" in what else ():
            plain.add_row(name, f"{value:.3f}")
    for table in (ratios, plain):
        if table.row_count:
            console.print(table)


def _ms(value: float) -> str:
    return f"{value * 1e3:.3g} ms"


def main() -> None:
    """Read the command line and time."""
    tyro.cli(benchmark, prog="python -m apps.benchmark")


if __name__ == "__main__":
    exit_on_error(main)
