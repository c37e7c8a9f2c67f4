"""Faces: their recipes and inputs, a run as a row of Table 3, its figures, report and command."""

import io
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision import transforms

from apps.figures import draw_attribute_traversals, draw_image_traversal, draw_tad_over_images
from apps.figures.__main__ import figures
from apps.recipes import (
    DATA_SETS,
    RECIPES,
    AnyRecipe,
    inputs,
)
from apps.recipes.data_sets import synthetic_faces as recipe_faces
from apps.recipes.data_sets.synthetic_faces import kept_faces
from apps.reproduce.__main__ import reproduce
from apps.reproduce.table import Results, Table, write_report
from apps.reproduce.table3 import paper
from apps.reproduce.table3.cells import captured_attributes, table_3
from apps.reproduce.table3.recipes import table_3_recipes
from apps.reproduce.table3.score import sampled_codes, score_faces
from apps.reproduce.tables import TABLES
from apps.runs.folder import RunFolder
from apps.runs.memory import keep_memory
from apps.runs.rows import Row, published, read_rows
from apps.runs.train import train_run
from nashae_core import ImageObservations, StreamedImages, TrainConfig
from nashae_data import AttributeDataset, Provenance, write_celeba_tree
from nashae_data.sets.celeba.images import paper_crop
from nashae_metrics import tad

METHODS = ("nashae", "beta-vae", "beta-tcvae", "factor-vae")
NAMES = ("Bangs", "Blond_Hair", "Male")
FEW = 1200
CELEBA = DATA_SETS["celeba"].load
SHORT = TrainConfig(steps=2, batch_size=20, record_every=1, channels_last=True)


def few_faces(n: int = FEW) -> AttributeDataset:
    """Grey squares with three patches, each there or not, in the place of faces."""
    rng = np.random.default_rng(0)
    attributes = rng.random((n, 3)) < [0.3, 0.2, 0.5]
    images = np.full((n, 64, 64, 3), 100, np.uint8)
    images += rng.integers(0, 60, (n, 1, 1, 3), dtype=np.uint8)
    for k, (top, colour) in enumerate(((0, 0), (20, 1), (40, 2))):
        images[attributes[:, k], top : top + 12, 20:44, colour] = 255
    return AttributeDataset(
        images,
        attributes,
        NAMES,
        np.zeros(n, np.int64),
        rng.random((n, 1)),
        ("hue",),
        Provenance("synthetic faces of a test"),
    )


@pytest.fixture(scope="module", autouse=True)
def few() -> Iterator[None]:
    faces = few_faces()
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(
            DATA_SETS,
            "synthetic-faces",
            replace(DATA_SETS["synthetic-faces"], load=lambda *_: faces),
        )
        real = replace(faces, provenance=Provenance("CelebA, as a test has it"))
        patch.setitem(DATA_SETS, "celeba", replace(DATA_SETS["celeba"], load=lambda *_: real))
        yield


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[RunFolder, RunFolder]:
    """A run of NashAE and one of a β-VAE."""
    folder = tmp_path_factory.mktemp("runs")
    first, second = (
        train_run(
            replace(RECIPES[f"synthetic-faces-{name}"], latents=4, train=SHORT), folder / name
        )
        for name in ("nashae", "beta-vae")
    )
    return first, second


# Recipes and what the networks see


def test_celeba_and_synthetic_faces_differ_by_their_data_alone() -> None:
    for method in METHODS:
        real, drawn = (asdict(RECIPES[f"{d}-{method}"]) for d in ("celeba", "synthetic-faces"))
        assert real.pop("data") == "celeba"
        assert drawn.pop("data") == "synthetic-faces"
        sizes = [recipe["method"].pop("observations", None) for recipe in (real, drawn)]
        assert sizes in ([None, None], [202_599, recipe_faces.FACES])
        assert real == drawn
        assert (real["latents"], real["train"]["batch_size"]) == (32, 200)
        assert real["train"]["steps"] == 4000


@pytest.mark.parametrize("name", [name for name in RECIPES if name.startswith("celeba")])
def test_the_networks_are_the_paper_s(name: str) -> None:
    model: Any = RECIPES[name].build(torch.Generator().manual_seed(0))
    shapes = [tuple(p.shape) for p in model.encoder.parameters() if p.dim() == 4]
    assert shapes == [(32, 3, 4, 4), (32, 32, 4, 4), (64, 32, 4, 4), (64, 64, 4, 4)]
    assert model.decode(torch.zeros(2, 32)).shape == (2, 3, 64, 64)


def test_celeba_s_crop_is_torchvision_s() -> None:
    paper_s = transforms.Compose([transforms.Resize(96), transforms.CenterCrop(64)])
    rng = np.random.default_rng(0)
    for quality in range(60, 100, 4):
        smooth = rng.integers(0, 256, (12, 10, 3), dtype=np.uint8)
        picture = Image.fromarray(smooth).resize((178, 218))
        content = io.BytesIO()
        picture.save(content, format="JPEG", quality=quality)
        with Image.open(content) as image:
            wanted = np.asarray(paper_s(image))
        assert np.array_equal(paper_crop(content.getvalue()), wanted)


def test_inputs_are_normalised_by_colour_and_decoded_back() -> None:
    seen, faces = DATA_SETS["celeba"].inputs, few_faces(5)
    rows = seen.of(faces.observations, "cpu")
    assert isinstance(rows, ImageObservations)
    x = rows[torch.arange(5)]
    mean, std = seen.scale.values()
    assert (mean, std) == ((0.5337, 0.4157, 0.3562), (0.2956, 0.2581, 0.2477))
    blue = (faces.observations[:][:, 3, 7, 2] / 255 - mean[2]) / std[2]
    np.testing.assert_allclose(x[:, 2, 3, 7], blue, atol=1e-6)
    back = seen.decoded(x)
    np.testing.assert_allclose(255 * back, faces.observations[:], atol=1e-3)


def test_images_that_do_not_fit_are_streamed_and_make_the_same_run(
    tmp_path: Path, runs: tuple[RunFolder, RunFolder], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inputs, "_fits", lambda *_: False)
    recipe = runs[0].recipe
    assert isinstance(recipe.data_set.inputs.of(few_faces().observations, "cpu"), StreamedImages)
    streamed = train_run(recipe, tmp_path / "run")
    assert np.array_equal(streamed.codes["codes"], runs[0].codes["codes"])


def test_images_on_disk_fit_where_they_take_half_of_the_free_memory() -> None:
    class OnDisk:
        def __init__(self, n: int) -> None:
            self.shape = (n, 64, 64, 3)

    assert inputs._fits(OnDisk(1), "cpu")
    assert not inputs._fits(OnDisk(10**12), "cpu")


def test_the_faces_are_drawn_once_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recipe_faces, "FACES", 30)
    calls: list[tuple[int, int]] = []
    drawn = kept_faces(tmp_path, lambda *done: calls.append(done))
    assert calls[-1] == (30, 30)
    file = next(tmp_path.glob("*.npz"))
    assert isinstance(drawn.observations, np.memmap)
    assert len(drawn) == 30
    monkeypatch.setattr(recipe_faces, "synthetic_faces", None)  # it would fail if called
    again = kept_faces(tmp_path)
    assert np.array_equal(again.observations[:], drawn.observations[:])
    assert np.array_equal(again.attributes, drawn.attributes)
    assert (again.names, again.provenance) == (drawn.names, drawn.provenance)
    assert "synthetic" in again.provenance.source

    with np.load(file) as arrays:
        other = {**arrays, "provenance": np.array(["synthetic faces", "0.0.0"])}
    np.savez(file, **other)
    with pytest.raises(TypeError):  # a file of another release is made anew
        kept_faces(tmp_path)
    file.write_bytes(file.read_bytes()[:5000])
    with pytest.raises(TypeError):  # so is a damaged one
        kept_faces(tmp_path)


def test_memory_is_kept_and_nothing_else_changes() -> None:
    keep_memory()
    assert torch.ones(2_000_000).sum() == 2_000_000


@pytest.mark.parametrize("name", [n for n, r in RECIPES.items() if r.data_set.on_disk])
def test_every_recipe_trains_into_a_folder_that_is_read_back(tmp_path: Path, name: str) -> None:
    recipe = replace(RECIPES[name], train=SHORT)
    read = RunFolder(train_run(recipe, tmp_path / "run").path)
    assert read.recipe == recipe
    assert read.codes["codes"].shape == (FEW, 32)
    assert len(read.data()) == FEW
    read.model()


# A run and its row


def test_a_run_keeps_attributes_in_place_of_factors(runs: tuple[RunFolder, RunFolder]) -> None:
    run, _ = runs
    assert set(run.codes) == {"codes", "predictions", "attributes", "names"}
    assert np.array_equal(run.codes["attributes"], few_faces().attributes)
    with pytest.raises(ValueError, match="synthetic-faces, which has no factors"):
        _ = run.truth


def test_a_run_knows_where_its_data_lie(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def faces(root: Path, _: object) -> AttributeDataset:
        asked.append(root)
        return few_faces(20)

    monkeypatch.setitem(DATA_SETS, "celeba", replace(DATA_SETS["celeba"], load=faces))
    recipe = replace(RECIPES["celeba-nashae"], latents=2, train=SHORT)
    run = train_run(recipe, tmp_path / "run", root=tmp_path / "faces")
    assert len(run.data()) == 20
    assert asked == [tmp_path / "faces"] * 2


def with_codes(run: RunFolder, path: Path, codes: np.ndarray, **arrays: Any) -> RunFolder:
    """The run, as though it had these codes."""
    path.mkdir()
    for file in run.path.glob("*[a-z]"):
        (path / file.name).write_bytes(file.read_bytes())
    copy = RunFolder(path)
    known = {name: run.codes[name] for name in ("attributes", "names")}
    copy.write_arrays("codes.npz", {"codes": codes.astype(np.float32), **known, **arrays})
    copy.write_record(run.record)
    return RunFolder(path)


def test_a_latent_that_is_an_attribute_is_found(
    tmp_path: Path, runs: tuple[RunFolder, RunFolder]
) -> None:
    attributes = few_faces().attributes
    noise = np.random.default_rng(1).uniform(0, 0.4, (FEW, 4))
    codes = noise.copy()
    codes[:, 2] += 0.5 * attributes[:, 0]
    codes[:, 1] = 0.5  # dead
    row = score_faces(with_codes(runs[0], tmp_path / "run", codes))
    assert row["data"] == "synthetic faces"
    assert row["images"] == FEW
    assert row["learned"] == 3
    bangs = row["attributes"]["Bangs"]
    assert (bangs["latent"], bangs["best"]) == (2, 1.0)
    assert row["tad"]["captured"] == row["tad"]["counted"] == 1
    assert row["tad"]["score"] == pytest.approx(1 - bangs["second"], abs=1e-4)
    low, high = row["tad"]["interval"]
    assert low <= row["tad"]["score"] <= high
    assert row["tad"]["floor"] == [0, 0]
    assert row["tad_yeats2022"]["captured"] == 1
    assert list(row)[-1] == "versions"
    assert row == score_faces(RunFolder(tmp_path / "run"))


def test_a_posterior_is_sampled_for_the_paper_s_protocol_alone(
    tmp_path: Path, runs: tuple[RunFolder, RunFolder]
) -> None:
    attributes = few_faces().attributes
    means = np.zeros((FEW, 4))
    means[:, 0] = 4 * attributes[:, 2]
    drowned = np.full((FEW, 4), 1e4, np.float32)
    run = with_codes(runs[1], tmp_path / "run", means, variances=drowned)
    sampled = sampled_codes(run, np.random.default_rng(0))
    assert sampled.std() == pytest.approx(100, rel=0.05)
    row = score_faces(run)
    assert row["tad_yeats2022"]["captured"] == 0
    assert row["attributes"]["Male"]["best"] == 0.5  # by its own rule no latent is learned
    sharp = with_codes(runs[1], tmp_path / "sharp", means, variances=0 * drowned)
    assert score_faces(sharp)["attributes"]["Male"]["best"] == 1.0


def test_the_paper_s_protocol_takes_a_beta_vae_s_grid_from_its_means(
    tmp_path: Path, runs: tuple[RunFolder, RunFolder]
) -> None:
    attributes = few_faces().attributes
    means = np.random.default_rng(1).uniform(0, 0.1, (FEW, 4)).astype(np.float32)
    means[:, 0] += 4 * attributes[:, 2]
    run = with_codes(runs[1], tmp_path / "run", means, variances=np.ones_like(means))

    def scored(**options: Any) -> float:
        rng = np.random.default_rng(run.record["seed"])
        sampled = sampled_codes(run, rng)
        return tad(sampled, attributes, protocol="yeats2022", rng=rng, **options).score

    own, of_means = scored(), scored(means=means)
    assert score_faces(run)["tad_yeats2022"]["score"] == pytest.approx(of_means, abs=1e-4)
    assert own != pytest.approx(of_means, abs=1e-2)  # three of the latents have collapsed


# The table


def made_row(score: float, seed: int = 0, **changes: Any) -> Row:
    found = {"score": score, "interval": None, "captured": 2, "counted": 1, "floor": [0.01, 0.1]}
    row = {
        "method": "nashae",
        "weight": 0.2,
        "data": "synthetic faces",
        "latents": 32,
        "steps": 1000,
        "precision": "float32",
        "images": 50_000,
        "seed": seed,
        "learned": 20 + seed,
        "tad": found,
        "tad_yeats2022": found,
        "predictability": 0.05,
        "error": 0.12,
        "mean_error": 0.41,
        "attributes": {
            "Bangs": {"best": 0.9, "second": 0.6, "latent": 1},
            "Male": {"best": 0.7, "second": 0.6, "latent": 2},
        },
    }
    return {**row, **changes}


def test_the_paper_s_numbers_are_those_of_its_table_3() -> None:
    tads, captured = zip(*paper.TABLE_3.values(), strict=True)
    assert sum(tads) == pytest.approx(5.557)
    assert sum(captured) == pytest.approx(61.66)
    assert paper.TABLE_3["nashae", 0.2] == (0.543, 5)
    assert len(paper.TABLE_3) == 18
    assert {(m, w) for m, w in paper.FIGURE_4_ROWS} <= set(paper.TABLE_3)


@pytest.mark.parametrize("data", ["celeba", "synthetic-faces"])
def test_the_runs_are_the_cells_each_once(data: Any) -> None:
    recipes = table_3_recipes(METHODS, 3, data)
    assert len(set(recipes)) == len(recipes) == 54
    assert {recipe.data for recipe in recipes} == {data}
    assert {(r.method_name, r.weight) for r in recipes} == set(paper.TABLE_3)


def test_the_paper_s_numbers_stand_beside_celeba_alone() -> None:
    drawn = table_3([made_row(0.5)], METHODS)
    assert all(cell.paper is None for cell in drawn)
    real = table_3([made_row(0.5, data="CelebA")], METHODS)
    assert [cell.paper for cell in real] == list(paper.TABLE_3.values())
    with pytest.raises(ValueError, match="one data set"):
        table_3([made_row(0.5), made_row(0.5, data="CelebA")], METHODS)


def test_a_cell_holds_its_runs_and_their_means() -> None:
    cells = table_3([made_row(0.4, 1), made_row(0.2, 0), made_row(1.0, weight=0.0)], METHODS)
    first, _, cell, *_ = cells
    assert (cell.name, cell.learned, len(first.runs)) == ("NashAE λ = 0.2", (20, 21), 1)
    found = cell.tad("tad")
    assert found is not None
    assert found.mean == pytest.approx(0.3)
    assert cell.chance == pytest.approx(0.01)
    assert cell.predictability == pytest.approx(0.05)
    assert cell.error == pytest.approx(0.12)
    assert cells[-1].tad("tad") is None
    assert cells[-1].chance is None
    assert captured_attributes(cells) == ["Bangs"]


def test_the_published_rows_are_called_synthetic() -> None:
    rows = published("table3")
    assert {row["data"] for row in rows} <= {"synthetic faces"}
    keys = [(row["method"], row["weight"], row["seed"]) for row in rows]
    assert len(set(keys)) == len(keys)
    cells = table_3(rows, METHODS)
    assert [len(cell.runs) for cell in cells if cell.method == "nashae"] == [3] * 4
    assert [len(cell.runs) for cell in cells if cell.method == "factor-vae"] == [1] * 5
    assert len({(row["steps"], row["precision"], row["images"]) for row in rows}) == 1
    for row in rows:
        assert len(row["attributes"]) == 40
        assert 0 <= row["tad"]["counted"] <= row["tad"]["captured"] <= 40


# Figures


def test_attribute_traversals_show_the_best_detectors(runs: tuple[RunFolder, RunFolder]) -> None:
    figure = draw_attribute_traversals(runs, ("Bangs", "Male"), steps=3)
    axes = np.array(figure.axes).reshape(2, 3)
    assert [axis.get_title() for axis in axes[0]] == ["image", "Bangs", "Male"]
    assert axes[0, 0].get_ylabel() == "NashAE\nλ = 0.2"
    label = axes[0, 1].get_xticklabels()[0].get_text()
    found = tad(runs[0].codes["codes"], runs[0].codes["attributes"], bootstrap=None)
    assert label.startswith("L")
    assert float(label.split()[1]) <= found.best[0] + 0.005
    strip = axes[0, 1].images[0].get_array()
    assert strip.shape == (64, 3 * 64 + 2 * 3, 3)
    assert ((strip >= 0) & (strip <= 1)).all()


@pytest.mark.parametrize(
    ("attributes", "steps", "error"),
    [((), 3, "at least one"), (("Bangs",), 1, "two steps"), (("Hat",), 3, "no attribute Hat")],
)
def test_attribute_traversals_refuse_what_cannot_be(
    runs: tuple[RunFolder, RunFolder], attributes: Sequence[str], steps: int, error: str
) -> None:
    with pytest.raises(ValueError, match=error):
        draw_attribute_traversals(runs, attributes, steps=steps)


def test_tad_over_images_ends_near_the_score_of_all(
    tmp_path: Path, runs: tuple[RunFolder, RunFolder]
) -> None:
    codes = np.random.default_rng(1).uniform(0, 0.4, (FEW, 4))
    codes[:, 2] += 0.3 * few_faces().attributes[:, 0]
    run = with_codes(runs[0], tmp_path / "run", codes)
    axis = draw_tad_over_images(run).axes[0]
    exact, grid, whole = axis.lines
    assert [line.get_label() for line in (exact, grid)] == ["exact AUROC", "the authors' grid"]
    assert exact.get_xdata().tolist() == [500, 1000]
    assert exact.get_ydata()[-1] == pytest.approx(whole.get_ydata()[0], abs=0.02)


def test_tad_over_images_wants_many(tmp_path: Path, runs: tuple[RunFolder, RunFolder]) -> None:
    path = tmp_path / "run"
    run = with_codes(runs[0], path, np.random.default_rng(0).random((FEW, 4)))
    arrays = {name: array[:900] for name, array in run.codes.items() if name != "names"}
    run.write_arrays("codes.npz", {**arrays, "names": run.codes["names"]})
    run.write_record(run.record)
    with pytest.raises(ValueError, match="has 900 images"):
        draw_tad_over_images(RunFolder(path))


def test_an_image_traversal_is_in_colour_and_names_attributes(
    runs: tuple[RunFolder, RunFolder],
) -> None:
    figure = draw_image_traversal(runs[0], steps=2, latents=[1])
    image, _, row = figure.axes
    assert image.images[0].get_array().shape == (64, 64, 3)
    first, second = row.get_ylabel().split("\n")
    assert first == "L2"
    assert second.rsplit(" ", 1)[0] in {"Bangs", "Blond Hair", "Male"}


def test_the_app_draws_of_faces_what_faces_have(
    runs: tuple[RunFolder, RunFolder], tmp_path: Path
) -> None:
    figures(tuple(run.path for run in runs), out=tmp_path, formats=("png",))
    assert {path.name for path in tmp_path.iterdir()} == {
        "learning-curves.png",
        "nashae-true-against-predicted.png",
        "nashae-traversal.png",
        "beta-vae-traversal.png",
    }


# The report and the command


def report_of(rows: Sequence[Row], path: Path) -> str:
    results = Results((), rows, [made_row(0.7)], METHODS)
    write_report(TABLES[3], results, path, [], command="reproduce", seconds=1.0)
    text = (path / "table3.html").read_text(encoding="utf-8")
    assert "https://" not in text
    return "".join(line.strip() for line in text.splitlines())


def test_the_report_of_synthetic_faces_has_nothing_of_the_paper_s(tmp_path: Path) -> None:
    text = report_of([made_row(0.5, 0), made_row(0.6, 1)], tmp_path)
    assert "These are not CelebA's faces." in text
    assert "TAD on CelebA" not in text
    assert "<td>NashAE λ = 0.2</td><td>2</td>" in text
    assert "0.55 ± 0.0707" in text
    assert "0.543" not in text
    assert "1,000 steps in place of the paper's 4000 in float32. Your runs" in text


def test_the_report_of_celeba_has_the_paper_s_numbers_and_ours_apart(tmp_path: Path) -> None:
    text = report_of([made_row(0.5, data="CelebA", steps=4000)], tmp_path)
    assert "Table 3: TAD on CelebA" in text
    assert "<td>NashAE λ = 0.2</td><td>0.543</td><td>5</td><td>1</td>" in text
    assert "The runs kept with this release, on synthetic faces" in text
    assert "4,000 steps in float32. Your runs" in text


def few_runs() -> Table:
    """Table 3 with few and short runs, of either data set."""
    drawn, real = (partial(few_recipes, data=data) for data in ("synthetic-faces", "celeba"))
    table = TABLES[3]
    return replace(table, recipes=drawn, on_celeba=replace(table, recipes=real, on_celeba=None))


def few_recipes(methods: Sequence[str], trials: int, data: Any) -> list[AnyRecipe]:
    cells = {("nashae", 0.1), ("nashae", 0.2), ("beta-vae", 100.0)}
    return [
        replace(r, train=SHORT, latents=3)
        for r in table_3_recipes(methods, trials, data)
        if (r.method_name, r.weight) in cells
    ]


@pytest.mark.usefixtures("everything_counts_as_trained")
@pytest.mark.parametrize("data", ["synthetic faces", "CelebA"])
def test_the_command_does_the_whole_way_and_scores_each_run_once(
    data: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setitem(TABLES, 3, few_runs())
    celeba = tmp_path / "celeba" if data == "CelebA" else None
    methods = ("nashae", "beta-vae")
    reproduce(table=3, method=methods, trials=1, jobs=1, out=tmp_path, celeba=celeba)
    rows = read_rows(tmp_path / "table3.jsonl")
    assert [row["data"] for row in rows] == [data] * 3
    names = {path.name for path in (tmp_path / "figures").glob("*.png")}
    assert names == {
        "figure-2-lambda-0.1.png",
        "figure-2-lambda-0.2.png",
        "figure-4.png",
        "tad-over-images.png",
        "traversal.png",
    }
    assert f"TAD on {data}" in capsys.readouterr().out

    before = {path: path.stat().st_mtime_ns for path in tmp_path.glob("runs/*/*")}
    reproduce(table=3, method=methods, trials=1, jobs=1, out=tmp_path, celeba=celeba)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.glob("runs/*/*")} == before


@pytest.mark.usefixtures("everything_counts_as_trained")
def test_a_tree_of_drawn_faces_goes_the_whole_way_and_is_never_called_celeba(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "tree"
    write_celeba_tree(root, 1100, np.random.default_rng(0), quality=80)
    monkeypatch.setitem(DATA_SETS, "celeba", replace(DATA_SETS["celeba"], load=CELEBA))
    monkeypatch.setitem(TABLES, 3, few_runs())
    out = tmp_path / "out"
    reproduce(
        table=3, method=("nashae",), trials=1, jobs=1, out=out, celeba=root, precision="bfloat16"
    )
    rows = read_rows(out / "table3.jsonl")
    assert {row["precision"] for row in rows} == {"bfloat16"}
    assert {row["data"] for row in rows} == {"synthetic faces"}
    assert {row["images"] for row in rows} == {1100}
    assert len(rows[0]["attributes"]) == 40
    assert "TAD on synthetic faces" in capsys.readouterr().out
    report = (out / "table3.html").read_text(encoding="utf-8")
    assert "in bfloat16" in report
    assert "These are not CelebA's faces." in report
    assert "Table 3: TAD on CelebA" not in report


def test_celeba_is_for_table_3(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="--celeba is for --table 3"):
        reproduce(table=1, celeba=tmp_path, out=tmp_path)


def test_few_faces_are_what_the_tests_take_them_for() -> None:
    faces = DATA_SETS["synthetic-faces"].load(Path(), None)
    assert faces.names == NAMES
