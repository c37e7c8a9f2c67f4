"""Every check and every main job, each in an environment of its own: `nox --list`."""

import os
import re
import shutil
import subprocess
from datetime import date
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
# The tests' networks are so small that a second thread only waits for the first. Bytecode is kept
# whatever the shell says: else each process of each test compiles torch anew, for ten seconds.
TESTS = {"OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": ""}
# A process for each core, which takes over what is left of another's tests when its own are done.
PROCESSES = ("-n", "auto", "--maxprocesses", "8", "--dist", "worksteal")
PYTEST = ("python", "-m", "pytest", "--durations=10", *PROCESSES)


def group(folder: Path, name: str) -> list[str]:
    """The requirements of a project's dependency group."""
    return list(
        nox.project.dependency_groups(nox.project.load_toml(folder / "pyproject.toml"), name)
    )


def install_all(session: nox.Session, *groups: str) -> None:
    """The apps and the four packages, editable, and groups of the root project."""
    editable = [argument for folder in [*FOLDERS.values(), "."] for argument in ("-e", str(folder))]
    session.install(*editable, *(r for name in groups for r in group(ROOT, name)))


def git(*arguments: str) -> list[str]:
    """The lines that git prints; none where it fails."""
    return subprocess.run(["git", *arguments], capture_output=True, text=True).stdout.splitlines()


def changed() -> set[str]:
    """The packages that differ from main, committed or not, and those that depend on them."""
    bases = (git("merge-base", "HEAD", main) for main in ("origin/main", "main"))
    base = next(filter(None, bases), None)
    if base is None:
        return set(SIBLINGS)
    files = git("diff", "--name-only", *base) + git("ls-files", "--others", "--exclude-standard")
    folders = {parent for file in files for parent in Path(file).parents}
    touched = {name for name in SIBLINGS if FOLDERS[name] in folders}
    return {name for name, siblings in SIBLINGS.items() if touched & {name, *siblings}}


def make_tests_session(package: str, *, fast: bool = False) -> None:
    """A session that tests `package` with nothing installed but what it declares.

    The fast one does so where the package is changed, in the environment of the last time.
    """

    def tests(session: nox.Session) -> None:
        if fast and package not in changed():
            session.skip("not changed")
        siblings = [str(FOLDERS[name]) for name in SIBLINGS[package]]
        session.install(str(FOLDERS[package]), *siblings, *group(FOLDERS[package], "test"))
        # From the package's folder, where its pytest configuration is: shapes are checked there.
        session.chdir(FOLDERS[package])
        session.run(*PYTEST, *session.posargs, env=TESTS)

    name, tag = (f"fast-{package}", "fast") if fast else (f"tests-{package}", "tests")
    nox.session(tests, name=name, tags=[tag], default=not fast, reuse_venv=fast)


@nox.session(tags=["fast"], reuse_venv=True)
def lint(session: nox.Session) -> None:
    """Rules, format, spelling, retired words, workflows: the hooks of .pre-commit-config.yaml."""
    session.install(*group(ROOT, "lint"))
    session.run("pre-commit", "run", "--all-files", env={"SKIP": "types"})


@nox.session(tags=["fast"], reuse_venv=True)
def types(session: nox.Session) -> None:
    """Mypy, strict, on every source."""
    install_all(session, "types")
    session.run("mypy", *(str(folder / "src") for folder in FOLDERS.values()), "apps")


for package in SIBLINGS:
    make_tests_session(package)
    make_tests_session(package, fast=True)


def run_house(session: nox.Session, extras: str, *options: str) -> None:
    """Run `tests/` with the packages installed from wheels, and the apps editable."""
    wheels = Path(session.create_tmp()).resolve() / "wheels"
    shutil.rmtree(wheels, ignore_errors=True)
    session.install("hatchling")
    for folder in FOLDERS.values():
        with session.chdir(folder):
            session.run("hatchling", "build", "--target", "wheel", "-d", str(wheels))
    built = [str(wheel) for wheel in wheels.glob("*.whl")]
    session.install(*built, "-e", f".[{extras}]", *group(ROOT, "test"))
    session.run(*PYTEST, *options, *session.posargs, env=TESTS)


@nox.session
def house(session: nox.Session) -> None:
    """What no package can test alone."""
    run_house(session, "dask")


@nox.session(name="house-nightly", tags=["nightly"], default=False)
def house_nightly(session: nox.Session) -> None:
    """What takes too long for each change: the main job whole, a hundred kills, ray."""
    run_house(session, "dask,ray", "-m", "nightly")


@nox.session
def distributions(session: nox.Session) -> None:
    """Wheel and sdist of each package, built and checked; `-- dist` puts them in that folder."""
    out = build(session)
    if session.posargs:
        shutil.copytree(out, session.posargs[0], dirs_exist_ok=True)


def build(session: nox.Session) -> Path:
    """Build and check each package's sdist, and its wheel from the sdist; give their folder."""
    out = Path(session.create_tmp()).resolve() / "dist"
    shutil.rmtree(out, ignore_errors=True)
    session.install("build[uv]", "twine")
    for folder in FOLDERS.values():
        session.run("python", "-m", "build", "--installer", "uv", "-o", str(out), str(folder))
    session.run("twine", "check", "--strict", *(str(file) for file in sorted(out.iterdir())))
    return out


@nox.session(default=False, reuse_venv=True)
def api(session: nox.Session) -> None:
    """What differs in the packages' public names from the last tag."""
    session.install("griffe")
    if not (tags := git("tag", "--list", "v*", "--sort=-version:refname")):
        session.skip("no version is tagged yet")
    for name, folder in FOLDERS.items():
        module = name.replace("-", "_")
        session.run("griffe", "check", module, "-s", str(folder / "src"), "-a", tags[0])


UNRELEASED = "not yet released"


@nox.session(default=False, reuse_venv=True)
def release(session: nox.Session) -> None:
    """`nox -s release -- 1.2.0`: bump, date the changelog, build, check, commit, tag.

    Publishes nothing: pushing the tag does, by .github/workflows/release.yml.
    """
    if len(session.posargs) != 1 or not re.fullmatch(r"\d+\.\d+\.\d+", session.posargs[0]):
        session.error(
            f"the version must be like 1.2.0; got {session.posargs}: nox -s release -- 1.2.0"
        )
    (new,) = session.posargs
    old = nox.project.load_toml("pyproject.toml")["project"]["version"]
    if [int(part) for part in new.split(".")] < [int(part) for part in old.split(".")]:
        session.error(f"the version must be {old} or later; got {new}")
    if git("status", "--porcelain"):
        session.error("the working tree must be clean: commit or stash your changes")
    if git("tag", "--list", f"v{new}"):
        session.error(f"v{new} must not be tagged yet: give a later version")
    try:
        for path, text in released(old, new).items():
            path.write_text(text)
        build(session)
    except BaseException:
        git("checkout", "--", ".")  # nothing but the bump: the tree was clean
        raise
    session.run("git", "commit", "-qam", f"Release {new}", external=True)
    session.run("git", "tag", "-a", f"v{new}", "-m", f"Release {new}", external=True)
    session.log(f"to publish it: git push --follow-tags; to take it back: git tag -d v{new}")


def released(old: str, new: str) -> dict[Path, str]:
    """The files that name the version, as the release has them.

    Raises `ValueError` where the changelog does not begin with a section that is not yet released.
    """
    log = Path("CHANGELOG.md")
    section = re.compile(rf"^## (.*), {UNRELEASED}$(?=\n+\S)", re.M)
    dated, found = section.subn(f"## {new}, {date.today()}", log.read_text(), count=1)
    if not found:
        raise ValueError(f"CHANGELOG.md must have a section '## {new}, {UNRELEASED}': add it")
    texts = {log: dated}
    for folder in [ROOT, *FOLDERS.values()]:
        path = folder / "pyproject.toml"
        own = path.read_text().replace(f'\nversion = "{old}"', f'\nversion = "{new}"')
        texts[path] = re.sub(rf"(nashae-[a-z]+ == ){re.escape(old)}", rf"\g<1>{new}", own)
    citation = Path("CITATION.cff")
    texts[citation] = citation.read_text().replace(f"\nversion: {old}", f"\nversion: {new}")
    return texts


def interpreter(version: str) -> str:
    """A Python of that version, also one that pyenv has but not on the path."""
    installed = Path.home().glob(f".pyenv/versions/{version}.*/bin/python")
    for candidate in (f"python{version}", *map(str, sorted(installed))):
        found = shutil.which(candidate)
        if found and subprocess.run([found, "--version"], capture_output=True).returncode == 0:
            return found
    return version  # nox says that it is missing


# The wheel is tested whole on the oldest Python with the lowest versions and on the newest with the
# newest; on the others by its README and every metric once, and whole in a nightly run.
WHOLE = {("3.11", "lowest"), ("3.13", "newest")}
SMOKE = (
    "tests/test_readme.py",
    "tests/test_package.py",
    "tests/report/test_evaluate.py::test_every_metric_of_factors_and_codes_has_a_row",
)


def make_wheel_session(python: str, versions: str, *, whole: bool, nightly: bool) -> None:
    """A session that tests nashae-metrics' wheel as a stranger with that Python would have it."""

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
        session.run(*PYTEST, *(() if whole else SMOKE), *session.posargs, env=TESTS)

    name = f"wheel-{python}-{versions}" + ("-nightly" if nightly else "")
    tags = ["nightly"] * whole + ["wheels"] * (not nightly)
    nox.session(wheel, python=interpreter(python), name=name, tags=tags, default=not nightly)


for python in ("3.11", "3.12", "3.13"):
    for versions in ("lowest", "newest"):
        whole = (python, versions) in WHOLE
        make_wheel_session(python, versions, whole=whole, nightly=False)
        if not whole:
            make_wheel_session(python, versions, whole=True, nightly=True)


@nox.session(tags=["nightly"], default=False)
def fuzz(session: nox.Session) -> None:
    """Ten thousand damaged files for each reader of nashae-data: `MUTATIONS=100` for fewer."""
    folder = FOLDERS["nashae-data"]
    session.install(str(folder), *group(folder, "test"))
    session.chdir(folder)
    many = {"MUTATIONS": os.environ.get("MUTATIONS", "10000")}
    session.run(*PYTEST, "tests/test_fuzz.py", *session.posargs, env=TESTS | many)


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
