"""Every check and every main job, each in an environment of its own: `nox --list`."""

from pathlib import Path

import nox

nox.options.default_venv_backend = "uv|virtualenv"
nox.options.error_on_missing_interpreters = True

PACKAGES = Path("packages")
# Which siblings a package declares: they are installed with it, from this repository.
SIBLINGS: dict[str, list[str]] = {
    "nashae-data": [],
    "nashae-core": [],
    "nashae-metrics": [],
    "nashae-baselines": ["nashae-core"],
}
SOURCES = [str(PACKAGES / name / "src") for name in SIBLINGS]


def group(pyproject: Path, name: str) -> list[str]:
    """The requirements of a dependency group."""
    return list(nox.project.dependency_groups(nox.project.load_toml(pyproject), name))


def install_apps(session: nox.Session, *groups: str) -> None:
    """The apps and the four packages, editable, and groups of the root project."""
    requirements = [r for name in groups for r in group(Path("pyproject.toml"), name)]
    editable = [argument for name in SIBLINGS for argument in ("-e", f"{PACKAGES / name}")]
    session.install(*editable, "-e", ".", *requirements)


def make_tests_session(package: str) -> None:
    """A session that tests `package` with nothing installed but what it declares."""

    @nox.session(name=f"tests-{package}", tags=["tests"])
    def tests(session: nox.Session) -> None:
        folder = PACKAGES / package
        siblings = [str(PACKAGES / name) for name in SIBLINGS[package]]
        session.install(str(folder), *siblings, *group(folder / "pyproject.toml", "test"))
        # From the package's folder, where its pytest configuration is: shapes are checked there.
        session.chdir(folder)
        session.run("python", "-m", "pytest", *session.posargs, env={"OMP_NUM_THREADS": "2"})


@nox.session
def lint(session: nox.Session) -> None:
    session.install(*group(Path("pyproject.toml"), "lint"))
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session
def types(session: nox.Session) -> None:
    install_apps(session, "types")
    session.run("mypy", *SOURCES, "apps")


for name in SIBLINGS:
    make_tests_session(name)


@nox.session
def house(session: nox.Session) -> None:
    """What no package can test alone, with the packages' wheels installed."""
    wheels = Path(session.create_tmp()).resolve() / "wheels"
    session.install("hatchling")
    for name in SIBLINGS:
        with session.chdir(PACKAGES / name):
            session.run("hatchling", "build", "--target", "wheel", "--dir", str(wheels))
    built = [str(wheel) for wheel in wheels.glob("*.whl")]
    session.install(*built, "-e", ".", *group(Path("pyproject.toml"), "test"))
    session.run("python", "-m", "pytest", *session.posargs, env={"OMP_NUM_THREADS": "2"})


@nox.session(default=False, reuse_venv=True)
def reproduce(session: nox.Session) -> None:
    """The main job: train, score, draw, report. Arguments after `--` go to apps/reproduce."""
    install_apps(session)
    command = ("python", "-m", "apps.reproduce", *session.posargs)
    session.run(*command, interrupt_timeout=30.0)


@nox.session(default=False, reuse_venv=True)
def benchmark(session: nox.Session) -> None:
    """Our speed beside plain references. Arguments after `--` go to apps/benchmark."""
    install_apps(session)
    session.run("python", "-m", "apps.benchmark", *session.posargs)
