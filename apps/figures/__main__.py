"""The command line of `apps/figures`."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Literal, get_args

import tyro
from matplotlib.figure import Figure

from apps.console import console, exit_on_error, progress_bar
from apps.figures import (
    draw_image_traversal,
    factor_map,
    latent_space,
    learning_curves,
    traversal,
    true_against_predicted,
    write_figure,
)
from apps.figures.runs import has_factors, shows_images
from apps.runs.folder import RunFolder

Kind = Literal[
    "latent-space", "learning-curves", "true-against-predicted", "traversal", "factor-map"
]
Format = Literal["png", "svg"]
KINDS: tuple[Kind, ...] = get_args(Kind)
FORMATS: tuple[Format, ...] = get_args(Format)


def figures(
    runs: Annotated[
        tuple[Path, ...],
        tyro.conf.Positional,
        tyro.conf.arg(metavar="RUN [RUN ...]", help_behavior_hint="(required)"),
    ],
    out: Path = Path("figures"),
    kinds: tuple[Kind, ...] = KINDS,
    formats: tuple[Format, ...] = FORMATS,
    row: int | None = None,
) -> None:
    """Draw run folders.

    latent-space (of runs on waveforms) and learning-curves show all runs together. The other kinds
    are one figure for each run, named after its folder: true-against-predicted (of NashAE),
    traversal, and factor-map (of images with factors).

    Args:
        runs: The run folders, as `python -m apps.train` makes them.
        out: The folder for the figures.
        kinds: What to draw.
        formats: The files of each figure.
        row: The observation that traversals start from; by default the nearest to the median code.
    """
    folders = [RunFolder(path) for path in dict.fromkeys(path.resolve() for path in runs)]
    if not folders:
        raise ValueError("give at least one run folder, as `python -m apps.train` makes it")
    for folder in folders:
        _ = folder.record  # raises for an unfinished run, before anything is drawn
    drawings = dict(_drawings(folders, kinds, row))
    if not drawings or not formats:
        raise ValueError(
            f"nothing to draw: kinds {list(kinds)}, formats {list(formats)}; "
            "true-against-predicted needs NashAE runs, latent-space runs on waveforms, "
            "factor-map runs on images with factors"
        )
    with progress_bar() as bar:
        task = bar.add_task("figures", total=len(drawings), note="")
        for name, draw in drawings.items():
            bar.update(task, note=name)
            figure = draw()
            for suffix in dict.fromkeys(formats):
                path = out / f"{name}.{suffix}"
                write_figure(figure, path)
                console.print(str(path), soft_wrap=True)
            bar.update(task, advance=1, note="")


def _drawings(
    folders: Sequence[RunFolder], kinds: Sequence[Kind], row: int | None
) -> Iterator[tuple[str, Callable[[], Figure]]]:
    """The figures to draw, by the names of their files."""
    waveforms = [folder for folder in folders if not shows_images(folder)]
    waveforms = [run for run in waveforms if has_factors(run) and len(run.codes["names"]) == 2]
    if "latent-space" in kinds and waveforms:
        yield "latent-space", partial(latent_space, waveforms)
    if "learning-curves" in kinds:
        yield "learning-curves", partial(learning_curves, folders)
    for name, folder in zip(_names(folders), folders, strict=True):
        images = shows_images(folder)
        if "true-against-predicted" in kinds and "predictions" in folder.codes:
            yield f"{name}-true-against-predicted", partial(true_against_predicted, folder)
        if "traversal" in kinds:
            draw = draw_image_traversal if images else traversal
            yield f"{name}-traversal", partial(draw, folder, row=row)
        if "factor-map" in kinds and images and has_factors(folder):
            yield f"{name}-factor-map", partial(factor_map, folder)


def _names(folders: Sequence[RunFolder]) -> list[str]:
    """The folders' names, with those of their parents if two are equal."""
    names = [folder.path.name for folder in folders]
    counts = Counter(names)
    return [
        name if counts[name] == 1 else "-".join(folder.path.parts[1:])
        for name, folder in zip(names, folders, strict=True)
    ]


def main() -> None:
    """Read the command line and draw."""
    tyro.cli(figures, prog="python -m apps.figures")


if __name__ == "__main__":
    exit_on_error(main)
