"""Every check and every main job, each in an environment of its own: `nox --list`."""

import os
import shutil
import subprocess
from pathlib import Path

import nox

nox.options.default_venv_backend = "uv|virtualenv"
nox.options.error_on_missing_interpreters = False  # skipped, and said so

# Which siblings a package declares: they are installed with it, from this repository.
SIBLINGS: dict[str, list[str]] = {
    "nashae-data": [],
    "nashae-core": [],
    "nashae-metrics": [],
    "nashae-baselines": ["nashae-core"],
}
FOLDERS = {name: Path("packages") / name for name in SIBLINGS}
ROOT = Path()
# The tests' networks are so small that a second thread only waits for the first.
THREADS = {"OMP_NUM_THREADS": "1"}
# A process for each core, which takes over what is left of another's tests when its own are done.
PYTEST = ("python", "-m", "pytest", "-n", "auto", "--maxprocesses", "8", "--dist", "worksteal")


def group(folder: Path, name: str) -> list[str]:
    """The requirements of a project's dependency group."""
    return list(
        nox.project.dependency_groups(nox.project.load_toml(folder / "pyproject.toml"), name)
    )


def install_all(session: nox.Session, *groups: str) -> None:
    """The apps and the four packages, editable, and groups of the root project."""
    editable = [argument for folder in [*FOLDERS.values(), "."] for argument in ("-e", str(folder))]
    session.install(*editable, *(r for name in groups for r in group(ROOT, name)))


def make_tests_session(package: str) -> None:
    """A session that tests `package` with nothing installed but what it declares."""

    @nox.session(name=f"tests-{package}", tags=["tests"])
    def tests(session: nox.Session) -> None:
        siblings = [str(FOLDERS[name]) for name in SIBLINGS[package]]
        session.install(str(FOLDERS[package]), *siblings, *group(FOLDERS[package], "test"))
        # From the package's folder, where its pytest configuration is: shapes are checked there.
        session.chdir(FOLDERS[package])
        session.run(*PYTEST, *session.posargs, env=THREADS)


@nox.session
def lint(session: nox.Session) -> None:
    """Ruff: rules and format."""
    session.install(*group(ROOT, "lint"))
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session
def types(session: nox.Session) -> None:
    """Mypy, strict, on every source."""
    install_all(session, "types")
    session.run("mypy", *(str(folder / "src") for folder in FOLDERS.values()), "apps")


for package in SIBLINGS:
    make_tests_session(package)


@nox.session
def house(session: nox.Session) -> None:
    """What no package can test alone, with the packages installed from wheels."""
    wheels = Path(session.create_tmp()).resolve() / "wheels"
    shutil.rmtree(wheels, ignore_errors=True)
    session.install("hatchling")
    for folder in FOLDERS.values():
        with session.chdir(folder):
            session.run("hatchling", "build", "--target", "wheel", "-d", str(wheels))
    built = [str(wheel) for wheel in wheels.glob("*.whl")]
    session.install(*built, "-e", ".[dask]", *group(ROOT, "test"))
    # One process: these tests start processes of their own.
    session.run("python", "-m", "pytest", *session.posargs, env=THREADS)


@nox.session
def distributions(session: nox.Session) -> None:
    """Wheel and sdist of each package: built, the wheel from the sdist, and checked."""
    out = Path(session.create_tmp()).resolve() / "dist"
    shutil.rmtree(out, ignore_errors=True)
    session.install("build[uv]", "twine")
    for folder in FOLDERS.values():
        session.run("python", "-m", "build", "--installer", "uv", "-o", str(out), str(folder))
    session.run("twine", "check", "--strict", *(str(file) for file in sorted(out.iterdir())))


def interpreter(version: str) -> str:
    """A Python of that version, also one that pyenv has but not on the path."""
    installed = Path.home().glob(f".pyenv/versions/{version}.*/bin/python")
    for candidate in (f"python{version}", *map(str, sorted(installed))):
        found = shutil.which(candidate)
        if found and subprocess.run([found, "--version"], capture_output=True).returncode == 0:
            return found
    return version  # nox says that it is missing


def make_wheel_session(versions: str, python: str) -> None:
    """A session that tests nashae-metrics' wheel as a stranger with that Python would have it."""

    @nox.session(name=f"wheel-{python}-{versions}", python=interpreter(python), tags=["wheels"])
    def wheel(session: nox.Session) -> None:
        if versions == "lowest" and session.venv_backend != "uv":
            session.skip("only uv can resolve the lowest versions")
        folder = FOLDERS["nashae-metrics"]
        out = Path(session.create_tmp()).resolve() / "wheel"
        shutil.rmtree(out, ignore_errors=True)
        session.install("hatchling")
        with session.chdir(folder):
            session.run("hatchling", "build", "--target", "wheel", "-d", str(out))
        (built,) = out.glob("*.whl")
        if versions == "lowest":
            # Where the lowest version has no wheel for this Python, the lowest one that has.
            bounds = nox.project.load_toml(folder / "pyproject.toml")["project"]["dependencies"]
            options = ("--resolution", "lowest-direct", "--only-binary", ":all:")
            session.install(*options, *bounds)
        session.install(str(built))
        session.install(*group(folder, "test"))
        session.chdir(folder)
        session.run(*PYTEST, *session.posargs, env=THREADS)


for python in ("3.11", "3.12", "3.13"):
    for versions in ("lowest", "newest"):
        make_wheel_session(versions, python)


@nox.session(default=False)
def fuzz(session: nox.Session) -> None:
    """Ten thousand damaged files for each reader of nashae-data: `MUTATIONS=100` for fewer."""
    folder = FOLDERS["nashae-data"]
    session.install(str(folder), *group(folder, "test"))
    session.chdir(folder)
    many = {"MUTATIONS": os.environ.get("MUTATIONS", "10000")}
    session.run(*PYTEST, "tests/test_fuzz.py", *session.posargs, env=THREADS | many)


@nox.session(default=False, reuse_venv=True)
def dev(session: nox.Session) -> None:
    """An environment with everything, editable: `. .nox/dev/bin/activate`."""
    install_all(session, "test", "lint", "types")
    session.install(
        "-e", ".[dask,ray]", *(r for folder in FOLDERS.values() for r in group(folder, "test"))
    )


@nox.session(default=False, reuse_venv=True)
def reproduce(session: nox.Session) -> None:
    """The main job: train, score, draw, report. What follows `--` goes to apps/reproduce."""
    install_all(session)
    session.run("python", "-m", "apps.reproduce", *session.posargs, interrupt_timeout=30.0)


@nox.session(default=False, reuse_venv=True)
def benchmark(session: nox.Session) -> None:
    """Our speed beside plain references. What follows `--` goes to apps/benchmark."""
    install_all(session)
    session.run("python", "-m", "apps.benchmark", *session.posargs)
