"""The report: one HTML file that opens offline."""

import base64
import os
import platform
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from apps.reproduce.alignment import DEFINITION
from apps.reproduce.comparison import by_cell, by_weight
from apps.reproduce.paper import LATENTS
from apps.reproduce.pictures import Picture
from apps.reproduce.score import COUNTING_RULES, Row
from apps.reproduce.table1 import Cell
from apps.run_folder import versions
from nashae_data.atomic import atomic_file

MARK = "# Differs from the paper:"


def write_report(
    path: Path,
    *,
    command: str,
    seconds: float,
    cells: Sequence[Cell],
    kept: Sequence[Cell],
    compared: Sequence[Row],
    whose: str,
    pictures: Sequence[Picture],
    figures: Path,
) -> None:
    """Write the report to `path`: `cells` of the user's runs, `kept` of the release's.

    `compared` are the rows of the tables that compare the methods beyond the paper's, and `whose`
    says in words whose runs those are. `figures` is the folder with the pictures' files.
    """
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined
    )
    html = environment.get_template("report.html.j2").render(
        command=command,
        minutes=seconds / 60,
        made=datetime.now(UTC),
        machine=machine(),
        versions=versions(),
        rows=list(zip(cells, kept, strict=True)),
        whose=whose,
        groups=by_cell(compared),
        wholes=by_weight(compared),
        rules=COUNTING_RULES,
        latents=LATENTS,
        definition=DEFINITION,
        pictures=[(p, _source(figures / p.png)) for p in pictures],
        deviations=list(deviations()),
    )
    with atomic_file(path) as temporary:
        temporary.write_text(html, encoding="utf-8")


def _source(image: Path) -> str:
    return f"data:image/png;base64,{base64.b64encode(image.read_bytes()).decode()}"


def machine() -> str:
    """The processor, its cores as this process may use them, and the system."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    names = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    processor = names[0] if names else platform.processor() or platform.machine()
    return f"{processor}, {os.cpu_count()} cores, {platform.system()} {platform.release()}"


def deviations() -> Iterator[tuple[str, str]]:
    """Each deviation from the paper: the module that marks it, and what its comment says."""
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
