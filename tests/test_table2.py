"""Table 2: its runs, a run of dSprites as a row, what intervals tell, the report, the command."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from apps.recipes import DATA_SETS, RECIPES, AnyRecipe
from apps.reproduce.__main__ import reproduce
from apps.reproduce.table import Results, write_report
from apps.reproduce.table2 import paper
from apps.reproduce.table2.cells import (
    CARRIED,
    best_run,
    carried_factors,
    disjoint_intervals,
    scan_cells,
    size_cells,
    table_2,
)
from apps.reproduce.table2.recipes import table_2_recipes
from apps.reproduce.table2.score import FACTORS, score_sprites
from apps.reproduce.tables import TABLES
from apps.runs.folder import RunFolder
from apps.runs.progress import cost
from apps.runs.rows import Row, published, read_rows
from nashae_core import TrainConfig
from nashae_data import Dataset, PackedImages, Provenance, dsprites

METHODS = ("nashae", "beta-vae", "beta-tcvae")
NONE, WHOLE = [[0.0] * 5, [0.0] * 5], [[1.0, 0.5, 0.0, 0.2, 0.0], [0.0, 0.0, 0.09, 0.0, 0.1]]


def made_row(score: float, seed: int = 0, **changes: Any) -> Row:
    row = {
        "method": "nashae",
        "weight": 0.002,
        "latents": 10,
        "seed": seed,
        "learned": 5,
        "error": 0.004,
        "mean_error": 0.0188,
        "beta_vae": score,
        "beta_vae_standard": score,
        "information": WHOLE,
        "scores": {"mig": 0.1},
    }
    return {**row, **changes}


# The paper and the runs


def test_the_paper_s_numbers_are_those_of_its_table_2() -> None:
    numbers = list(paper.TABLE_2.values())
    assert numbers == [91.41, 92.58, 96.57, 84.63, 93.68, 96.21, 84.64, 95.01, 93.95]
    assert paper.TABLE_2["nashae", 0.002] == 96.57
    assert paper.ILLEGIBLE in paper.TABLE_2


def test_the_runs_are_the_cells_the_scan_and_the_sizes_each_once() -> None:
    recipes = table_2_recipes(METHODS, 15)
    keys = {(r.method_name, r.weight, r.latents, r.seed) for r in recipes}
    assert len(keys) == len({r.label for r in recipes}) == len(recipes) == 9 * 15 + 3 + 6
    cells = {(m, w, 10, seed) for m, w in paper.TABLE_2 for seed in range(15)}
    scan = {("nashae", lam, 10, 0) for lam in (0.0005, 0.001, 0.002, 0.004, 0.008)}
    sizes = {(m, w, n, 0) for m, w in (("nashae", 0.002), ("beta-vae", 4.0)) for n in (8, 16, 32)}
    assert keys == cells | scan | sizes
    assert {r.method_name for r in table_2_recipes(["beta-tcvae"], 2)} == {"beta-tcvae"}


def test_nothing_but_weight_m_and_seed_differs_between_the_runs() -> None:
    for r in table_2_recipes(["beta-vae"], 2):
        default = RECIPES["dsprites-beta-vae"].with_weight(r.weight)
        default = replace(default, latents=r.latents, seed=r.seed)
        assert r == default
        assert r.train == TrainConfig(steps=4000, batch_size=200, record_every=20)


def test_a_run_is_expected_to_take_some_minutes() -> None:
    assert 60 < cost(RECIPES["dsprites-nashae"]) < 3600


# A run as a row

SIZES = (1, 3, 4, 5, 4, 4)
GRID = np.stack(np.unravel_index(np.arange(np.prod(SIZES)), SIZES), axis=1)


def scored_codes(path: Path, codes: np.ndarray, method: str = "nashae", **arrays: Any) -> Row:
    folder = RunFolder(path)
    record = {"method": method, "weight": 0.002, "seed": 3, "versions": {"torch": "2"}}
    folder.write_json("record.json", record)
    folder.write_arrays("codes.npz", {"codes": codes, "factors": GRID, "values": GRID, **arrays})
    return score_sprites(RunFolder(path))


def test_a_code_that_is_the_factors_has_all_of_them(tmp_path: Path) -> None:
    still = np.full((len(GRID), 1), 0.5)
    codes = np.hstack([still, GRID[:, [2, 1, 5, 4, 3]] / 5]).astype(np.float32)
    row = scored_codes(tmp_path, codes, predictions=codes)
    assert list(row)[-1] == "versions"
    assert (row["method"], row["seed"], row["learned"], row["rule"]) == ("nashae", 3, 5, "nashae")
    assert row["counts"] == {"nashae": 5, "beta-vae": None, "factor-vae": 0}
    assert row["beta_vae_standard"] == 1
    assert row["beta_vae"] == pytest.approx(1, abs=0.01)
    expected = np.zeros((6, 5))
    expected[[2, 1, 5, 4, 3], range(5)] = 1
    np.testing.assert_allclose(row["information"], expected, atol=1e-4)
    assert carried_factors(row) == list(FACTORS)
    assert row["predictability"] == pytest.approx(1)
    assert all(score is None or np.isfinite(score) for score in row["scores"].values())


def test_a_code_without_the_orientation_passes_and_the_row_says_so(tmp_path: Path) -> None:
    codes = GRID[:, [1, 2, 4, 5]].astype(np.float32)
    variances = np.tile(np.float32([0.1, 0.1, 0.1, 0.9]), (len(GRID), 1))
    row = scored_codes(tmp_path, codes, "beta-vae", variances=variances)
    assert row["beta_vae_standard"] == 1
    assert carried_factors(row) == ["shape", "scale", "x", "y"]
    assert row["learned"] == 3
    assert "predictability" not in row


def test_the_score_is_drawn_by_the_run_s_seed(tmp_path: Path) -> None:
    codes = (GRID[:, 1:] @ np.random.default_rng(0).normal(size=(5, 3))).astype(np.float32)
    assert scored_codes(tmp_path / "a", codes) == scored_codes(tmp_path / "b", codes)


# What the rows say


def test_a_factor_is_carried_from_the_threshold_on() -> None:
    assert CARRIED == 0.1
    assert carried_factors(made_row(1)) == ["shape", "scale", "x", "y"]
    (cell,) = scan_cells([made_row(1), made_row(1, 1, information=NONE)])
    assert cell.carried == {"shape": 1, "scale": 1, "orientation": 0, "x": 1, "y": 1}


def test_cells_hold_their_own_runs_in_the_order_of_the_seeds() -> None:
    rows = [
        made_row(0.9, 1, learned=6),
        made_row(0.7, 0, predictability=0.5),
        made_row(0.8, method="beta-vae", weight=4.0, latents=16),
        made_row(0.6, weight=0.0005),
    ]
    cells = {(c.method, c.weight): c for c in table_2(rows, METHODS)}
    assert list(cells) == list(paper.TABLE_2)
    cell = cells["nashae", 0.002]
    assert (cell.name, cell.learned, cell.predictability) == ("NashAE λ = 0.002", (5, 6), 0.5)
    found = cell.percent("beta_vae")
    assert found is not None
    assert (found.mean, found.runs) == (pytest.approx(80), 2)
    assert cells["beta-vae", 4.0].runs == ()  # of another m
    assert cells["beta-vae", 4.0].percent("beta_vae") is None
    assert [c.weight for c in scan_cells(rows)] == [0.0005, 0.002]
    assert [(c.method, c.latents) for c in size_cells(rows)] == [("nashae", 10), ("beta-vae", 16)]


def test_weights_are_compared_by_their_intervals() -> None:
    low = [made_row(0.5 + 0.001 * seed, seed, weight=0.0) for seed in range(3)]
    high = [made_row(0.9 + 0.001 * seed, seed) for seed in range(3)]
    wide = [made_row(score, seed) for seed, score in enumerate((0.3, 0.9, 0.99))]
    assert disjoint_intervals(table_2(low + high, METHODS)) == (
        "NashAE: only the intervals for λ = 0 and 0.002 are disjoint."
    )
    none = "NashAE: no two values of λ have disjoint intervals."
    assert disjoint_intervals(table_2(low + wide, METHODS)) == none
    assert disjoint_intervals(table_2([low[0], high[0]], METHODS)) == none  # one run each
    assert disjoint_intervals(table_2(low, METHODS)) == ""


def test_the_best_run_is_one_of_the_table_s_m() -> None:
    rows = [made_row(0.8), made_row(0.9, 1), made_row(0.99, latents=32)]
    assert best_run(rows, "nashae") is rows[1]


def test_the_published_rows_hang_together() -> None:
    rows = published("table2")
    keys = [(r["method"], r["weight"], r["latents"], r["seed"]) for r in rows]
    asked = {(r.method_name, r.weight, r.latents, r.seed) for r in table_2_recipes(METHODS, 15)}
    assert len(set(keys)) == len(keys)
    assert set(keys) <= asked
    for row in rows:
        # FactorVAE's rule is β-TCVAE's too.
        rule = "factor-vae" if row["rule"] == "beta-tcvae" else row["rule"]
        assert row["learned"] == row["counts"][rule] <= row["latents"]
        assert np.shape(row["information"]) == (row["latents"], len(FACTORS))
        assert 0 <= np.min(row["information"]) <= np.max(row["information"]) <= 1
        assert min(row["beta_vae"], row["beta_vae_standard"]) >= 0
        assert max(row["beta_vae"], row["beta_vae_standard"]) <= 1
        assert row["steps"] == 4000
        assert {"beta_vae", "factor_vae", "mig", "sap", "dci", "irs"} <= row["scores"].keys()


# The report and the command


def test_the_report_has_the_paper_s_number_beside_mean_spread_and_interval(tmp_path: Path) -> None:
    rows = [made_row(score, seed) for seed, score in enumerate((0.9, 0.95, 1.0))]
    results = Results((), rows, [made_row(0.91, weight=0.0)], METHODS)
    write_report(TABLES[2], results, tmp_path, [], command="reproduce", seconds=1.0)
    text = (tmp_path / "table2.html").read_text(encoding="utf-8")
    flat = "".join(line.strip() for line in text.splitlines())
    # 95 ± 5 of three runs: half the interval is 4.303 · 5/√3 = 12.4, and no score is above 100.
    ours = '<td class="ours">95.0 ± 5.0</td><td>3</td><td>82.6–100.0</td><td>yes</td>'
    assert f"<td>NashAE λ = 0.002</td><td>96.57</td>{ours}<td>–</td><td>0</td>" in flat
    assert "<td>91.0</td><td>1</td><td>–</td><td>–</td>" in flat  # one run has no interval
    assert "is illegible in our copy" in flat
    assert "https://" not in text


LEVELS = ((0,), (0, 1, 2), (0, 5), (0, 10, 20, 30), (0, 16, 31), (0, 16, 31))
FEW = {
    ("nashae", 0.002, 10),
    ("nashae", 0.004, 10),
    ("nashae", 0.002, 8),
    ("beta-vae", 4.0, 10),
}


@cache
def few_dsprites() -> Dataset:
    """216 of the images of dSprites: some levels of each factor."""
    whole = dsprites()
    rows = np.flatnonzero(
        np.all([np.isin(whole.factors[:, i], levels) for i, levels in enumerate(LEVELS)], axis=0)
    )
    packed = PackedImages(np.packbits(whole.observations[rows], axis=-1))
    names, sizes = whole.names, whole.sizes
    truth = (whole.factors[rows], whole.values[rows])
    return Dataset(packed, *truth, names, sizes, Provenance("a test"))


def few_recipes(methods: Sequence[str], trials: int) -> list[AnyRecipe]:
    short = TrainConfig(steps=3, batch_size=20, record_every=1)
    return [
        replace(r, train=short)
        for r in table_2_recipes(methods, trials)
        if (r.method_name, r.weight, r.latents) in FEW
    ]


@pytest.mark.usefixtures("everything_counts_as_trained")
def test_the_command_does_the_whole_way_and_scores_each_run_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    few = replace(DATA_SETS["dsprites"], load=lambda *_: few_dsprites())
    monkeypatch.setitem(DATA_SETS, "dsprites", few)
    monkeypatch.setitem(TABLES, 2, replace(TABLES[2], recipes=few_recipes))
    methods = ("nashae", "beta-vae")
    reproduce(table=2, method=methods, trials=1, jobs=1, out=tmp_path)
    rows = read_rows(tmp_path / "table2.jsonl")
    assert {(r["method"], r["weight"], r["latents"]) for r in rows} == FEW
    for row in rows:
        assert row["data"] == "dsprites"
        assert np.shape(row["information"]) == (row["latents"], 5)
        assert 0 <= row["beta_vae"] <= 1
    names = {path.name for path in (tmp_path / "figures").glob("*.png")}
    of_methods = {f"{kind}-{m}.png" for kind in ("factor-map", "traversal") for m in methods}
    assert names == of_methods | {"weight-scan.png", "latents-against-m.png"}
    report = (tmp_path / "table2.html").read_text(encoding="utf-8")
    assert report.count("data:image/png;base64,") == len(names)
    assert "https://" not in report
    assert "Table 2" in capsys.readouterr().out

    before = {path: path.stat().st_mtime_ns for path in tmp_path.glob("runs/*/*")}
    assert sum(path.name == "row.json" for path in before) == len(FEW)
    reproduce(table=2, method=methods, trials=1, jobs=1, out=tmp_path)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.glob("runs/*/*")} == before
    assert read_rows(tmp_path / "table2.jsonl") == rows


def test_a_dry_run_says_what_it_would_do_and_does_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    reproduce(table=2, trials=1, out=tmp_path / "out", dry_run=True)
    said = capsys.readouterr().out
    assert "18 runs to make, 2 at a time: about " in said
    assert "λ = 0.0005" in said
    assert not (tmp_path / "out").exists()


def test_a_method_that_the_table_has_not_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="Table 2 has no factor-vae; it has"):
        reproduce(table=2, method=("factor-vae",), out=tmp_path)
