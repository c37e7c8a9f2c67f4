"""The command `nashae`: data of one's own, from a file to a run folder, codes, scores, a count."""

import json
import subprocess
import sys
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from apps.own import results, search
from apps.own.__main__ import COMMANDS, main
from apps.recipes import look_at, own_recipe
from apps.recipes.own import labelled_data
from apps.runs.folder import RunFolder
from nashae_core import CountConfig, Pruning, count_factors
from nashae_data import AttributeDataset

FEW = ("--latents", "3", "--steps", "4", "--batch-size", "8")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with data of several kinds, which is where commands run."""
    rng = np.random.default_rng(0)
    waves, factors = rng.normal(size=(40, 20)), np.c_[np.arange(40) % 4, np.arange(40) % 5]
    np.savez(tmp_path / "waves.npz", waves=waves, factors=factors)
    np.save(tmp_path / "channels.npy", rng.normal(size=(40, 2, 32)).astype(np.float32))
    np.savez(tmp_path / "faces.npz", x=rng.normal(size=(40, 9)), attributes=factors > 1)
    np.save(tmp_path / "small.npy", rng.random((40, 8, 8)))  # pictures that a perceptron sees
    (tmp_path / "pictures").mkdir()
    for i, image in enumerate(rng.integers(0, 255, (20, 16, 21, 3), dtype=np.uint8)):
        Image.fromarray(image).save(tmp_path / "pictures" / f"{i:02}.png")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def nashae(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    monkeypatch.setattr(sys, "argv", ["nashae", *arguments])
    main()


@pytest.mark.parametrize(
    ("data", "kind", "labels"),
    [
        ("waves.npz", "vector", "factors"),
        ("channels.npy", "series", "none"),
        ("small.npy", "vector", "none"),
        ("faces.npz", "vector", "attributes"),
        ("pictures", "image", "none"),
    ],
)
@pytest.mark.filterwarnings("ignore:no latent is active")
def test_a_file_becomes_a_run_folder_with_figures(
    here: Path, data: str, kind: str, labels: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    nashae(monkeypatch, "train", data, *FEW)
    (path,) = (here / "runs").iterdir()
    run = RunFolder(path)
    source = run.recipe.source
    assert source is not None
    assert (source.kind, source.labels) == (kind, labels)
    assert run.codes["codes"].shape == (source.n, 3)
    assert ("values" in run.codes, "attributes" in run.codes) == (
        labels == "factors",
        labels == "attributes",
    )
    drawn = {p.name for p in (path / "figures").glob("*.png")}
    assert f"{path.name}-traversal.png" in drawn
    found = json.loads((path / "result.json").read_text())
    assert found["explained_held_out"] < 1

    before = (path / "weights.safetensors").read_bytes()
    nashae(monkeypatch, "train", data, *FEW)  # a finished run is left alone
    assert (path / "weights.safetensors").read_bytes() == before
    nashae(monkeypatch, "encode", str(path), data, "--out", "codes.npz")
    np.testing.assert_allclose(np.load("codes.npz")["codes"], run.codes["codes"], atol=1e-6)


def test_scores_and_comparisons(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    methods = ("--methods", "nashae", "beta-vae", "--seeds", "2", "--jobs", "1")
    nashae(monkeypatch, "compare", "waves.npz", *FEW, *methods, "--json")
    compared = json.loads(capsys.readouterr().out)
    assert list(compared) == ["nashae", "beta-vae"]
    for column in compared.values():
        assert len(column["mig"]) == len(column["learned"]) == 2
        assert len(column["udr"]) == 1
    run = here / "compare" / "runs" / "waves-nashae-0.2-m3-seed0"
    nashae(monkeypatch, "score", str(run), "--json")
    assert json.loads(capsys.readouterr().out)["mig"] == compared["nashae"]["mig"][0]


def test_attributes_of_minus_1_and_1_are_celebas_and_others_are_refused(tmp_path: Path) -> None:
    x, signs = np.zeros((4, 3)), np.array([[-1, 1], [1, 1], [-1, -1], [1, -1]])
    np.savez(tmp_path / "signs.npz", x=x, attributes=signs)
    kept = labelled_data(look_at(tmp_path / "signs.npz"))
    assert isinstance(kept, AttributeDataset)
    np.testing.assert_array_equal(kept.attributes, signs > 0)
    np.savez(tmp_path / "counts.npz", x=x, attributes=2 * signs)
    with pytest.raises(ValueError, match="attributes must be 0 and 1, or -1 and 1; got -2"):
        labelled_data(look_at(tmp_path / "counts.npz"))


def test_an_infinite_score_is_no_number_of_json(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    nashae(monkeypatch, "train", "waves.npz", *FEW, "--json")
    (path,) = (here / "runs").iterdir()
    run = RunFolder(path)
    codes = run.codes | {"codes": run.codes["codes"][:, [0, 0, 0]]}  # dependent, so infinite
    run.write_arrays("codes.npz", codes)
    run.write_record(run.record)
    capsys.readouterr()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(results, "learned", lambda _: SimpleNamespace(active=np.ones(3, bool)))
        nashae(monkeypatch, "score", str(path), "--json")
    assert json.loads(capsys.readouterr().out)["total_correlation"] is None


def test_a_count_says_how_sure_it_is(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pruning = Pruning(every=20, until=20)
    config = CountConfig(pruning=pruning, test_steps=10, growth_steps=10, growth_warm_up=10)
    monkeypatch.setattr(search, "count_factors", partial(count_factors, config=config))
    nashae(monkeypatch, "count", "waves.npz", "--latents", "3", "--json")
    found = json.loads(capsys.readouterr().out)
    assert found["factors"] >= 1
    assert found["sure"] is False
    (folder,) = (here / "counts").iterdir()
    assert {p.name for p in folder.iterdir()} == {
        "count.json",
        "count.png",
        "weights.json",
        "weights.safetensors",
    }


@pytest.mark.parametrize(
    ("shape", "kind", "pictures"),
    [
        ((8, 9), "auto", (8, 9)),
        ((17, 20), "auto", (17, 20)),
        ((1, 17, 20), "auto", (17, 20)),
        ((3, 17, 20), "auto", (17, 20, 3)),
        ((17, 20, 3), "auto", (17, 20, 3)),
        ((17, 20, 4), "auto", (17, 20, 3)),
        ((40,), "series", (40,)),
        ((2, 40), "auto", (80,)),
    ],
)
def test_observations_are_drawn_whole(
    tmp_path: Path, shape: tuple[int, ...], kind: Any, pictures: tuple[int, ...]
) -> None:
    x = np.random.default_rng(0).random((12, *shape))
    np.save(tmp_path / "x.npy", x)
    recipe = own_recipe(look_at(tmp_path / "x.npy", kind=kind), latents=3)
    inputs = recipe.data_set.inputs
    assert inputs.shown(x[0]).shape == pictures
    rows = inputs.of(np.load(tmp_path / "x.npy"), "cpu")
    decoded = inputs.decoded(rows[:2])
    assert decoded.shape == (2, *pictures)
    np.testing.assert_allclose(decoded[0], inputs.shown(x[0]), atol=1e-5)


def test_output_whose_reader_has_gone_says_nothing() -> None:
    command = f"{sys.executable} -m apps.own train --help | head -1"
    ran = subprocess.run(["bash", "-c", command], capture_output=True, text=True)
    assert ran.stdout.startswith("usage: nashae train")
    assert not ran.stderr


def test_what_was_held_out_is_not_trained_on(here: Path) -> None:
    trained, tested = look_at(here / "waves.npz", held_out=0.25).rows
    assert len(tested) == 10
    assert sorted([*trained.tolist(), *tested.tolist()]) == list(range(40))


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("train", "nowhere.npz"), "must be a file or a folder"),
        (("train", "waves.npz", "--key", "x"), "must hold 'x'"),
        (("train", "waves.npz", "--method", "oracle"), "unknown method 'oracle'"),
        (("train", "waves.npz", "--kind", "image"), "must have 2 axes"),
        (("train", "waves.npz", "--held-out", "2"), "held_out must be in"),
        (("compare", "waves.npz", "--seeds", "0"), "seeds must be at least 1"),
        (("encode", "nowhere", "waves.npz"), "holds no finished run"),
    ],
)
def test_errors_are_one_line_and_status_2(
    here: Path,
    arguments: tuple[str, ...],
    text: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as end:
        nashae(monkeypatch, *arguments)
    assert end.value.code == 2
    error = capsys.readouterr().err
    assert text in error
    assert error.count("\n") == 1


def test_every_command_has_help_with_an_example(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    nashae(monkeypatch, "--version")
    assert capsys.readouterr().out.startswith("nashae ")
    for command in COMMANDS.keys() - {"figures", "reproduce"}:
        with pytest.raises(SystemExit):
            nashae(monkeypatch, command, "--help")
        assert "Example: nashae" in " ".join(capsys.readouterr().out.split())
