"""Figures on disk."""

import io
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from apps.figures.style import STYLE
from nashae_data import atomic_file

# What a file would say of when and by what it was made: without, the same figure is the same bytes.
METADATA: dict[str, dict[str, Any]] = {".png": {"Software": None}, ".svg": {"Date": None}}


def write_figure(figure: Figure, path: Path) -> None:
    """Write `figure` to `path`, whole or not at all; the same figure makes the same bytes.

    Raises `ValueError` where `path` ends in neither .png nor .svg.
    """
    if path.suffix not in METADATA:
        raise ValueError(f"a figure's file ends in .png or .svg; got {path}")
    drawn = io.BytesIO()
    with mpl.rc_context(STYLE):
        figure.savefig(drawn, format=path.suffix[1:], metadata=METADATA[path.suffix])
    with atomic_file(path) as temporary:
        # Not by Pillow: where a disk is full it may lose the end without a word.
        temporary.write_bytes(drawn.getvalue())
