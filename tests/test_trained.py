"""A run whose error is not below that of the mean observation is not trained: nothing uses it."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from apps.recipes import RECIPES, AnyRecipe
from apps.reproduce.table import Results, write_report
from apps.reproduce.table1.cells import table_1
from apps.reproduce.tables import TABLES
from apps.runs.rows import Row, published
from apps.runs.trained import errors, is_trained, trained, untrained
from nashae_data import AttributeDataset, Dataset, beamsynthesis, dsprites


def made_row(error: float | None, **changes: Any) -> Row:
    row = {"method": "nashae", "weight": 0.2, "latents": 4, "seed": 0, "learned": 2}
    return {**row, "error": error, "mean_error": 0.5, **changes}


@dataclass
class FinishedRun:
    """What `errors` reads of a run folder."""

    recipe: AnyRecipe
    record: Row
    dataset: Dataset | AttributeDataset

    def data(self) -> Dataset | AttributeDataset:
        return self.dataset


@pytest.mark.parametrize("error", [0.5, 0.51, math.inf, math.nan])
def test_a_run_that_does_not_beat_the_mean_observation_is_not_trained(error: float) -> None:
    assert not is_trained(made_row(error))


def test_what_is_below_it_is_trained_and_so_is_what_reconstructs_nothing() -> None:
    assert is_trained(made_row(0.49))
    assert is_trained(made_row(None))
    rows = [made_row(e, seed=i) for i, e in enumerate((0.1, 0.6, 0.2, 0.9))]
    assert [row["seed"] for row in trained(rows)] == [0, 2]
    assert [row["seed"] for row in untrained(rows)] == [3, 1]


def test_errors_of_waveforms_are_of_the_normalised_ones() -> None:
    x = (beamsynthesis().observations[:] - 0.318) / 0.4168
    of_the_mean = 0.5 * np.square(x - x.mean(0)).mean()
    nashae, vae = RECIPES["beamsynthesis-nashae"], RECIPES["beamsynthesis-beta-vae"]
    found = errors(FinishedRun(nashae, {"reconstruction_loss": 0.01}, beamsynthesis()))  # type: ignore[arg-type]
    assert found == {"error": 0.01, "mean_error": pytest.approx(of_the_mean, rel=1e-5)}
    # A VAE that has every element right is left with the density's constant.
    perfect = {"nll": 1000 * 0.5 * math.log(2 * math.pi)}
    found = errors(FinishedRun(vae, perfect, beamsynthesis()))  # type: ignore[arg-type]
    assert found["error"] == pytest.approx(0)
    assert found["mean_error"] == pytest.approx(of_the_mean, rel=1e-5)
    gan = RECIPES["beamsynthesis-info-gan"]
    nothing = errors(FinishedRun(gan, {"generator_loss": 1.0}, beamsynthesis()))  # type: ignore[arg-type]
    assert nothing == {"error": None, "mean_error": None}


def test_errors_of_sprites_are_squares_or_nats() -> None:
    dataset = dsprites()
    share = np.zeros((64, 64))
    for start in range(0, len(dataset.observations), 50_000):
        share += dataset.observations[start : start + 50_000].sum(0, dtype=np.float64)
    p = share / len(dataset.observations)
    inside = p[(p > 0) & (p < 1)]
    nats = -(inside * np.log(inside) + (1 - inside) * np.log(1 - inside)).sum() / 4096
    nashae, vae = RECIPES["dsprites-nashae"], RECIPES["dsprites-beta-vae"]
    found = errors(FinishedRun(nashae, {"reconstruction_loss": 0.01}, dataset))  # type: ignore[arg-type]
    # Of 5000 images in place of all.
    assert found["mean_error"] == pytest.approx(0.5 * (p * (1 - p)).mean(), rel=0.01)
    found = errors(FinishedRun(vae, {"nll": 409.6}, dataset))  # type: ignore[arg-type]
    assert found["error"] == pytest.approx(0.1)
    assert found["mean_error"] == pytest.approx(nats, rel=0.01)


@pytest.mark.parametrize("table", ["table1", "table2", "table3"])
def test_every_published_row_says_whether_it_is_trained(table: Any) -> None:
    rows = published(table)
    assert all(math.isfinite(row["error"]) and row["mean_error"] > 0 for row in rows)
    # One for each unit: of dSprites' VAEs nats, of all else squares.
    nats = {table == "table2" and row["method"] != "nashae" for row in rows}
    assert len({row["mean_error"] for row in rows}) == len(nats)
    left_out = untrained(rows)
    # The document says what is left out, run by run; of Tables 2 and 3 there is none.
    assert len(left_out) == {"table1": 15}.get(table, 0)


def test_the_page_on_table_1_names_those_that_are_not() -> None:
    page = (Path(__file__).parents[1] / "docs" / "table1.md").read_text(encoding="utf-8")
    section = " ".join(
        page[page.index("**Not trained.**") : page.index("**What agrees.**")].split()
    )
    for row in untrained(published("table1")):
        family = {"beta-vae": "β-VAE: ", "beta-tcvae": "β-TCVAE: "}[row["method"]]
        of_method = section[section.index(family) :]
        of_weight = of_method[of_method.index(f"β = {row['weight']:g} m") :].split(";")[0]
        of_m = of_weight[of_weight.index(f"m = {row['latents']} seed") :].split(", m")[0]
        assert str(row["seed"]) in of_m


def test_the_report_says_so_and_takes_them_into_no_number(tmp_path: Path) -> None:
    rows = [made_row(0.1), made_row(0.7, seed=1, learned=4)]
    results = Results((), rows, [made_row(0.8, seed=2)], ["nashae"])
    write_report(TABLES[None], results, tmp_path, [], command="reproduce", seconds=1.0)
    text = " ".join((tmp_path / "report.html").read_text(encoding="utf-8").split())
    assert "<h2>Not trained</h2>" in text
    assert "Your runs: nashae 0.2, m = 4, seed 1: 1.40." in text
    assert "The runs kept with this release: nashae 0.2, m = 4, seed 2: 1.60." in text
    (cell,) = (c for c in table_1(results.trained_rows, ["nashae"]) if c.learned)
    assert cell.learned == (2,)
