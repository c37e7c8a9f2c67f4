"""Recipes to a table beside the paper's: the arithmetic, the sweep, the report, the command."""

import errno
import json
import math
import os
import re
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from html.parser import HTMLParser
from multiprocessing import Process
from pathlib import Path

import filelock
import matplotlib.image
import numpy as np
import pytest
from matplotlib.figure import Figure

from apps.console import exit_on_error
from apps.recipes import RECIPES, AnyRecipe, recipe
from apps.reproduce import page as pages
from apps.reproduce.__main__ import main, reproduce
from apps.reproduce.page import Picture, deviations, machine
from apps.reproduce.table import Results, write_report
from apps.reproduce.table1 import paper
from apps.reproduce.table1.cells import WaveformCell, table_1
from apps.reproduce.table1.pictures import draw, learned_counts
from apps.reproduce.table1.recipes import figure_3_recipes, table_1_recipes
from apps.reproduce.table1.report import contents
from apps.reproduce.table1.score import score
from apps.reproduce.tables import TABLES
from apps.runs import rows
from apps.runs.folder import RunFolder
from apps.runs.rows import Row, published, read_rows, write_rows
from apps.runs.scoring import scored
from nashae_core import TrainConfig

ROOT = Path(__file__).parents[1]
METHODS = TABLES[1].methods
TINY = TrainConfig(steps=30)


def tiny(method: str = "nashae", weight: float = 0.2, latents: int = 4, seed: int = 0) -> AnyRecipe:
    return replace(recipe(method, weight, latents, seed), train=TINY)


def made_row(learned: int, *, weight: float = 0.2, latents: int = 4, seed: int = 0) -> Row:
    row = {"method": "nashae", "weight": weight, "latents": latents, "seed": seed}
    return {**row, "learned": learned, "error": 0.1, "mean_error": 0.5}


def full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)


# The paper


def test_the_paper_s_numbers_of_nashae_are_those_of_its_table_1() -> None:
    assert paper.LATENTS == (4, 8, 16, 32)
    rows = {weight: row for (method, weight), row in paper.TABLE_1.items() if method == "nashae"}
    assert rows == {
        0.0: (1.375, 5.75, 13.125, 28.75),
        0.2: (0, 0, 0.25, 1),
        0.3: (0, 0, 0.375, 0.5),
    }
    assert (paper.TRIALS, paper.FACTORS) == (8, 2)


def test_the_paper_s_numbers_are_means_of_eight_whole_numbers() -> None:
    for numbers in paper.TABLE_1.values():
        for latents, number in zip(paper.LATENTS, numbers, strict=True):
            assert (number * 8).is_integer()
            assert 0 <= number <= latents - 2 or number <= 2


def test_the_runs_of_the_nashae_rows_are_every_weight_m_and_seed() -> None:
    recipes = table_1_recipes(["nashae"], 8)
    keys = {(r.method_name, r.weight, r.latents, r.seed) for r in recipes}
    assert len(recipes) == len(keys) == 96
    assert keys == whole_table()
    assert len({r.label for r in recipes}) == 96


def whole_table() -> set[tuple[str, float, int, int]]:
    return {
        ("nashae", weight, latents, seed)
        for weight in (0.0, 0.2, 0.3)
        for latents in (4, 8, 16, 32)
        for seed in range(8)
    }


def test_nothing_else_is_tuned_between_the_cells() -> None:
    for r in table_1_recipes(["nashae"], 2):
        game = RECIPES["beamsynthesis-nashae"]
        changed = replace(
            game, latents=r.latents, seed=r.seed, method=replace(game.method, lam=r.weight)
        )
        assert r == changed


def test_the_whole_table_is_480_runs() -> None:
    recipes = table_1_recipes(METHODS, 8)
    keys = {(r.method_name, r.weight, r.latents, r.seed) for r in recipes}
    assert len(keys) == len({r.label for r in recipes}) == len(recipes) == 480
    weights = {m: sorted({r.weight for r in recipes if r.method_name == m}) for m in METHODS}
    assert weights == {
        "nashae": [0.0, 0.2, 0.3],
        "beta-vae": [1, 50, 100, 125],
        "beta-tcvae": [1, 50, 75, 100],
        "factor-vae": [50, 75, 100, 125],
    }


@pytest.mark.parametrize("method", METHODS)
def test_every_method_trains_as_long_and_differs_by_what_the_table_varies(method: str) -> None:
    default = RECIPES[f"beamsynthesis-{method}"]
    for r in table_1_recipes([method], 1):
        assert r.train == TrainConfig(steps=1000, batch_size=100)
        back = replace(r.with_weight(default.weight), latents=default.latents, seed=default.seed)
        assert back == default


def test_figure_3_is_four_panels_of_seed_0() -> None:
    panels = figure_3_recipes()
    assert [(r.method_name, r.weight) for r in panels] == [
        ("nashae", 0.0),
        ("nashae", 0.2),
        ("beta-vae", 1.0),
        ("beta-vae", 100.0),
    ]
    assert {(r.latents, r.seed) for r in panels} == {(4, 0)}
    assert panels[3] == RECIPES["beamsynthesis-beta-vae"]


# Table 1


def test_a_cell_is_the_mean_distance_from_two_by_hand() -> None:
    rows = [made_row(n, seed=seed) for seed, n in ((2, 2), (0, 5), (3, 1), (1, 2))]
    cell = next(c for c in table_1(rows, ["nashae"]) if (c.weight, c.latents) == (0.2, 4))
    assert cell.learned == (5, 2, 2, 1)  # in the order of the seeds
    assert cell.errors == [3, 0, 0, 1]
    assert cell.mean == 1
    assert cell.deviation == pytest.approx(math.sqrt((4 + 1 + 1 + 0) / 3))
    assert cell.paper == 0
    assert cell.name == "NashAE λ = 0.2"


def test_cells_are_in_the_paper_s_order_and_rows_fall_into_their_own() -> None:
    rows = [
        made_row(3, weight=0.3, latents=32),
        made_row(2, weight=0.0, latents=8),
        {**made_row(9), "method": "beta-vae"},
        made_row(9, weight=0.25),
        made_row(9, latents=5),
    ]
    cells = table_1(rows, ["nashae"])
    keys = [(c.weight, c.latents) for c in cells]
    assert keys == [(w, m) for w in (0.0, 0.2, 0.3) for m in (4, 8, 16, 32)]
    assert [c.paper for c in cells[:4]] == [1.375, 5.75, 13.125, 28.75]
    filled = {(c.weight, c.latents): c.learned for c in cells if c.learned}
    assert filled == {(0.0, 8): (2,), (0.3, 32): (3,)}


def test_a_cell_says_nothing_it_cannot_know() -> None:
    none, one = (WaveformCell("nashae", 0.2, 4, runs) for runs in ((), (made_row(3),)))
    assert (none.mean, none.deviation) == (None, None)
    assert (one.mean, one.deviation) == (1, None)


def test_every_run_is_a_point_of_the_picture() -> None:
    cells = table_1([made_row(n, seed=seed) for seed, n in enumerate((2, 2, 4))], ["nashae"])
    (axis,) = learned_counts(cells).axes
    points = np.concatenate([np.asarray(c.get_offsets()) for c in axis.collections])
    points = points[np.isfinite(points).all(1)]
    assert sorted(points[:, 1]) == [2, 2, 4]
    assert len({tuple(point) for point in points}) == 3  # equal counts do not hide each other


# A run as a row


def made_folder(path: Path, method: str, arrays: dict[str, np.ndarray]) -> RunFolder:
    folder = RunFolder(path)
    record = {"method": method, "weight": 0.2, "latents": 3, "seed": 1, "versions": {"torch": "2"}}
    folder.write_json("record.json", record)
    folder.write_arrays("codes.npz", {"values": arrays["factors"].astype(float), **arrays})
    return folder


# Three frequencies, four duty cycles.
GRID = np.stack([np.repeat(np.arange(3), 4), np.tile(np.arange(4), 3)], axis=1)


def test_the_score_of_a_nashae_run_by_hand(tmp_path: Path) -> None:
    frequency, duty = GRID[:, 0] / 2, 0.2 + 0.2 * GRID[:, 1]
    still = np.full(len(GRID), 0.5)
    codes = np.column_stack([duty, still, frequency, 0.5 + 0.1 * duty])
    # Two are learned: the first is predicted wholly, up to a scale, the other not at all.
    predictions = np.column_stack([2 * duty, duty, still, duty])
    arrays = {"codes": codes, "predictions": predictions, "factors": GRID}
    row = score(made_folder(tmp_path, "nashae", arrays))
    scores = row.pop("scores")
    assert (scores["tad"], scores["mig"], scores["predictability"]) == (1.5, 1.0, 0.5)
    assert scores["mcc"] == 1
    assert scores["total_correlation"] == 0
    assert row == {
        "method": "nashae",
        "weight": 0.2,
        "latents": 3,
        "seed": 1,
        "learned": 2,
        "rule": "nashae",
        "counts": {"nashae": 2, "beta-vae": None, "factor-vae": 0},
        "clean": True,
        "between_frequencies": [0.0, 1.0],
        "duty_rank": [1.0, 0.0],
        "frequency_information": [0.0, 1.0],
        "duty_information": [1.0, 0.0],
        "mig": pytest.approx(1.0),
        # 10 Hz, 20 Hz and long duty cycles are each detected by one latent, the other at chance.
        "tad": pytest.approx(1.5),
        "beta_vae": 1.0,
        "predictability": pytest.approx(0.5),
        "versions": {"torch": "2"},
    }
    assert list(row)[-1] == "versions"
    assert type(row["learned"]) is int  # it goes to JSON


def test_the_score_of_a_vae_run_by_hand(tmp_path: Path) -> None:
    codes = np.column_stack([GRID[:, 0], GRID[:, 0], GRID[:, 1]]).astype(float)
    variances = np.tile([0.1, 0.7, 0.95], (len(GRID), 1))
    folder = made_folder(
        tmp_path, "beta-vae", {"codes": codes, "variances": variances, "factors": GRID}
    )
    row = score(folder)
    assert (row["learned"], row["rule"]) == (2, "beta-vae")
    assert row["counts"] == {"nashae": 3, "beta-vae": 2, "factor-vae": 3}
    assert not row["clean"]  # two latents with the frequency
    assert row["mig"] == 0
    assert "predictability" not in row
    assert "versions" in folder.record  # the folder's own record is not changed


def test_a_run_without_a_learned_latent_has_a_score(tmp_path: Path) -> None:
    arrays = {"codes": np.full((len(GRID), 3), 0.5), "factors": GRID}
    row = score(made_folder(tmp_path, "nashae", arrays))
    assert (row["learned"], row["clean"], row["duty_rank"]) == (0, False, [])
    assert (row["mig"], row["tad"]) == (0, 0)
    assert 0 <= row["beta_vae"] <= 1


def test_a_run_is_scored_once_and_anew_where_it_is_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apps.runs.scoring.errors", lambda _: {"error": 0.1})
    arrays = {"codes": GRID / 3, "factors": GRID}
    folder = made_folder(tmp_path, "nashae", arrays)
    scored_runs = []

    def counted(given: RunFolder) -> Row:
        scored_runs.append(given.path)
        return {"seed": given.record["seed"], "learned": 2}

    first = scored(folder, counted)
    assert scored(RunFolder(tmp_path), counted) == first == {"seed": 1, "learned": 2, "error": 0.1}
    assert len(scored_runs) == 1
    (tmp_path / "row.json").write_text("{")  # damaged
    assert scored(RunFolder(tmp_path), counted) == first
    folder.write_json("record.json", {**folder.record, "seed": 5})
    assert scored(RunFolder(tmp_path), counted)["seed"] == 5
    assert len(scored_runs) == 3


def test_rows_are_read_back_as_they_were(tmp_path: Path) -> None:
    rows = [made_row(2, weight=0.1 + 0.2), {"method": "β", "seed": 1, "versions": {"torch": "2"}}]
    write_rows(rows, tmp_path / "rows.jsonl")
    assert read_rows(tmp_path / "rows.jsonl") == rows
    lines = (tmp_path / "rows.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line) for line in lines] == rows  # one object a line
    write_rows([], tmp_path / "none.jsonl")
    assert read_rows(tmp_path / "none.jsonl") == []


@pytest.mark.parametrize("content", [b'{"a": 1}\n{"a": ', b"[1]\n", b"GIF89a", b'{"a": "\xff"}\n'])
def test_a_damaged_file_of_rows_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=f"{path} is damaged"):
        read_rows(path)


def test_rows_that_cannot_be_written_leave_the_old(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "rows.jsonl"
    write_rows([made_row(2)], path)
    full_disk(monkeypatch)
    with pytest.raises(OSError, match="No space left"):
        write_rows([made_row(3)], path)
    assert read_rows(path) == [made_row(2)]
    assert list(tmp_path.iterdir()) == [path]


def test_the_published_rows_are_none_where_there_is_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows, "PUBLISHED", tmp_path)
    assert published("table1") == []
    write_rows([made_row(2)], tmp_path / "table1.jsonl")
    assert published("table1") == [made_row(2)]


def test_the_published_rows_are_whole() -> None:
    kept = published("table1")
    keys = [(r["method"], r["weight"], r["latents"], r["seed"]) for r in kept]
    assert len(set(keys)) == len(keys)
    assert {key for key in keys if key[0] == "nashae"} == whole_table()
    assert len(keys) == 480
    for row in kept:
        assert 0 <= row["learned"] <= row["latents"]
        assert row["steps"] == TrainConfig().steps
        losses = [value for name, value in row.items() if name.endswith("_loss")]
        assert row["method"] != "nashae" or len(losses) == 3
        assert all(math.isfinite(value) for value in losses)
        assert row["versions"].keys() >= {"python", "torch", "nashae-core"}


# The report


class Page(HTMLParser):
    """The tags, the addresses and the cells of the tables of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags, self.addresses, self.rows = set[str](), list[str](), list[list[str]]()
        self.text, self._in_cell = "", False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag == "tr":
            self.rows.append([])
        if tag == "td":
            self.rows[-1].append("")
            self._in_cell = True

    def handle_endtag(self, tag: str) -> None:
        self._in_cell = self._in_cell and tag != "td"

    def handle_data(self, data: str) -> None:
        self.text += data
        if self._in_cell:
            self.rows[-1][-1] += data.strip()

    @property
    def cells(self) -> list[list[str]]:
        return [row for row in self.rows if row]


no_comparison = partial(contents, compared=lambda _: [], whose="no runs")


def written(
    path: Path,
    rows: list[Row],
    kept: list[Row],
    command: str = "reproduce",
    pictures: Sequence[Picture] = (),
) -> Page:
    table = replace(TABLES[None], page=path.name, contents=no_comparison)
    results = Results((), rows, kept, ["nashae"])
    write_report(table, results, path.parent, pictures, command=command, seconds=90.0)
    return Page(path.read_text(encoding="utf-8"))


def check_offline(page: Page) -> None:
    assert not page.tags & {"script", "link", "iframe", "object"}
    assert all(address.startswith("data:image/png;base64,") for address in page.addresses)


def test_the_report_has_the_paper_s_number_and_every_run_of_each_cell(tmp_path: Path) -> None:
    ours = [made_row(n, seed=seed) for seed, n in enumerate((2, 3))]
    kept = [made_row(n, weight=0.3, latents=32, seed=seed) for seed, n in enumerate((7, 2, 2))]
    page = written(tmp_path / "report.html", ours, kept)
    assert len(page.cells) == 12
    by_name = {(row[0], row[1]): row[2:] for row in page.cells}
    for weight in (0.0, 0.2, 0.3):
        for latents, number in zip(paper.LATENTS, paper.TABLE_1["nashae", weight], strict=True):
            assert float(by_name[f"NashAE λ = {weight:g}", str(latents)][0]) == number
    assert by_name["NashAE λ = 0.2", "4"] == ["0", "0.5 ± 0.707", "2 3", "–", "none"]
    none = "no runs of yours"
    assert by_name["NashAE λ = 0.3", "32"] == ["0.5", "–", none, "1.67 ± 2.89", "7 2 2"]


def test_the_report_opens_offline_and_says_how_it_was_made(tmp_path: Path) -> None:
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures" / "a.png").write_bytes(b"picture")
    picture = Picture("a", "A picture", "What it shows.", Figure())
    page = written(tmp_path / "report.html", [], [], command="do this", pictures=[picture])
    check_offline(page)
    assert page.addresses == ["data:image/png;base64,cGljdHVyZQ=="]  # base64 of "picture"
    for part in ("do this", "1.5 minutes", machine(), "torch 2", "A picture", "What it shows."):
        assert part in page.text


def test_the_report_escapes_what_it_is_given(tmp_path: Path) -> None:
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures" / "a.png").write_bytes(b"")
    evil = "<script>alert('1')</script> & <b>"
    picture = Picture("a", evil, evil, Figure())
    page = written(tmp_path / "report.html", [], [], command=evil, pictures=[picture])
    check_offline(page)
    assert "b" not in page.tags
    assert page.text.count(evil) >= 3  # shown as it was given


def test_a_report_that_cannot_be_written_leaves_the_old(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "report.html"
    written(path, [], [])
    before = path.read_bytes()
    full_disk(monkeypatch)
    with pytest.raises(OSError, match="No space left"):
        written(path, [made_row(2)], [])
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_every_deviation_that_is_marked_is_told(tmp_path: Path) -> None:
    sources = [(ROOT, "apps")]
    sources += [(folder, "*") for folder in ROOT.glob("packages/*/src")]
    expected: Counter[str] = Counter()
    texts: dict[str, str] = {}
    for folder, package in sources:
        for path in folder.glob(f"{package}/**/*.py"):
            text = path.read_text(encoding="utf-8")
            module = ".".join(path.relative_to(folder).with_suffix("").parts)
            texts[module] = re.sub(r"\n\s*# ", " ", text)  # each comment in one line
            if marks := len(re.findall(r"(?i)#\s*differs from the paper", text)):
                expected[module] = marks
    expected[pages.__name__] -= 1  # the mark itself
    found = list(deviations())
    assert Counter(module for module, _ in found) == +expected
    assert len(found) > 5
    for module, comment in found:
        # Whole sentences, to the end of the comment.
        assert f"{pages.MARK.strip('# ')} {comment}\n" in texts[module]
        assert comment.endswith((".", ":"))
    page = written(tmp_path / "report.html", [], [])
    assert all(comment in page.text for _, comment in found)


# The command


def records(runs: Path) -> dict[str, int]:
    return {path.parent.name: path.stat().st_mtime_ns for path in runs.glob("*/record.json")}


# The command, where it is; where it shall be short, with the runs of few latents and a few steps.
COMMAND = """
import os, runpy, sys
from dataclasses import replace
from functools import partial
from apps.reproduce import table
from apps.reproduce.tables import TABLES
from apps.runs import trained
short, command, folder, said = arguments
os.chdir(folder)
for handle, name in ((1, "stdout"), (2, "stderr")):
    os.dup2(os.open(f"{said}.{name}", os.O_WRONLY | os.O_CREAT | os.O_TRUNC), handle)
if short:
    trained.is_trained = table.is_trained = lambda row: True  # after 20 steps none is
    def few(*of, recipes=TABLES[None].recipes):
        small = (r for r in recipes(*of) if r.latents <= 8)
        return [replace(r, train=replace(r.train, steps=20)) for r in small]
    TABLES[None] = replace(TABLES[None], recipes=few)
sys.argv = command
runpy.run_path(command[0], run_name="__main__")
"""
WHOLE = pytest.param(False, marks=pytest.mark.nightly)


@pytest.fixture(scope="module", params=[True, WHOLE], ids=["short", "whole"])
def reproduced(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    forked: Callable[..., Process],
) -> Path:
    """The whole command, eight runs or fourteen: stopped by Ctrl-C, then given again."""
    out = tmp_path_factory.mktemp("reproduced") / "folder" / "out"
    said = out.parent.with_name("said")
    command = [str(ROOT / "apps" / "reproduce"), "--trials", "1", "--out", str(out)]
    # One run cannot be made before Ctrl-C: this process has its folder.
    held = out / "runs" / table_1_recipes(["nashae"], 1)[0].label / ".lock"
    held.parent.mkdir(parents=True)
    with filelock.FileLock(held):
        process = forked(COMMAND, request.param, command, out.parent, said)
        while process.is_alive() and not records(out / "runs"):
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGINT)  # which reaches the workers too
        process.join()
    error = said.with_suffix(".stderr").read_text(encoding="utf-8")
    assert process.exitcode == 130, error
    assert error == "interrupted: run the same command to go on where it was\n"
    before = records(out / "runs")
    assert before
    assert not (out / "report.html").exists()

    process = forked(COMMAND, request.param, [*command, "--jobs", "1"], out.parent, said)
    process.join()
    assert process.exitcode == 0, said.with_suffix(".stderr").read_text(encoding="utf-8")
    assert before.items() <= records(out / "runs").items()  # what was finished was kept
    assert str(out / "report.html") in said.with_suffix(".stdout").read_text(encoding="utf-8")
    assert {path.name for path in out.parent.iterdir()} == {"out"}
    return out


def test_the_command_asks_for_the_recipes_of_the_table_and_of_figure_3() -> None:
    asked = TABLES[None].recipes(TABLES[None].chosen(None), 1)
    assert {*asked} == {*table_1_recipes(["nashae"], 1), *figure_3_recipes()}
    assert len({*asked}) == 14


def asked(reproduced: Path, recipes: list[AnyRecipe]) -> list[AnyRecipe]:
    """The recipes as the command was given them."""
    made = [RunFolder(path).recipe for path in (reproduced / "runs").iterdir()]
    most, (train,) = max(r.latents for r in made), {r.train for r in made}
    return [replace(r, train=train) for r in recipes if r.latents <= most]


def test_the_command_makes_every_run(reproduced: Path) -> None:
    recipes = asked(reproduced, [*table_1_recipes(["nashae"], 1), *figure_3_recipes()])
    assert len({*recipes}) in (8, 14)
    assert {RunFolder(path).recipe for path in (reproduced / "runs").iterdir()} == {*recipes}


def test_the_command_writes_a_row_a_run(reproduced: Path) -> None:
    rows = read_rows(reproduced / "table1.jsonl")
    assert len(rows) == len(records(reproduced / "runs"))
    for row in rows:
        assert 0 <= row["learned"] <= row["latents"]
        assert row["rule"] == row["method"]
        assert math.isfinite(row["seconds"])
        if row["method"] == "nashae":
            assert 0 <= row["predictability"] <= 1
            assert all(
                math.isfinite(row[f"{name}_loss"])
                for name in ("predictor", "reconstruction", "covariance")
            )


@pytest.mark.parametrize("reproduced", [WHOLE], indirect=True)
def test_the_table_shows_what_the_paper_claims(reproduced: Path) -> None:
    """Without the game all latents are in use; with it, nearer to the two factors."""
    cells = table_1(read_rows(reproduced / "table1.jsonl"), ["nashae"])
    means = {(cell.weight, cell.latents): cell.mean or 0.0 for cell in cells}
    for latents in (8, 16, 32):
        assert max(means[0.2, latents], means[0.3, latents]) < means[0.0, latents]


def test_the_command_draws_the_figures_and_the_report_holds_them(reproduced: Path) -> None:
    figures = sorted(path.name for path in (reproduced / "figures").iterdir())
    names = [name.removesuffix(".png") for name in figures if name.endswith(".png")]
    assert figures == sorted(f"{name}.{kind}" for name in names for kind in ("png", "svg"))
    assert {"figure-3", "learned-latents-nashae", "traversal", "learning-curves"} <= set(names)
    for name in names:
        image = matplotlib.image.imread(reproduced / "figures" / f"{name}.png")
        assert image[..., :3].std() > 0.01  # not blank
    page = Page((reproduced / "report.html").read_text(encoding="utf-8"))
    check_offline(page)
    assert len(page.addresses) == len(names)
    cells = table_1(read_rows(reproduced / "table1.jsonl"), ["nashae"])
    ours = [row[4] for row in page.cells[: len(cells)]]
    learned = [" ".join(map(str, cell.learned)) for cell in cells]
    assert ours == [runs or "no runs of yours" for runs in learned]
    assert len({*ours}) > 2
    assert f"--trials 1 --out {reproduced}" in page.text


def test_without_nashae_s_rows_there_is_no_figure_2(
    reproduced: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    panels = [RunFolder(reproduced / "runs" / r.label) for r in figure_3_recipes()]
    rows_of_panels = [scored(panel, score) for panel in panels]
    cells = table_1(rows_of_panels, ["beta-vae"])
    results = Results(panels, rows_of_panels, [], ["beta-vae"])
    names = [picture.name for picture in draw(results, cells, rows_of_panels)]
    others = ["figure-3", "traversal", "learning-curves"]
    assert names == ["right-and-clean", "learned-latents-beta-vae", *others]
    assert [cell.learned for cell in cells if cell.latents == 4] == [
        (rows_of_panels[2]["learned"],),
        (),
        (rows_of_panels[3]["learned"],),
        (),
    ]


def test_the_command_runs_nothing_twice(
    reproduced: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = records(reproduced / "runs")
    rows = (reproduced / "table1.jsonl").read_bytes()
    (reproduced / "report.html").unlink()
    monkeypatch.setattr(sys, "argv", ["reproduce"])
    recipes = asked(reproduced, [*table_1_recipes(["nashae"], 1), *figure_3_recipes()])
    same = replace(TABLES[None], recipes=lambda *_: recipes, draw=lambda _: [])
    monkeypatch.setitem(TABLES, None, same)
    reproduce(trials=1, out=reproduced, jobs=1)
    assert records(reproduced / "runs") == before
    assert (reproduced / "table1.jsonl").read_bytes() == rows
    assert (reproduced / "report.html").exists()
    count = len({*recipes})
    assert f"{count}/{count}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["--trials", "0"], "trials and jobs must be at least 1; got 0"),
        (["--jobs", "0"], "trials and jobs must be at least 1; got"),
        (["--jobs", "-2"], "-2"),
        (["--table", "7"], "7"),
        (["--method", "pca"], "nashae"),
    ],
)
def test_bad_input_ends_the_command_with_a_clear_word(
    arguments: list[str],
    why: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["reproduce", *arguments])
    with pytest.raises(SystemExit) as stopped:
        exit_on_error(main)
    assert stopped.value.code == 2
    said = capsys.readouterr().err
    assert why in said
    assert "Traceback" not in said
    assert not list(tmp_path.iterdir())


def test_a_run_that_fails_ends_the_command_with_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(TABLES, None, replace(TABLES[None], recipes=lambda *_: [tiny()]))
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / tiny().label).write_text("")
    monkeypatch.setattr(sys, "argv", ["reproduce", "--jobs", "1", "--out", str(tmp_path)])
    with pytest.raises(SystemExit) as stopped:
        exit_on_error(main)
    assert stopped.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"error: 1 of 1 runs failed; {tiny().label}: ")
    assert not (tmp_path / "report.html").exists()
