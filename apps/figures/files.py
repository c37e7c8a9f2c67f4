"""Figures on disk."""

import io
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from apps.figures.style import STYLE
from nashae_data import atomic_file

# No date or software in a file, so that the same figure gives the same bytes.
METADATA: dict[str, dict[str, Any]] = {".png": {"Software": None}, ".svg": {"Date": None}}


def write_figure(figure: Figure, path: Path) -> None:
    """Write a figure atomically, as PNG or SVG; the same figure gives the same bytes.

    Raises `ValueError` if `path` ends in neither .png nor .svg.
    """
    if path.suffix not in METADATA:
        raise ValueError(f"path must end in .png or .svg; got {path}")
    drawn = io.BytesIO()
    with mpl.rc_context(STYLE):
        figure.savefig(drawn, format=path.suffix[1:], metadata=METADATA[path.suffix])
    with atomic_file(path) as temporary:
        # Not by Pillow, which may lose the end of a file on a full disk without an error.
        temporary.write_bytes(drawn.getvalue())
