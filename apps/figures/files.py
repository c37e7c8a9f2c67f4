"""Figures on disk."""

from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from apps.figures.style import STYLE
from nashae_data.atomic import atomic_file

# What a file would say of when and by what it was made: without, the same figure is the same bytes.
METADATA: dict[str, dict[str, Any]] = {".png": {"Software": None}, ".svg": {"Date": None}}


def write_figure(figure: Figure, path: Path) -> None:
    """Write `figure` to `path`, whole or not at all; the same figure makes the same bytes.

    Raises `ValueError` where `path` ends in neither .png nor .svg.
    """
    if path.suffix not in METADATA:
        raise ValueError(f"a figure's file ends in .png or .svg; got {path}")
    with mpl.rc_context(STYLE), atomic_file(path) as temporary:
        figure.savefig(temporary, metadata=METADATA[path.suffix])
