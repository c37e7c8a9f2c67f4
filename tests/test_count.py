"""The counting runs: what is run, a run as a row, clean codes, the table, the page, the command."""

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from apps.recipes import RECIPES
from apps.reproduce import __main__ as command
from apps.reproduce.factors import report
from apps.reproduce.factors import runs as count_runs
from apps.reproduce.factors.cells import count_cells
from apps.reproduce.factors.data import COUNT_DATA, count_data, true_factors
from apps.reproduce.factors.forest import forest_r2
from apps.reproduce.factors.report import write_count_report
from apps.reproduce.factors.runs import CountRun, count_row, is_clean, run_counts
from apps.runs.rows import Row, published, read_rows
from nashae_core import (
    AxesConfig,
    CountConfig,
    Pruning,
    Stage,
    TrainConfig,
    align_axes,
    count_factors,
)

QUICK = CountConfig(
    pruning=Pruning(every=20, until=20), test_steps=10, growth_steps=20, growth_warm_up=10
)
QUICK_AXES = AxesConfig(
    pruning=Pruning(every=20, until=20),
    first=Stage(40, 0.2, 1e-3),
    merge=Stage(10, 0.1, 5e-4),
    last=Stage(10, 0.05, 1e-4),
    fit_steps=10,
    tries=1,
)
TEST = {
    "kind": "remove",
    "step": 700,
    "latent": 0,
    "latents": 2,
    "ratio": 4.0,
    "share": 0.2,
    "dependence": 0.1,
    "worth": 2.7,
    "adopted": False,
}


def made_row(learned: int, seed: int = 0, **changes: Any) -> Row:
    row = {
        "method": "nashae-counted",
        "data": "beamsynthesis",
        "latents": 4,
        "seed": seed,
        "learned": learned,
        "true": 2,
        "clean": False,
        "near": False,
        "seconds": 9.0,
        "told_by_all": [0.9] * learned,
        "told_by_learned": [0.1] * learned,
        "decisions": [TEST, {**TEST, "kind": "add", "ratio": 1.0}],
    }
    return {**row, **changes}


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs of a few steps."""
    short = replace(RECIPES["beamsynthesis-nashae"], train=TrainConfig(steps=10))
    monkeypatch.setattr(count_runs, "RECIPES", {"beamsynthesis-nashae": short})
    monkeypatch.setattr(count_runs, "count_factors", partial(count_factors, config=QUICK))
    monkeypatch.setattr(count_runs, "align_axes", partial(align_axes, config=QUICK_AXES))


def test_all_methods_are_run_on_every_set() -> None:
    runs = count_runs.count_runs(16, 8)
    assert len(runs) == len(set(runs)) == 3 * (16 * 5 + 8 * 2 * (len(COUNT_DATA) - 1))
    assert {run.data for run in runs} == set(COUNT_DATA)
    assert {run.latents for run in runs if run.data == "beamsynthesis"} == {4, 8, 16, 32, 64}
    assert len({run.file for run in runs}) == len(runs)


def test_every_set_is_a_complete_grid_of_its_factors() -> None:
    factors = {name: true_factors(make()) for name, make in COUNT_DATA.items()}
    assert set(factors.values()) == {1, 2, 3, 4}
    assert factors["beamsynthesis"] == 2
    assert factors["15 Hz alone"] == 1
    for name, make in COUNT_DATA.items():
        dataset = make()
        assert len(dataset.factors) == np.prod(dataset.sizes), name
        assert len(np.unique(dataset.factors, axis=0)) == len(dataset.factors), name


def test_the_noise_is_the_same_at_each_call_and_of_the_deviation_that_is_said() -> None:
    (_, first), (_, second), (_, bare) = map(count_data, ("with noise",) * 2 + ("beamsynthesis",))
    assert (first == second).all()
    assert float((first - bare).std()) == pytest.approx(0.3, rel=0.01)


def test_a_code_is_clean_when_each_latent_carries_a_factor_of_its_own() -> None:
    between, rank = np.array([[0.1, 0.9], [0.9, 0.0]]), np.array([[0.0, -0.95], [0.4, 0.1]])
    few = [True, False]
    assert is_clean(between, rank, few)
    assert is_clean(between[::-1], rank[::-1], few)
    assert not is_clean(between[:1], rank[:1], few)
    assert not is_clean(between, np.abs(rank) - 0.1, few)
    assert not is_clean(np.full((2, 2), 0.84), rank, few)
    # One latent that carries both leaves the other with none.
    assert not is_clean(np.array([[0.9, 0.0], [0.0, 0.0]]), np.array([[0, 1.0], [0, 0]]), few)


def test_a_forest_tells_a_latent_whatever_the_scale_of_what_tells_it() -> None:
    rng = np.random.default_rng(0)
    free = rng.random((300, 2))
    codes = np.column_stack([free, 1e-6 * np.cos(3 * free[:, 0]), np.full(300, 0.5)])
    by_all = forest_r2(codes, np.array([0, 1]), np.arange(4), seed=0)
    assert by_all[0] > 0.95
    assert by_all[1] < 0.1
    assert max(forest_r2(codes, np.array([0, 1]), np.array([0, 1]), seed=0)) < 0.1
    assert forest_r2(codes, np.array([0]), np.array([0]), seed=0) == [0.0]
    assert by_all == forest_r2(codes, np.array([0, 1]), np.arange(4), seed=0)


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("method", count_runs.METHODS)
def test_a_run_is_a_row(method: Any) -> None:
    factors = 2 if method == "nashae-aligned" else None
    row = count_row(CountRun(method, "12 duty cycles", 4, seed=3), factors)
    assert (row["method"], row["data"], row["latents"], row["seed"]) == (
        method,
        "12 duty cycles",
        4,
        3,
    )
    assert row["true"] == 2
    for numbers in (row["between"], row["rank"]):
        assert [len(of_latent) for of_latent in numbers] == [2] * row["learned"]
    for told_by in ("told_by_all", "told_by_learned"):
        assert len(row[told_by]) == row["learned"]
        assert all(0 <= r2 <= 1 for r2 in row[told_by])
    assert row["reconstruction"] > 0
    assert ("decisions" in row) == (method == "nashae-counted")
    assert ("tries" in row) == ("independent" in row) == (method == "nashae-aligned")
    again = count_row(CountRun(method, "12 duty cycles", 4, seed=3), factors)
    assert {**again, "seconds": 0} == {**row, "seconds": 0}


@pytest.mark.usefixtures("quick")
def test_rows_that_are_there_are_not_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = [CountRun("nashae", "12 duty cycles", 4, seed) for seed in (0, 1)]
    rows = run_counts(runs, tmp_path, jobs=1)
    assert [row["seed"] for row in rows] == [0, 1]
    monkeypatch.setattr(count_runs, "count_row", lambda *_: pytest.fail("made again"))
    assert run_counts(runs[::-1], tmp_path, jobs=1) == rows[::-1]


def test_an_aligned_run_is_given_the_number_of_its_counted_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def made(run: CountRun, factors: int | None = None) -> Row:
        asked.append((run.method, factors))
        return made_row(7, seed=run.seed, method=run.method)

    monkeypatch.setattr(count_runs, "count_row", made)
    aligned = [CountRun("nashae-aligned", "12 duty cycles", 4, 0)]
    run_counts(aligned, tmp_path, jobs=1)
    assert asked == [("nashae-counted", None), ("nashae-aligned", 7)]
    counted = CountRun("nashae-counted", "12 duty cycles", 4, 0)
    assert run_counts([counted], tmp_path, jobs=1)[0]["method"] == "nashae-counted"


def test_a_cell_counts_its_runs() -> None:
    rows = [made_row(2, seed=1, clean=True), made_row(3, seed=0, near=True), made_row(2, seed=2)]
    (cell,) = count_cells(rows)
    assert [run["seed"] for run in cell.runs] == [0, 1, 2]
    assert cell.found == "2 (2), 3 (1)"
    assert (cell.told_by_all, cell.told_by_learned) == pytest.approx((0.9, 0.1))
    assert (cell.right.count, cell.clean.count, cell.near, cell.true) == (2, 1, 1, 2)
    others = [made_row(3, data="12 amplitudes", true=3, method=m) for m in count_runs.METHODS]
    cells = count_cells([*others, *rows])
    assert [cell.data for cell in cells] == ["beamsynthesis"] + ["12 amplitudes"] * 3
    assert [cell.right.count for cell in cells] == [2, 1, 1, 1]


def test_the_page_has_every_cell(tmp_path: Path) -> None:
    rows = [made_row(2), made_row(12, method="nashae", data="12 amplitudes", true=3)]
    del rows[1]["decisions"], rows[1]["near"]
    page = write_count_report(tmp_path, rows, command="a command", seconds=60)
    text = page.read_text()
    assert "12 amplitudes" in text
    assert "12 (1)" in text
    assert "<code>a command</code>" in text
    assert {file.stem for file in (tmp_path / "figures").iterdir()} == {
        "found-against-true",
        "count-ratios",
        "clean-codes",
    }


@pytest.mark.usefixtures("quick")
def test_the_command_makes_rows_and_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    few = [CountRun(method, "12 duty cycles", 4, 0) for method in count_runs.METHODS]
    monkeypatch.setattr(report, "count_runs", lambda *_: few)
    command.reproduce(table="count", trials=1, jobs=1, out=tmp_path)
    assert [row["method"] for row in read_rows(tmp_path / "count.jsonl")] == [*count_runs.METHODS]
    assert (tmp_path / "count.html").exists()
    assert "12 duty cycles" in capsys.readouterr().out


def test_options_that_counts_do_not_take_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="takes only"):
        command.reproduce(table="count", device="cuda", out=tmp_path)


def test_the_kept_runs_are_different_and_hang_together() -> None:
    rows = published("count")
    asked = {(r.method, r.data, r.latents, r.seed) for r in count_runs.count_runs(16, 16)}
    keys = [(r["method"], r["data"], r["latents"], r["seed"]) for r in rows]
    assert len(set(keys)) == len(keys)
    assert set(keys) <= asked
    true = {name: true_factors(COUNT_DATA[name]()) for name in {row["data"] for row in rows}}
    for row in rows:
        assert row["true"] == true[row["data"]]
        assert row["learned"] == len(row["between"])
        assert ("decisions" in row) == (row["method"] == "nashae-counted")
        if "decisions" in row:
            last = row["decisions"][-1]
            assert (last["kind"], last["latents"]) == ("add", row["learned"] + 1)
