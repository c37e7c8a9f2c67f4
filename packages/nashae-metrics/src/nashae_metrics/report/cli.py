"""The command `nashae-metrics`: codes on disk, scored."""

import io
import os
import secrets
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
import tyro
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from nashae_metrics.ground.intervals import Bootstrap
from nashae_metrics.report.catalogue import METRICS
from nashae_metrics.report.evaluate import evaluate
from nashae_metrics.report.evaluation import Evaluation
from nashae_metrics.report.files import array_keys, column_names, has_array, read_array
from nashae_metrics.report.page import html_page
from nashae_metrics.report.tables import WRITERS, terminal_table

PIPE = 200  # characters
Out = Annotated[Path | None, tyro.conf.arg(metavar="FILE")]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command with these arguments (default: the process's) and return its exit status.

    An error of the user (`ValueError`, `OSError`) becomes one line on stderr and status 2.
    """
    # A terminal that lacks a character shows "?" instead of failing after the work is done.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    try:
        tyro.extras.subcommand_cli_from_dict(
            {"score": _score, "list": _list},
            prog="nashae-metrics",
            description="Score disentangled representations from arrays on disk.",
            args=argv,
        )
    except (ValueError, OSError) as error:
        message = " ".join(str(error).split())
        sys.stderr.write(f"nashae-metrics: error: {message}\n")
        return 2
    return 0


def _score(
    codes: tyro.conf.Positional[Path],
    truth: Path | None = None,
    codes_key: str = "codes",
    factors_key: str | None = None,
    attributes_key: str | None = None,
    predictions_key: str | None = None,
    factor_names_key: str | None = None,
    attribute_names_key: str | None = None,
    metrics: Annotated[tuple[str, ...], tyro.conf.arg(metavar="NAME [NAME ...]")] = (),
    protocol: str | None = None,
    active: str | None = None,
    factor_bins: int | None = None,
    missing: float | int | None = None,
    resamples: int = 200,
    repeats: int = 5,
    seed: int = 0,
    json: Out = None,
    csv: Out = None,
    markdown: Out = None,
    latex: Out = None,
    html: Out = None,
) -> None:
    """Score codes by every metric that applies, and print the table.

    Files are .npz, .npy, .csv or .h5. In an .npz or .h5 a key is the name of an array ("group/name"
    in a group of an .h5); in a .csv that of a column, or of several without their numbers. A key
    that you give must exist; "" leaves that array out. It is an error if no metric applies.

    Example: nashae-metrics score codes.npz --html report.html

    Args:
        codes: The file with the codes (n, m).
        truth: The file with the factors or attributes; by default the file of the codes. An .npy
            file holds factors, unless a key of another array is given, or --factors-key as "" (then
            attributes).
        codes_key: Of the codes.
        factors_key: Of the factors (n, k), whole numbers or, with --factor-bins, real ones; by
            default "factors", if there is one.
        attributes_key: Of binary attributes (n, k), for TAD; by default "attributes".
        predictions_key: Of predictions (n, m) of each latent from the others; by default
            "predictions".
        factor_names_key: Of the factors' names, for --html; by default "names"; a .csv has its
            headers.
        attribute_names_key: Of the attributes' names likewise; by default "attribute_names".
        metrics: Which metrics; all by default. `nashae-metrics list` shows them.
        protocol: One protocol for all; by default each metric's own.
        active: One rule of active latents for all; by default each metric's and protocol's own.
        factor_bins: Classes that continuous factors are cut into.
        missing: A label of unknown factors and attributes, such as -1 or nan; their rows are left
            out.
        resamples: Of the bootstrap; 0 for no intervals.
        repeats: Seeds of the metrics that draw pairs or splits.
        seed: Of all random draws.
        json: Write the table at full precision there.
        csv: The same as CSV.
        markdown: The table in Markdown.
        latex: The table in LaTeX.
        html: One page with the table and the heat maps of what each latent represents.
    """
    given = {"factors": factors_key, "attributes": attributes_key, "predictions": predictions_key}
    place = codes if truth is None else truth
    keys = _keys(place, given, alone=truth is not None)
    for key in filter(None, (factor_names_key, attribute_names_key)):
        if place.suffix.lower() == ".npy" or not has_array(place, key):
            raise ValueError(f"{place} has no array {key!r}: it has {array_keys(place)}")
    arrays = {"codes": read_array(codes, codes_key)}
    arrays |= {name: read_array(place, key) for name, key in keys.items()}
    evaluation = _evaluated(
        arrays,
        rng=np.random.default_rng(seed),
        metrics=metrics or None,
        protocol=protocol,
        active=active,
        factor_bins=factor_bins,
        missing=missing,
        bootstrap=Bootstrap(resamples=resamples) if resamples else None,
        repeats=repeats,
    )
    if not evaluation.rows:
        why = "; ".join(f"{name}: {why}" for name, why in evaluation.skipped.items())
        raise ValueError(f"no metric applies to {codes}: {why}")
    names = {}
    if html is not None:
        of_names = {"factors": factor_names_key, "attributes": attribute_names_key}
        names = {
            f"{name[:-1]}_names": _names(place, keys[name], of_names[name], name, arrays[name])
            for name in of_names
            if name in keys
        }
    texts = {"json": json, "csv": csv, "markdown": markdown, "latex": latex}
    for name, path in texts.items():
        if path is not None:
            _write(path, WRITERS[name](evaluation))
    if html is not None:
        _write(html, html_page(evaluation, title=codes.name, **names))
    console = _console()
    console.print(terminal_table(evaluation))
    for name, why in evaluation.skipped.items():
        console.print(f"{name}: {why}", style="dim", markup=False, highlight=False, soft_wrap=True)


def _keys(path: Path, given: dict[str, str | None], *, alone: bool) -> dict[str, str]:
    """The keys of the arrays beside the codes: those given, or by default those the file has."""
    if path.suffix.lower() == ".npy":
        by_hand = [name for name, key in given.items() if key]
        if by_hand and not alone:
            raise ValueError(
                f"{path} holds the codes alone: name the file of {by_hand[0]} by --truth"
            )
        if len(by_hand) > 1:
            raise ValueError(
                f"{path} holds one array, and keys of {' and '.join(by_hand)} are given"
            )
        unknown = [name for name, key in given.items() if key is None]
        return dict.fromkeys((by_hand or unknown)[:1], "") if alone else {}
    return {
        name: name if key is None else key
        for name, key in given.items()
        if key or (key is None and has_array(path, name))
    }


def _names(
    path: Path, key: str, given: str | None, name: str, array: npt.NDArray[Any]
) -> list[str] | None:
    """The names of an array's columns; default names that do not fit are ignored."""
    default = "names" if name == "factors" else "attribute_names"
    try:
        return column_names(path, key, given or default, array.shape[-1])
    except ValueError:
        if given:
            raise
        return None


def _evaluated(arrays: dict[str, Any], **options: Any) -> Evaluation:
    terminal = Console(stderr=True)
    if not terminal.is_terminal:
        return evaluate(**arrays, **options)
    columns = (
        TextColumn("[bold]{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=terminal, transient=True) as bar:
        task = bar.add_task("reading")

        def show(metric: str, done: int, of: int) -> None:
            cost = f"(about {METRICS[metric].cost:g} s at 10,000 samples)"
            bar.update(task, description=f"{metric} {cost}", completed=done, total=of)

        return evaluate(**arrays, **options, on_progress=show)


def _list() -> None:
    """Show every metric: its paper, range, direction, cost and protocols."""
    table = Table(caption="seconds: one core, 10,000 samples, 10 latents, 5 factors")
    table.add_column("metric", no_wrap=True)
    table.add_column("what, after whom, protocols")
    table.add_column("range, better")
    table.add_column("seconds", justify="right")
    for metric in METRICS.values():
        what = metric.summary if metric.needs == "factors" else f"{metric.summary} ({metric.needs})"
        table.add_row(
            metric.name,
            f"{what}\n[dim]{metric.source}; {', '.join(metric.protocols)}[/]",
            f"{metric.range}\n[dim]{metric.better}[/]",
            f"{metric.cost:g}",
        )
    _console().print(table)


def _console() -> Console:
    """Standard output: as wide as the terminal; in a pipe wide enough for every table."""
    console = Console()
    return console if console.is_terminal or "COLUMNS" in os.environ else Console(width=PIPE)


def _write(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.parent / f".{secrets.token_hex(4)}-{path.name}"
    try:
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
