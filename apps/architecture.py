"""Draw the packages and their rooms from their imports: `python -m apps.architecture`."""

import ast
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

ROOT = Path(__file__).parents[1]
PICTURE = ROOT / "docs" / "architecture.svg"
PARTS = {
    "apps": ROOT / "apps",
    **{
        folder.name: folder / "src" / folder.name.replace("-", "_")
        for folder in sorted((ROOT / "packages").iterdir())
        if folder.is_dir()
    },
}
# Doors import from every room of their own: drawn, they would hide who needs whom.
DOORS = {"__init__", "__main__", "cli", "sklearn", "onnx", "hub"}
# The lower left corner, width and height of each part, in inches of the picture.
FRAMES = {
    "apps": (0.0, 4.6, 9.0, 4.2),
    "nashae-baselines": (2.55, 3.4, 2.6, 0.85),
    "nashae-data": (0.0, 0.0, 2.4, 3.1),
    "nashae-core": (2.55, 0.0, 2.6, 3.1),
    "nashae-metrics": (5.3, 0.0, 3.7, 3.1),
}
COLOURS = {
    "apps": "#dfe3e8",
    "nashae-baselines": "#f6e3c5",
    "nashae-data": "#cfe6d4",
    "nashae-core": "#cfe0f3",
    "nashae-metrics": "#ead6ea",
}


class Room(NamedTuple):
    """A folder of modules with those below it: its part, and its name, "" for the part's own."""

    part: str
    name: str


class Architecture(NamedTuple):
    """The number of modules of each room, and of imports from each room by each other one."""

    rooms: dict[Room, int]
    imports: Counter[tuple[Room, Room]]

    def as_json(self) -> str:
        """The rooms and who imports whom, as the picture carries them."""
        arrows = sorted([*importer, *imported] for importer, imported in self.imports)
        return json.dumps([sorted(self.rooms), arrows])


def architecture() -> Architecture:
    """Read the rooms and their imports from the sources; doors are left out."""
    modules = dict(_modules())
    rooms = Counter(room for room, file in modules.values() if file.stem not in DOORS)
    imports = Counter[tuple[Room, Room]]()
    for room, file in modules.values():
        if file.stem in DOORS:
            continue
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                for alias in node.names:
                    for name in (f"{node.module}.{alias.name}", node.module):
                        if name in modules:
                            imported = modules[name][0]
                            imports[room, imported] += imported != room
                            break
    return Architecture(dict(rooms), +imports)


def _modules() -> Iterator[tuple[str, tuple[Room, Path]]]:
    for part, folder in PARTS.items():
        for file in sorted(folder.rglob("*.py")):
            names = file.relative_to(folder.parent).with_suffix("").parts
            dotted = ".".join(names[:-1] if file.stem == "__init__" else names)
            yield dotted, (Room(part, "".join(names[1:-1][:1])), file)


def layers(rooms: list[Room], imports: Mapping[tuple[Room, Room], int]) -> dict[Room, int]:
    """The layer of each room of a part: 0 for those that import none of the others.

    Raises `ValueError` for rooms that import each other in a circle.
    """
    layer: dict[Room, int] = {}
    while len(layer) < len(rooms):
        ready = {
            room: 1 + max((layer[of] for of in needs), default=-1)
            for room in rooms
            if room not in layer
            and (needs := [of for by, of in imports if by == room and of in rooms]) is not None
            and all(of in layer for of in needs)
        }
        if not ready:
            circle = sorted(f"{part}/{name}" for part, name in set(rooms) - set(layer))
            raise ValueError(f"rooms must not import each other in a circle; got {circle}")
        layer |= ready
    return layer


def draw(house: Architecture) -> Figure:
    """The parts as frames, their rooms as boxes, and their imports as arrows."""
    figure = Figure(figsize=(9.2, 9.0))
    axes = figure.add_axes((0, 0, 1, 1), xlim=(-0.1, 9.1), ylim=(-0.1, 8.9))
    axes.axis("off")
    for part, (x, y, width, height) in FRAMES.items():
        style = "round,pad=0,rounding_size=0.08"
        axes.add_patch(
            FancyBboxPatch((x, y), width, height, style, fc=COLOURS[part], ec="none", zorder=0)
        )
        axes.text(x + 0.12, y + height - 0.1, part, va="top", weight="bold", size=12, zorder=3)
    places: dict[Room, tuple[float, float]] = {}
    for part in FRAMES:
        places |= _places(part, house)
    for room, (x, y) in places.items():
        _draw_room(axes, room, house.rooms[room], x, y)
    widest = max(house.imports.values())
    for (importer, imported), number in house.imports.items():
        if importer.part == imported.part:
            _draw_arrow(axes, places[importer], places[imported], 0.6 + 2 * number / widest)
    parts = {(importer.part, imported.part) for importer, imported in house.imports}
    for above, below in sorted(parts):
        if above != below:
            _draw_need(axes, above, below)
    return figure


def _places(part: str, house: Architecture) -> dict[Room, tuple[float, float]]:
    """The centre of each room of a part, by its layer."""
    left, low, width, height = FRAMES[part]
    rooms = sorted(room for room in house.rooms if room.part == part)
    layer = layers(rooms, house.imports)
    floors = [[room for room in rooms if layer[room] == n] for n in range(max(layer.values()) + 1)]
    places = {}
    for n, floor in enumerate(floors):
        for at, room in enumerate(floor):
            # A single room is moved aside, so that an arrow over its floor does not run through it;
            # of many every second one is lowered, so that their boxes do not overlap.
            shift = (0.12 if n % 2 else -0.12) * width if len(floor) == 1 else 0.0
            lowered = 0.24 * (at % 2 - 0.5) if len(floor) > 3 else 0.0
            x = left + width * (at + 0.5) / len(floor) + shift
            places[room] = x, low + (height - 0.4) * (n + 0.5) / len(floors) - 2 * lowered
    return places


def _draw_room(axes: Axes, room: Room, files: int, x: float, y: float) -> None:
    lines = f"{room.name or '(at its top)'}\n{files} module{'s' * (files > 1)}"
    box = {"boxstyle": "round,pad=0.35", "fc": "white", "ec": "#666"}
    axes.text(x, y, lines, ha="center", va="center", size=9, bbox=box, zorder=2)


def _draw_arrow(
    axes: Axes, start: tuple[float, float], end: tuple[float, float], width: float
) -> None:
    axes.add_patch(
        FancyArrowPatch(
            start,
            end,
            arrowstyle="-|>",
            mutation_scale=10,
            shrinkA=16,
            shrinkB=18,
            lw=width,
            color="#444",
            connectionstyle="arc3,rad=0.06",
            zorder=1,
        )
    )


def _draw_need(axes: Axes, importer: str, imported: str) -> None:
    """A thick arrow from the part that imports down to the part that is imported."""
    (x, y, width, _), (left, low, across, height) = FRAMES[importer], FRAMES[imported]
    middle = left + across / 2
    if (importer, imported) == ("apps", "nashae-core"):
        middle = left + across + 0.1  # past the baselines, which are between
    start = min(max(middle, x), x + width), y
    end = min(middle, left + across - 0.05), low + height
    axes.add_patch(
        FancyArrowPatch(start, end, arrowstyle="-|>", mutation_scale=18, lw=2.5, color="#8a8f98")
    )


def drawn() -> str:
    """What the picture in docs/ was drawn from; "" without a picture."""
    if not PICTURE.exists():
        return ""
    found = ElementTree.parse(PICTURE).iter("{http://purl.org/dc/elements/1.1/}description")
    return next((element.text or "" for element in found), "")


def main() -> None:
    """Draw the picture anew."""
    house = architecture()
    mpl.rcParams["svg.hashsalt"] = "architecture"
    metadata = {"Date": None, "Description": house.as_json()}
    draw(house).savefig(PICTURE, metadata=metadata)


if __name__ == "__main__":
    main()
