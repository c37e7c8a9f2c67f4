"""The report: one HTML file that opens offline."""

import base64
import os
import platform
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from apps.reproduce.clean import DEFINITION
from apps.reproduce.learned import COUNTING_RULES
from apps.reproduce.metric_table import metric_table
from apps.reproduce.paper import (
    FACE_LATENTS,
    ILLEGIBLE,
    LATENTS,
    SPRITE_LATENTS,
    SPRITE_TRIALS,
)
from apps.reproduce.table1.cells import Cell
from apps.reproduce.table1.comparison import by_cell, by_weight
from apps.reproduce.table1.pictures import Picture
from apps.reproduce.table2.cells import CARRIED, scan_cells, size_cells, table_2, told_apart
from apps.reproduce.table2.score import FACTORS
from apps.reproduce.table3.cells import captured_attributes, table_3
from apps.reproduce.table3.score import REAL
from apps.runs.folder import versions
from apps.runs.rows import Row
from apps.runs.trained import trained
from apps.runs.trained import untrained as left_out
from nashae_data import atomic_file

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
    untrained: Sequence[Row],
    untrained_kept: Sequence[Row],
    pictures: Sequence[Picture],
    figures: Path,
) -> None:
    """Write the report to `path`: `cells` of the user's runs, `kept` of the release's.

    `compared` are the rows of the tables that compare the methods beyond the paper's, and `whose`
    says in words whose runs those are. `untrained` are the user's rows that are in none of them,
    `untrained_kept` the release's. `figures` is the folder with the pictures' files.
    """
    write_page(
        path,
        "table1/page.html.j2",
        command=command,
        seconds=seconds,
        rows=list(zip(cells, kept, strict=True)),
        whose=whose,
        groups=by_cell(compared),
        wholes=by_weight(compared),
        by_metric=metric_table((whole.name, whole.runs) for whole, _ in by_weight(compared)),
        rules=COUNTING_RULES,
        latents=LATENTS,
        definition=DEFINITION,
        untrained=untrained,
        untrained_kept=untrained_kept,
        pictures=embedded(pictures, figures),
    )


def write_sprite_report(
    path: Path,
    *,
    command: str,
    seconds: float,
    rows: Sequence[Row],
    kept: Sequence[Row],
    methods: Sequence[str],
    pictures: Sequence[Picture],
    figures: Path,
) -> None:
    """Write the report of Table 2 to `path`: `rows` of the user's runs, `kept` of the release's."""
    own = trained(rows)
    cells, kept_cells = table_2(own, methods), table_2(trained(kept), methods)
    scan, sizes = scan_cells(own), size_cells(own)
    write_page(
        path,
        "table2/page.html.j2",
        command=command,
        seconds=seconds,
        rows=list(zip(cells, kept_cells, strict=True)),
        apart=told_apart(cells),
        apart_kept=told_apart(kept_cells),
        carrying=[cell for cell in cells if cell.runs],
        carried=CARRIED,
        factors=FACTORS,
        scan=scan,
        scan_apart=told_apart(scan),
        sizes=sizes,
        by_metric=metric_table((cell.name, cell.runs) for cell in cells),
        latents=SPRITE_LATENTS,
        trials=SPRITE_TRIALS,
        illegible=f"λ = {ILLEGIBLE[1]:g}",
        untrained=left_out(rows),
        untrained_kept=left_out(kept),
        pictures=embedded(pictures, figures),
    )


def write_face_report(
    path: Path,
    *,
    command: str,
    seconds: float,
    rows: Sequence[Row],
    kept: Sequence[Row],
    methods: Sequence[str],
    pictures: Sequence[Picture],
    figures: Path,
) -> None:
    """Write the report of Table 3 to `path`: `rows` of the user's runs, `kept` of the release's."""
    cells = table_3(trained(rows), methods)
    write_page(
        path,
        "table3/page.html.j2",
        command=command,
        seconds=seconds,
        cells=cells,
        kept=table_3(trained(kept), methods) if kept else [],
        real=rows[0]["data"] == REAL,
        mine=rows[0],
        theirs=kept[0] if kept else None,
        latents=FACE_LATENTS,
        attributes=captured_attributes(cells),
        untrained=left_out(rows),
        untrained_kept=left_out(kept),
        pictures=embedded(pictures, figures),
    )


def write_page(
    path: Path, template: str, *, command: str, seconds: float, **contents: object
) -> None:
    """Write a page from a template, with the command, the machine and the deviations below it."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined
    )
    html = environment.get_template(template).render(
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


def embedded(pictures: Sequence[Picture], figures: Path) -> list[tuple[Picture, str]]:
    """Each picture with its file's contents as an address."""
    return [(picture, _source(figures / picture.png)) for picture in pictures]


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
