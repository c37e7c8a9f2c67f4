"""The page of a report: one HTML file that opens offline, its pictures within."""

import base64
import os
import platform
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from matplotlib.figure import Figure

from apps.figures import write_figure
from apps.runs.made_by import versions
from nashae_data import atomic_file

MARK = "# Differs from the paper:"


class Picture(NamedTuple):
    """A figure with the name of its file, its title and its caption."""

    name: str
    title: str
    caption: str
    figure: Figure

    @property
    def png(self) -> str:
        """The file's name as PNG."""
        return f"{self.name}.png"


def write_pictures(pictures: Sequence[Picture], out: Path) -> None:
    """Write each picture to `out`, as PNG and as SVG."""
    for picture in pictures:
        write_figure(picture.figure, out / f"{picture.name}.svg")
        write_figure(picture.figure, out / picture.png)


def write_page(
    path: Path,
    template: str,
    *,
    pictures: Sequence[Picture],
    figures: Path,
    command: str,
    seconds: float,
    **contents: object,
) -> None:
    """Write a page from a template, in one file that opens offline.

    Args:
        path: The page.
        template: Its template, below this folder.
        pictures: Shown at the page's end, from their files in `figures`.
        figures: The folder of the pictures' files.
        command: How the page was made.
        seconds: How long that took.
        contents: Further variables of the template.
    """
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined
    )
    html = environment.get_template(template).render(
        pictures=[(picture, _source(figures / picture.png)) for picture in pictures],
        command=command,
        minutes=seconds / 60,
        made=datetime.now(UTC),
        machine=machine(),
        versions=versions(),
        deviations=list(deviations()),
        **contents,
    )
    with atomic_file(path) as temporary:
        temporary.write_text(html, encoding="utf-8")


def _source(image: Path) -> str:
    return f"data:image/png;base64,{base64.b64encode(image.read_bytes()).decode()}"


def machine() -> str:
    """The processor, its cores and the operating system."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    names = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    processor = names[0] if names else platform.processor() or platform.machine()
    return f"{processor}, {os.cpu_count()} cores, {platform.system()} {platform.release()}"


def deviations() -> Iterator[tuple[str, str]]:
    """Each deviation from the paper: the module that marks it, and its comment."""
    for package in ("nashae_core", "nashae_data", "nashae_metrics", "nashae_baselines", "apps"):
        spec = find_spec(package)
        for folder in (spec and spec.submodule_search_locations) or []:
            for module in sorted(Path(folder).rglob("*.py")):
                name = ".".join((package, *module.relative_to(folder).with_suffix("").parts))
                for comment in _marked(module.read_text(encoding="utf-8").splitlines()):
                    yield name, comment


def _marked(lines: Sequence[str]) -> Iterator[str]:
    for at, line in enumerate(lines):
        if line.strip().startswith(MARK):
            comment = [line.strip().removeprefix(MARK)]
            for following in lines[at + 1 :]:
                if not following.strip().startswith("# ") or MARK in following:
                    break
                comment.append(following.strip().removeprefix("#"))
            yield "".join(comment).strip()
