"""What holds for the four packages together: versions, pins, licences."""

import ast
import tomllib
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = sorted(path.parent for path in ROOT.glob("packages/*/pyproject.toml"))


def project(folder: Path) -> dict[str, object]:
    return tomllib.loads((folder / "pyproject.toml").read_text())["project"]


def test_there_are_four_packages() -> None:
    names = [p.name for p in PACKAGES]
    assert names == ["nashae-baselines", "nashae-core", "nashae-data", "nashae-metrics"]


def test_versions_are_in_step() -> None:
    assert len({project(folder)["version"] for folder in [ROOT, *PACKAGES]}) == 1


@pytest.mark.parametrize("folder", [ROOT, *PACKAGES], ids=lambda folder: folder.name)
def test_siblings_are_pinned_exactly(folder: Path) -> None:
    siblings = [d for d in project(folder)["dependencies"] if d.startswith("nashae")]
    assert all(d.split()[1:] == ["==", project(folder)["version"]] for d in siblings)


@pytest.mark.parametrize("folder", PACKAGES, ids=lambda folder: folder.name)
def test_a_package_carries_its_licence_its_readme_and_its_types(folder: Path) -> None:
    assert (folder / "LICENSE").read_text() == (ROOT / "LICENSE").read_text()
    assert (folder / "README.md").read_text().startswith(f"# {folder.name}\n")
    assert (folder / "src" / folder.name.replace("-", "_") / "py.typed").exists()


# What each part may import of the others: leaves know no leaf, and nobody knows the apps.
MAY_IMPORT: dict[str, set[str]] = {
    "nashae_data": set(),
    "nashae_core": set(),
    "nashae_metrics": set(),
    "nashae_baselines": {"nashae_core"},
    "apps": {"nashae_data", "nashae_core", "nashae_metrics", "nashae_baselines"},
}
FOLDERS = {
    **{folder.name.replace("-", "_"): folder for folder in PACKAGES},
    "apps": ROOT / "apps",
}
PUBLIC_ALL_THE_SAME = {"_replace", "_asdict", "_fields", "_make", "_exit"}  # of tuples and of os


class Import(NamedTuple):
    """A name that is imported from a module; the name is empty where it is the module itself."""

    module: str
    name: str


def imports(source: str) -> set[Import]:
    """What a source imports, wherever in it, also by `importlib` and for type checkers alone."""
    found = set[Import]()
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names):
                found |= {Import(alias.name, "") for alias in names}
            case ast.ImportFrom(module, names, level=0):
                found |= {Import(str(module), alias.name) for alias in names}
            case ast.Call(
                ast.Name("import_module" | "__import__" | "importorskip")
                | ast.Attribute(attr="import_module" | "importorskip"),
                [ast.Constant(str(module)), *_],
            ):
                found.add(Import(module, ""))
    return found


def private_names(source: str) -> set[str]:
    """The private names of others that a source uses: imported, or of what is not its own."""
    private = {
        part
        for module, name in imports(source)
        for part in (*module.split("."), name)
        if part.startswith("_") and not part.endswith("__")
    }
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Attribute(ast.Name("self" | "cls")):
                pass
            case ast.Attribute(attr=name) if name.startswith("_") and not name.endswith("__"):
                private.add(name)
    return private - PUBLIC_ALL_THE_SAME


@pytest.mark.parametrize("part", MAY_IMPORT)
def test_a_part_imports_of_the_others_what_it_may(part: str) -> None:
    files = sorted(FOLDERS[part].rglob("*.py"))
    assert files
    wrong = {
        (str(file.relative_to(ROOT)), module)
        for file in files
        for module, _ in imports(file.read_text())
        if (top := module.split(".")[0]) in MAY_IMPORT.keys() - {part} - MAY_IMPORT[part]
        or top == "tests"
    }
    assert not wrong


@pytest.mark.parametrize("part", ["apps", "nashae_baselines"])
def test_of_another_part_only_public_names_are_used(part: str) -> None:
    folder = FOLDERS[part] if part == "apps" else FOLDERS[part] / "src"
    files = sorted(folder.rglob("*.py"))
    assert {
        file.name: private for file in files if (private := private_names(file.read_text()))
    } == {}


@pytest.mark.parametrize("part", ["apps", "nashae_baselines"])
def test_what_a_package_exports_is_imported_from_the_package(part: str) -> None:
    folder = FOLDERS[part] if part == "apps" else FOLDERS[part] / "src"
    exports = {name: set(import_module(name).__all__) for name in MAY_IMPORT[part]}
    wrong = {
        (file.name, module, name)
        for file in sorted(folder.rglob("*.py"))
        for module, name in imports(file.read_text())
        if name in exports.get(module.split(".")[0], ()) and "." in module
    }
    assert not wrong


@pytest.mark.parametrize(
    "source",
    [
        "import apps",
        "import apps.train",
        "import numpy, apps.train as trained",
        "from apps import train",
        "from apps.train import train_run",
        "def f():\n    from apps.train import train_run",
        "if TYPE_CHECKING:\n    from apps.train import train_run",
        "import importlib\nimportlib.import_module('apps.train')",
        "from importlib import import_module\nimport_module('apps.train')",
        "__import__('apps')",
    ],
)
def test_every_way_to_import_is_seen(source: str) -> None:
    assert "apps" in {module.split(".")[0] for module, _ in imports(source)}


@pytest.mark.parametrize(
    "source",
    [
        "from nashae_core.state import _read",
        "from nashae_core._state import read",
        "import nashae_core._state",
        "import nashae_core\nnashae_core.state._read",
        "model._logits(x)",
        "models[0]._logits",
    ],
)
def test_every_use_of_a_private_name_is_seen(source: str) -> None:
    assert private_names(source)


def test_what_is_ones_own_is_not_private() -> None:
    assert not private_names("self._a = cls._b\nx._replace(a=1)\nx.__class__\nfrom . import b")


def test_ci_runs_the_test_command_of_the_readme() -> None:
    command = (ROOT / ".ci" / "run").read_text().splitlines()[-1]
    assert command in (ROOT / "README.md").read_text().splitlines()
