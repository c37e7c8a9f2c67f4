"""What is kept on disk is made again when what made it has changed, and not otherwise."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import apps.runs.made_by
from apps.recipes import DATA_SETS, RECIPES, AnyRecipe, networks
from apps.recipes.data_sets import synthetic_faces as recipe_faces
from apps.recipes.inputs import colour_images, waveforms
from apps.reproduce.factors import runs as count_runs
from apps.reproduce.factors.runs import CountRun, run_counts
from apps.runs import scoring
from apps.runs.folder import RunFolder
from apps.runs.rows import Row
from apps.runs.scoring import score_runs
from apps.runs.sweep import finished, run_sweep
from apps.runs.train import train_run
from nashae_core import MLP, Progress, TrainConfig
from nashae_data import synthetic_faces

CHECKPOINT = "checkpoint.safetensors"
TINY = TrainConfig(steps=3, batch_size=4, record_every=1)
RECIPE = replace(RECIPES["beamsynthesis-nashae"], latents=2, train=TINY)
OURS = ("nashae-core", "nashae-data", "nashae-baselines")


@pytest.fixture(autouse=True)
def nothing_remembered() -> Iterator[None]:
    """Networks are described once a process, in which no recipe changes."""
    apps.runs.made_by._networks.cache_clear()
    yield
    apps.runs.made_by._networks.cache_clear()


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    return train_run(RECIPE, tmp_path / RECIPE.label)


def change(run: RunFolder, edit: Callable[[dict[str, Any]], None]) -> None:
    """Change the run's config.json: the run was made by something else."""
    file = run.path / "config.json"
    config = json.loads(file.read_text())
    edit(config)
    file.write_text(json.dumps(config))


def contents(path: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in path.iterdir() if file.name[0] != "."}


def made_steps(run: RunFolder, recipe: AnyRecipe = RECIPE) -> list[int]:
    """The steps that are taken when the recipe is trained into the folder of `run`."""
    steps: list[int] = []
    train_run(recipe, run.path, on_progress=lambda p: steps.append(p.step))
    return steps


# Trained runs

CHANGES: dict[str, Callable[[dict[str, Any]], object]] = {
    **{f"another {name}": lambda c, n=name: c["versions"].update({n: "0.0.9"}) for name in OURS},
    "no versions": lambda c: c.pop("versions"),
    "of release 0.1.0": lambda c: [c.pop(name, None) for name in ("networks", "inputs")],
    # A release and what it builds: the release is what is said.
    "all of it": lambda c: [
        c["versions"].update(dict.fromkeys(OURS, "0.0.9")),
        c.pop("networks", None),
    ],
}


@pytest.mark.parametrize("edit", CHANGES)
def test_a_run_that_something_else_made_is_made_again_and_that_is_said(
    run: RunFolder, edit: str, capsys: pytest.CaptureFixture[str]
) -> None:
    change(run, CHANGES[edit])
    before = contents(run.path)
    assert not finished(RECIPE, run.path)
    assert made_steps(run) == [1, 2, 3]
    (line,) = capsys.readouterr().out.splitlines()
    assert str(run.path) in line
    assert "made again" in line
    if edit in ("another nashae-core", "another nashae-data", "all of it"):
        assert f"0.0.9, now {version('nashae-core')}" in line
    if edit == "of release 0.1.0":
        assert "made by networks absent, now NashAE()" in line
    assert finished(RECIPE, run.path)
    # Nothing is lost, and nothing is said or made twice.
    (aside,) = (path for path in run.path.iterdir() if path.is_dir())
    assert contents(aside) == before
    assert made_steps(RunFolder(run.path)) == []
    assert not capsys.readouterr().out


def test_what_cannot_change_a_number_leaves_a_run_as_it_is(run: RunFolder) -> None:
    change(run, lambda c: c["versions"].update({"torch": "1.0", "numpy": "1.0", "python": "3.9"}))
    change(run, lambda c: c.update(root="elsewhere"))
    assert made_steps(run) == []


def wider(sizes: Any, *, generator: torch.Generator, **options: Any) -> MLP:
    """A perceptron whose weights begin √2 as large: what no config holds."""
    model = MLP(sizes, generator=generator, **options)
    with torch.no_grad():
        for weight in model.weights:
            weight *= 2**0.5
    return model


def other(**changes: Any) -> Callable[[pytest.MonkeyPatch], None]:
    """Change fields of the record of Beamsynthesis."""
    changed = replace(DATA_SETS["beamsynthesis"], **changes)
    return lambda patch: patch.setitem(DATA_SETS, "beamsynthesis", changed)


def layers(activation: str = "selu", decoder: tuple[int, ...] = (40, 80, 200)) -> Any:
    """The networks of Beamsynthesis, except what is given."""
    encoder = networks.Layers((200, 80, 40), activation)
    return networks.perceptrons(1000, encoder, networks.Layers(decoder, "selu"))


RECIPE_CHANGES: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "gains": lambda patch: patch.setattr(networks, "MLP", wider),
    "activation": other(networks=layers("tanh")),
    "layers": other(networks=layers(decoder=(40,))),
    "scale": other(inputs=waveforms(0.318, 3.0)),
    "release": lambda patch: patch.setattr("apps.runs.made_by.version", lambda _: "0.9.0"),
}


@pytest.mark.parametrize("what", RECIPE_CHANGES)
def test_a_recipe_that_was_mended_makes_its_runs_again(
    run: RunFolder, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    RECIPE_CHANGES[what](monkeypatch)
    apps.runs.made_by._networks.cache_clear()
    assert not finished(RECIPE, run.path)
    assert made_steps(run) == [1, 2, 3]


def test_every_recipe_is_described_alike_each_time_and_each_by_what_it_builds() -> None:
    first = {name: apps.runs.made_by.made_by(r)["networks"] for name, r in RECIPES.items()}
    apps.runs.made_by._networks.cache_clear()
    for name, recipe in RECIPES.items():
        networks = apps.runs.made_by.made_by(replace(recipe, seed=5))["networks"]
        assert networks == first[name]
        weights = dict(recipe.build(torch.Generator()).named_parameters())
        assert weights.keys() <= networks.keys()
    assert "selu" in str(first["beamsynthesis-nashae"])


def test_colours_of_faces_are_part_of_a_run(monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = RECIPES["celeba-nashae"]
    before = apps.runs.made_by.made_by(recipe)["inputs"]
    other_colours = colour_images((0.5,) * 3, (0.2,) * 3)
    changed = replace(DATA_SETS["celeba"], inputs=other_colours)
    monkeypatch.setitem(DATA_SETS, "celeba", changed)
    assert apps.runs.made_by.made_by(recipe)["inputs"] != before


def cut_off(path: Path) -> RunFolder:
    """A run that was cut off after its second step."""

    def stop(progress: Progress) -> None:
        if progress.step == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_run(RECIPE, path, checkpoint_seconds=0, on_progress=stop)
    return RunFolder(path)


def test_a_stale_checkpoint_is_not_resumed(tmp_path: Path) -> None:
    run = cut_off(tmp_path / "run")
    assert made_steps(run) == [3]
    run = cut_off(tmp_path / "stale")
    change(run, CHANGES["another nashae-core"])
    assert made_steps(run) == [1, 2, 3]
    assert not (run.path / CHECKPOINT).exists()


@pytest.mark.parametrize("moved", range(5))
def test_a_move_that_was_cut_off_goes_on(
    run: RunFolder, monkeypatch: pytest.MonkeyPatch, moved: int
) -> None:
    change(run, CHANGES["another nashae-core"])
    before, left, move = contents(run.path), moved, Path.replace

    def killed(path: Path, target: Path) -> Path:
        nonlocal left
        left -= 1
        if left < 0:
            raise KeyboardInterrupt
        return move(path, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", killed)
        with pytest.raises(KeyboardInterrupt):
            train_run(RECIPE, run.path)
    assert not finished(RECIPE, run.path)
    assert made_steps(RunFolder(run.path)) == [1, 2, 3]
    assert contents(run.path / "stale-0.0.9") == before


def test_a_run_that_is_stale_twice_is_kept_twice(run: RunFolder) -> None:
    for _ in range(2):
        change(RunFolder(run.path), CHANGES["another nashae-core"])
        made_steps(RunFolder(run.path))
    assert {p.name for p in run.path.iterdir() if p.is_dir()} == {"stale-0.0.9", "stale-0.0.9-2"}


def test_a_stale_run_is_not_touched_before_its_data_are_there(tmp_path: Path) -> None:
    recipe = replace(RECIPES["celeba-nashae"], train=TINY)
    folder = RunFolder(tmp_path / "run")
    with pytest.raises(FileNotFoundError):
        train_run(recipe, folder.path, root=tmp_path / "nowhere")
    assert not contents(folder.path)  # a start that failed leaves no config.json
    config = {"method": "nashae", "recipe": json.loads(json.dumps(recipe.as_dict()))}
    folder.write_json("config.json", config)
    before = contents(folder.path)
    with pytest.raises(FileNotFoundError):
        train_run(recipe, folder.path, root=tmp_path / "nowhere")
    assert contents(folder.path) == before


def test_a_stale_run_of_another_recipe_is_refused(run: RunFolder) -> None:
    change(run, CHANGES["another nashae-core"])
    before = contents(run.path)
    for other in (replace(RECIPE, seed=1), RECIPE.with_weight(0.3), RECIPES["beamsynthesis-aae"]):
        with pytest.raises(ValueError, match="holds another run"):
            train_run(other, run.path)
    assert contents(run.path) == before
    # The settings of the recipe of this name may have changed with the release.
    longer = replace(RECIPE, train=replace(TINY, steps=4))
    assert made_steps(RunFolder(run.path), longer) == [1, 2, 3, 4]


def test_a_sweep_makes_stale_runs_again_and_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fresh, stale = RECIPE, replace(RECIPE, seed=1)
    folders = run_sweep([fresh, stale], tmp_path, jobs=1)
    change(folders[1], CHANGES["another nashae-baselines"])
    kept = contents(folders[0].path)
    capsys.readouterr()
    run_sweep([fresh, stale], tmp_path, jobs=1)
    (line,) = capsys.readouterr().out.splitlines()
    assert f"{folders[1].path} is made again" in line
    assert "nashae-baselines 0.0.9, now" in line
    assert contents(folders[0].path) == kept
    assert finished(stale, folders[1].path)


@pytest.mark.parametrize("place", [(), ("recipe",), ("recipe", "method"), ("recipe", "train")])
@pytest.mark.parametrize("what", ["unknown", "missing"])
def test_fields_of_a_config_are_all_known_and_all_there(
    run: RunFolder, place: tuple[str, ...], what: str
) -> None:
    """The missing one has a default, and the unknown one would be dropped."""

    def edit(config: dict[str, Any]) -> None:
        at = config
        for name in place:
            at = at[name]
        if what == "unknown":
            at["momentum"] = 0.9
        else:
            at.pop({(): "recipe", ("recipe",): "latents"}.get(place) or [*at][-1])

    change(run, edit)
    folder = RunFolder(run.path)
    for read in (lambda: folder.recipe, lambda: train_run(RECIPE, run.path)):
        with pytest.raises(ValueError, match=r"config\.json is not a run's: ") as error:
            read()
        assert len(str(error.value)) < 300
        assert str(error.value).count("is not a run's") == 1
        if what == "unknown":
            assert "momentum" in str(error.value)
    assert not finished(RECIPE, run.path)


# Rows


def scored_row(folder: RunFolder) -> Row:
    CALLS.append(folder.path.name)
    return {"seed": folder.record["seed"]}


CALLS: list[str] = []
ROW_CHANGES: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "metrics": lambda p: p.setattr(scoring, "version", lambda _: "0.9.0"),
    "code": lambda p: p.setattr(scoring, "code_digest", lambda _: "other"),
}


@pytest.mark.parametrize("what", ROW_CHANGES)
def test_a_row_that_other_code_made_is_made_again(
    run: RunFolder, what: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    CALLS.clear()
    score_runs([run], scored_row, 1)
    score_runs([run], scored_row, 1)
    assert len(CALLS) == 1
    assert "scored again" not in capsys.readouterr().out
    ROW_CHANGES[what](monkeypatch)
    (row,) = score_runs([run], scored_row, 1)
    assert row["seed"] == 0
    assert len(CALLS) == 2
    assert "1 of 1 runs are scored again" in capsys.readouterr().out


def test_a_counted_row_that_other_code_made_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = [CountRun("nashae-aligned", "12 duty cycles", 4, 0)]
    made: list[str] = []

    def row(run: CountRun, factors: int | None = None) -> Row:
        made.append(run.method)
        return {"learned": len(made)}

    monkeypatch.setattr(count_runs, "count_row", row)
    assert run_counts(runs, tmp_path, 1) == run_counts(runs, tmp_path, 1) == [{"learned": 2}]
    file = tmp_path / runs[0].file
    count_runs._code.cache_clear()
    monkeypatch.setattr(count_runs, "code_digest", lambda _: "other")
    assert run_counts(runs, tmp_path, 1) == [{"learned": 4}]
    assert made == 2 * ["nashae-counted", "nashae-aligned"]
    assert "1 of 1 runs" in capsys.readouterr().out
    assert len(list((tmp_path / "stale").iterdir())) == 2
    file.write_text('{"learned": 9}\n')  # as release 0.1.0 wrote it
    assert run_counts(runs, tmp_path, 1) == [{"learned": 5}]
    count_runs._code.cache_clear()


def test_faces_that_other_code_drew_are_drawn_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe_faces.drawn_by()  # remembered: it draws too
    monkeypatch.setattr(recipe_faces, "FACES", 2)
    drawn: list[int] = []

    def draw(n: int, rng: np.random.Generator, on_faces: Any) -> Any:
        drawn.append(n)
        return synthetic_faces(n, rng, on_faces)

    monkeypatch.setattr(recipe_faces, "synthetic_faces", draw)
    recipe_faces.kept_faces(tmp_path)
    recipe_faces.kept_faces(tmp_path)
    assert drawn == [2]
    assert not capsys.readouterr().out
    (file,) = tmp_path.glob("*.npz")
    with np.load(file) as arrays:
        source = arrays["provenance"][0]
        np.savez(file, **{**arrays, "provenance": [source, version("nashae-data"), "other code"]})
    recipe_faces.kept_faces(tmp_path)
    assert drawn == [2, 2]
    assert "drawn again" in capsys.readouterr().out


def test_the_faces_are_those_of_the_runs_that_are_kept() -> None:
    """Another drawing makes all runs on them stale: give the new digest no old name."""
    assert recipe_faces.drawn_by() == recipe_faces.NAME


# The digest


@pytest.mark.parametrize(
    ("source", "same"),
    [
        ("def f(x):\n    return x + 1\n", True),
        (
            '"""A module."""\ndef f(x):  # a comment\n    """One more."""\n    return (x + 1)\n',
            True,
        ),
        ("def f(x):\n    return x + 2\n", False),
        ("def f(x):\n    return x - 1\n", False),
        ("def f(x, y=0):\n    return x + 1\n", False),
        ("LIMIT = 2\ndef f(x):\n    return x + 1\n", False),
    ],
)
def test_a_digest_is_of_the_code_alone(tmp_path: Path, source: str, same: bool) -> None:
    from apps.sources import code_digest

    digests = set()
    for folder, text in (("old", "def f(x):\n    return x + 1\n"), ("new", source)):
        file = tmp_path / folder / "apps" / "a" / "module.py"
        file.parent.mkdir(parents=True)
        file.write_text(text)
        digests.add(code_digest([file]))
    assert (len(digests) == 1) == same


@pytest.mark.parametrize("module", ["table1.score", "table2.score", "table3.score", "factors.runs"])
def test_all_that_a_score_is_computed_with_is_in_its_digest(module: str) -> None:
    from apps.sources import imported_files

    files = imported_files(f"apps.reproduce.{module}", scoring.SCORING)
    names = {"/".join(file.with_suffix("").parts[-2:]) for file in files}
    assert {module.replace(".", "/"), "recipes/recipes"} <= names
    assert {"mig", "active_latents"} <= {file.stem for file in files}
    assert ("factors/forest" in names) == (module == "factors.runs")
    if module == "factors.runs":
        files = imported_files(f"apps.reproduce.{module}", count_runs.CODE)
        assert "counting" in {file.stem for file in files}
