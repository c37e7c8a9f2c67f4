"""The command line of `apps/benchmark`."""

from collections.abc import Iterator
from typing import Literal, get_args

import torch
import tyro
from rich.table import Table
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from apps.benchmark.cases import baselines, seconds, shrinking, sprites, steps
from apps.benchmark.face_cases import face_seconds, faces
from apps.benchmark.metric_cases import metric_seconds, metrics
from apps.console import console, exit_on_error
from apps.runs.memory import keep_memory

Kind = Literal["steps", "runs", "dsprites", "faces", "baselines", "metrics", "seconds"]
LIBRARY = (
    "Goals such as 1/20 of 0.20 s are fractions of disentanglement_lib's time; the reference is "
    "a plain loop in its place."
)


def benchmark(
    what: tuple[Kind, ...] = get_args(Kind),
    device: Literal["cpu", "cuda"] = "cpu",
    dci_trees: int = 5,
) -> None:
    """Time ours and plain references in turns, in one process, on one thread.

    Args:
        what: steps: training steps of NashAE; runs: whole runs, pruned and counted; dsprites and
            faces: steps on images; baselines: steps of the VAEs; metrics: the metrics, against
            loops of scikit-learn; seconds: what has no reference.
        device: Where to train.
        dci_trees: Boosting iterations of DCI's predictor on both sides. The published number is
            100, for which the reference takes a quarter of an hour. The cases of codes from
            perfect to noisy have four times as many, and two factors.
    """
    torch.set_num_threads(1)
    keep_memory()
    compared = {
        "steps": lambda: steps(device),
        "runs": lambda: shrinking(device),
        "dsprites": lambda: sprites(device),
        "faces": lambda: faces(device),
        "baselines": lambda: baselines(device),
        "metrics": lambda: metrics(dci_trees),
    }
    ratios = Table("what", "ours", "reference", "times faster", "between", "goal", title="Ratios")
    ratios.caption = LIBRARY if "metrics" in what else None
    plain = Table("what", "seconds", "goal", title="Seconds")
    with console.status("timing") as status, threadpool_limits(1):
        for kind in (kind for kind in what if kind != "seconds"):
            for c in compared[kind]():
                spread = f"{c.low:.1f} and {c.high:.1f}"
                times = (_time(c.ours), _time(c.reference), f"{c.ratio:.2f}")
                ratios.add_row(c.name, *times, spread, c.goal)
                status.update(f"timed {c.name}: {c.ratio:.2f}")
        for name, value, goal in _seconds(what):
            plain.add_row(name, f"{value:.3f}", goal)
    for table in (ratios, plain):
        if table.row_count:
            console.print(table)


def _seconds(what: tuple[Kind, ...]) -> Iterator[tuple[str, float, str]]:
    if "faces" in what:
        yield from face_seconds()
    if "metrics" in what:
        yield from metric_seconds()
    if "seconds" in what:
        yield from seconds()


def _time(value: float) -> str:
    return f"{value:.3g} s" if value >= 1 else f"{value * 1e3:.3g} ms"


def main() -> None:
    """Read the command line and time."""
    tyro.cli(benchmark, prog="python -m apps.benchmark")


if __name__ == "__main__":
    exit_on_error(main)
