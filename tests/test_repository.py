"""What holds for the four packages together: versions, pins, licences."""

import tomllib
from pathlib import Path

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


def test_nothing_but_apps_depends_on_apps() -> None:
    sources = [path for folder in PACKAGES for path in (folder / "src").rglob("*.py")]
    assert sources
    assert not [path for path in sources if "apps" in path.read_text().split()]


def test_ci_runs_the_test_command_of_the_readme() -> None:
    command = (ROOT / ".ci" / "run").read_text().splitlines()[-1]
    assert command in (ROOT / "README.md").read_text().splitlines()
