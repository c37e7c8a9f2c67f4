"""Run folders to pictures: what is drawn is what the folders hold."""

import resource
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import matplotlib.image
import numpy as np
import numpy.typing as npt
import pytest
import torch
import tyro
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure

from apps.figures import (
    draw_factor_map,
    draw_image_traversal,
    draw_latent_counts,
    draw_weight_scan,
    factor_map,
    latent_space,
    learning_curves,
    traversal,
    true_against_predicted,
    write_figure,
)
from apps.figures import factor_information as information_module
from apps.figures.__main__ import figures
from apps.figures.factor_information import factor_information
from apps.figures.image_traversal import GAP
from apps.figures.style import DARK, FAINT, GREY
from apps.figures.traversal import VALUES
from apps.recipes import (
    DATA_SETS,
    RECIPES,
)
from apps.runs.folder import RunFolder
from apps.runs.train import train_run
from nashae_core import TrainConfig
from nashae_data import Dataset, PackedImages, Provenance, beamsynthesis

SHORT = TrainConfig(steps=20, batch_size=10, record_every=5)


@pytest.fixture(scope="module")
def nashae(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    recipe = replace(RECIPES["beamsynthesis-nashae"], train=SHORT)
    return train_run(recipe, tmp_path_factory.mktemp("runs") / "nashae")


@pytest.fixture(scope="module")
def vae(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    recipe = replace(RECIPES["beamsynthesis-beta-vae"], latents=2, train=SHORT)
    return train_run(recipe, tmp_path_factory.mktemp("runs") / "vae")


def few_dsprites() -> Dataset:
    """A square at each of 8 by 6 positions, packed, in the place of the whole of dSprites."""
    at = np.stack(np.meshgrid(np.arange(8), np.arange(6), indexing="ij"), -1).reshape(48, 2)
    images = np.zeros((48, 64, 64), np.uint8)
    for image, (y, x) in zip(images, 8 * at, strict=True):
        image[y : y + 9, x : x + 9] = 1
    factors = np.column_stack([np.zeros(48, np.int64), at])
    packed = PackedImages(np.packbits(images, axis=-1))
    names, sizes = ("color", "posY", "posX"), (1, 8, 6)
    return Dataset(packed, factors, factors / 7, names, sizes, Provenance("a test"))


@pytest.fixture
def few_sprites(monkeypatch: pytest.MonkeyPatch) -> Dataset:
    monkeypatch.setitem(
        DATA_SETS, "dsprites", replace(DATA_SETS["dsprites"], load=lambda *_: few_dsprites())
    )
    return few_dsprites()


@pytest.fixture(scope="module")
def sprites(tmp_path_factory: pytest.TempPathFactory) -> tuple[RunFolder, RunFolder]:
    """A run of NashAE and one of a β-VAE, on images."""
    few = TrainConfig(steps=3, batch_size=20, record_every=1)
    recipes = [
        replace(RECIPES[f"dsprites-{name}"], latents=3, train=few)
        for name in ("nashae", "beta-vae")
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(
            DATA_SETS, "dsprites", replace(DATA_SETS["dsprites"], load=lambda *_: few_dsprites())
        )
        folder = tmp_path_factory.mktemp("runs")
        first, second = (train_run(recipe, folder / recipe.method_name) for recipe in recipes)
    return first, second


def with_codes(run: RunFolder, path: Path, codes: npt.NDArray[np.float64]) -> RunFolder:
    """The run, as though it had these codes."""
    copy = RunFolder(path)
    path.mkdir()
    for name in ("config.json", "weights.safetensors", "weights.json"):
        (path / name).write_bytes((run.path / name).read_bytes())
    copy.write_arrays("codes.npz", {"codes": codes, "names": run.codes["names"]})
    return copy


def made_run(
    path: Path,
    codes: npt.NDArray[np.float64],
    predictions: npt.NDArray[np.float64] | None = None,
    *,
    names: tuple[str, ...] = ("frequency", "duty_cycle"),
    **changes: object,
) -> RunFolder:
    """A folder of a run that was never trained, its codes given, on the first rows of the data."""
    run = RunFolder(path)
    recipe = replace(RECIPES["beamsynthesis-nashae"], latents=codes.shape[1], **changes)
    run.write_json("config.json", {"method": "nashae", "recipe": recipe.as_dict()})
    data = beamsynthesis()
    arrays = {"codes": codes, "predictions": codes if predictions is None else predictions}
    values = data.values[: len(codes), : len(names)]
    run.write_arrays("codes.npz", {**arrays, "values": values, "names": np.array(names)})
    return run


def uniform(seed: int, n: int = 360, m: int = 4) -> npt.NDArray[np.float64]:
    return np.random.default_rng(seed).uniform(size=(n, m))


def drawn(figure: Figure) -> list[PathCollection]:
    """The scatters of the figure's panels, blank cells aside."""
    panels = [axis for axis in figure.axes if axis.axison]
    return [c for axis in panels for c in axis.collections if isinstance(c, PathCollection)]


def points(scatter: PathCollection) -> npt.NDArray[np.float64]:
    return np.asarray(scatter.get_offsets())


def test_latent_space_draws_the_codes_over_the_duty_cycle(nashae: RunFolder) -> None:
    figure = latent_space([nashae])
    assert [axis.get_ylabel() for axis in figure.axes] == ["L1", "L2", "L3", "L4"]
    for latent, scatter in enumerate(drawn(figure)):
        expected = np.column_stack([nashae.codes["values"][:, 1], nashae.codes["codes"][:, latent]])
        np.testing.assert_array_equal(points(scatter), expected)


def test_latent_space_has_one_colour_a_frequency(nashae: RunFolder) -> None:
    figure = latent_space([nashae])
    (legend,) = figure.legends
    assert [t.get_text() for t in legend.get_texts()] == ["10 Hz", "15 Hz", "20 Hz"]
    frequency = nashae.codes["values"][:, 0]
    for scatter in drawn(figure):
        colours = scatter.get_facecolor()
        for value, handle in zip((10, 15, 20), legend.legend_handles, strict=True):
            assert (colours[frequency == value] == to_rgba(handle.get_color())).all()


def test_latent_space_leaves_cells_blank_where_a_run_has_fewer_latents(
    nashae: RunFolder, vae: RunFolder
) -> None:
    figure = latent_space([vae, nashae])
    assert len(figure.axes) == 8
    assert sum(axis.axison for axis in figure.axes) == 6
    assert [a.get_ylabel() for a in figure.axes if a.get_ylabel()] == ["L1", "L2", "L3", "L4"]


def test_latent_space_titles_name_the_method_and_count_the_learned(
    tmp_path: Path, vae: RunFolder
) -> None:
    codes = uniform(0)
    codes[:, [0, 2]] = 0.001
    figure = latent_space([made_run(tmp_path, codes), vae])
    titles = [axis.get_title().split("\n") for axis in figure.axes[:2]]
    assert titles[0] == ["NashAE λ = 0.2", "m = 4", "2 of 4 learned"]
    assert titles[1][:2] == ["β-VAE β = 100", "m = 2"]


def test_latent_space_tells_seeds_apart(tmp_path: Path) -> None:
    runs = [made_run(tmp_path / str(s), uniform(s), seed=s) for s in (3, 5)]
    titles = [axis.get_title() for axis in latent_space(runs).axes[:2]]
    assert [title.split("\n")[1] for title in titles] == ["seed 3", "seed 5"]


def test_latent_space_scales_are_shared_down_a_column(nashae: RunFolder, vae: RunFolder) -> None:
    figure = latent_space([nashae, vae])
    ours = {axis.get_ylim() for axis in figure.axes[::2]}
    theirs = {axis.get_ylim() for axis in figure.axes[1::2] if axis.axison}
    ((low, high),) = ours
    assert low < 0 < 1 < high < 1.1
    ((low, high),) = theirs
    assert low == -high
    assert high > np.abs(vae.codes["codes"]).max()


def test_latent_space_of_a_dead_vae_looks_dead(vae: RunFolder, tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    (tmp_path / "config.json").write_bytes((vae.path / "config.json").read_bytes())
    run.write_arrays("codes.npz", vae.codes | {"codes": np.zeros_like(vae.codes["codes"])})
    low, high = latent_space([run]).axes[0].get_ylim()
    assert low == -high
    assert high > 0.5


def test_true_against_predicted_draws_every_latent(nashae: RunFolder) -> None:
    figure = true_against_predicted(nashae)
    scatters = drawn(figure)
    assert len(scatters) == 4
    for latent, scatter in enumerate(scatters):
        expected = [nashae.codes[name][:, latent] for name in ("codes", "predictions")]
        np.testing.assert_array_equal(points(scatter), np.column_stack(expected))


@pytest.mark.parametrize(("m", "grid"), [(2, (1, 2)), (8, (1, 8)), (10, (2, 5)), (32, (4, 8))])
def test_true_against_predicted_fills_a_grid(tmp_path: Path, m: int, grid: tuple[int, int]) -> None:
    figure = true_against_predicted(made_run(tmp_path, uniform(0, 50, m)))
    assert figure.axes[0].get_gridspec().get_geometry() == grid
    assert sum(axis.axison for axis in figure.axes) == m


def test_true_against_predicted_says_r2_and_greys_the_dead(tmp_path: Path) -> None:
    codes = uniform(0)
    codes[:, 1] *= 0.2  # of range below 0.2: dead
    predictions = codes.copy()
    predictions[:, 2] = 0.5
    figure = true_against_predicted(made_run(tmp_path, codes, predictions))
    said = [axis.get_title(loc="right") for axis in figure.axes]
    assert said == ["R² 1.00", "R² 1.00", "R² 0.00", "R² 1.00"]
    grey = [(scatter.get_facecolor() == to_rgba(GREY)).all() for scatter in drawn(figure)]
    assert grey == [False, True, False, False]
    # The mean of 1, 0 and 1: the dead one does not count.
    assert figure.get_suptitle() == "NashAE λ = 0.2: mean R² 0.67 over 3 of 4 latents"


def test_true_against_predicted_counts_what_lies_outside(tmp_path: Path) -> None:
    codes = uniform(0)
    predictions = codes.copy()
    predictions[:3, 0] = 1.5
    figure = true_against_predicted(made_run(tmp_path, codes, predictions))
    assert figure.get_suptitle().endswith("; 3 predictions lie outside")


def test_true_against_predicted_wants_predictions(vae: RunFolder) -> None:
    with pytest.raises(ValueError, match=f"{vae.path} is a run of beta-vae, without predictions"):
        true_against_predicted(vae)


def test_learning_curves_have_a_panel_a_term_and_a_line_a_run(
    nashae: RunFolder, vae: RunFolder
) -> None:
    figure = learning_curves([nashae, vae])
    panels = [axis for axis in figure.axes if axis.axison]
    terms = [(run, name) for run in (nashae, vae) for name in run.history if name != "steps"]
    assert len(panels) == len(terms) == 5
    for axis, (run, name) in zip(panels, terms, strict=True):
        expected = np.column_stack([run.history["steps"], run.history[name]])
        np.testing.assert_array_equal(axis.lines[0].get_xydata(), expected)
    labels = [t.get_text() for t in figure.legends[0].get_texts()]
    assert labels == ["NashAE λ = 0.2, m = 4", "β-VAE β = 100, m = 2"]


@pytest.mark.parametrize(
    ("values", "scale"),
    [
        ([4.0, 2.0, 1.0], "log"),
        ([100.0, 1.0, 0.1], "log"),
        ([1.0, 0.0, -0.1], "symlog"),
        ([0.0, 0.0, 0.0], "linear"),
        ([2.0, 2.0, 2.0], "log"),
    ],
)
def test_learning_curves_are_logarithmic_where_they_can_be(
    tmp_path: Path, values: list[float], scale: str
) -> None:
    run = made_run(tmp_path, uniform(0))
    run.write_arrays("history.npz", {"steps": np.arange(3), "loss": np.array(values)})
    (axis,) = learning_curves([run]).axes
    assert axis.get_yscale() == scale


def test_learning_curves_of_seeds_share_a_colour(tmp_path: Path) -> None:
    runs = [made_run(tmp_path / str(s), uniform(s), seed=s) for s in range(3)]
    for run in runs:
        run.write_arrays("history.npz", {"steps": np.arange(1), "loss": uniform(0, 1, 1)[0]})
    figure = learning_curves(runs)
    assert len({line.get_color() for line in figure.axes[0].lines}) == 1
    assert [t.get_text() for t in figure.legends[0].get_texts()] == ["NashAE λ = 0.2 (3 runs)"]


def test_traversal_decodes_one_latent_from_end_to_end(nashae: RunFolder) -> None:
    codes = nashae.codes["codes"]
    (axis, _) = traversal(nashae, row=7, latents=[2]).axes  # the panel and its colour bar
    assert axis.get_title(loc="left") == "L3"
    assert len(axis.lines) == VALUES
    for line, end in ((axis.lines[0], codes[:, 2].min()), (axis.lines[-1], codes[:, 2].max())):
        code = codes[7].copy()
        code[2] = end
        with torch.no_grad():
            decoded = nashae.model().decode(torch.tensor(code[None]))
            expected = nashae.recipe.data_set.inputs.decoded(decoded)[0]
        # A matrix product of seven rows and of one may round differently.
        np.testing.assert_allclose(line.get_ydata(), expected, rtol=0, atol=1e-5)
        assert line.get_xdata()[:3] == pytest.approx([0, 0.001, 0.002])


def test_traversal_starts_near_the_median_and_says_where(vae: RunFolder) -> None:
    codes = vae.codes["codes"]
    row = int(np.linalg.norm(codes - np.median(codes, axis=0), axis=1).argmin())
    frequency, duty_cycle = vae.codes["values"][row]
    title = traversal(vae, latents=[0, 1]).get_suptitle()
    expected = f"observation {row}: frequency {frequency:g} Hz, duty cycle {duty_cycle:g}"
    assert title.endswith(expected)


def test_traversal_shows_the_learned_latents_or_else_all(nashae: RunFolder, tmp_path: Path) -> None:
    weights = (nashae.path / "weights.safetensors").read_bytes()
    for name, dead, expected in (("some", [0, 3], ["L2", "L3"]), ("none", [0, 1, 2, 3], None)):
        codes = uniform(0)
        codes[:, dead] = 0.5
        run = made_run(tmp_path / name, codes)
        (run.path / "weights.safetensors").write_bytes(weights)
        titles = [t for axis in traversal(run).axes if (t := axis.get_title(loc="left"))]
        assert titles == (expected or ["L1", "L2", "L3", "L4"])


@pytest.mark.parametrize("row", [-1, 360])
def test_traversal_wants_a_row_of_the_data(nashae: RunFolder, row: int) -> None:
    with pytest.raises(ValueError, match=f"row must be in 0 ... 359.*got {row}"):
        traversal(nashae, row=row)


@pytest.mark.parametrize("latents", [[4], [-1], []])
def test_traversal_wants_latents_of_the_model(nashae: RunFolder, latents: list[int]) -> None:
    with pytest.raises(ValueError, match=r"latents must be in 0 ... 3.*got \["):
        traversal(nashae, latents=latents)


# Images


def whole_codes() -> npt.NDArray[np.float64]:
    """Codes of `few_dsprites` of which L2 is posX, L3 is posY, and L1 is dead."""
    factors = few_dsprites().factors
    return np.column_stack([np.full(48, 0.5), factors[:, 2] / 5, factors[:, 1] / 7])


@pytest.mark.usefixtures("few_sprites")
def test_the_information_of_a_latent_that_is_a_factor_is_all_of_it(
    sprites: tuple[RunFolder, RunFolder], tmp_path: Path
) -> None:
    found = factor_information(with_codes(sprites[0], tmp_path / "run", whole_codes()))
    assert found.names == ("posY", "posX")  # the color does not vary
    np.testing.assert_allclose(found.shares, [[0, 0], [0, 1], [1, 0]], atol=1e-12)


@pytest.mark.usefixtures("few_sprites")
def test_the_information_of_many_observations_is_that_of_some(
    sprites: tuple[RunFolder, RunFolder], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = with_codes(sprites[0], tmp_path / "run", whole_codes())
    monkeypatch.setattr(information_module, "MOST_ROWS", 40)
    shares = factor_information(run).shares
    np.testing.assert_array_equal(shares, factor_information(run).shares)
    assert shares[1, 1] == pytest.approx(1)
    assert 0 < shares[1, 0] < 0.2  # without all of the grid the factors know something of another


@pytest.mark.usefixtures("few_sprites")
def test_codes_that_do_not_fit_the_data_are_refused(
    sprites: tuple[RunFolder, RunFolder], tmp_path: Path
) -> None:
    run = with_codes(sprites[0], tmp_path / "run", whole_codes()[:40])
    with pytest.raises(ValueError, match=rf"{run.path} has 40 codes .* shape \(48, 3\)"):
        factor_map(run)


def test_a_factor_map_writes_each_share_and_greys_what_is_not_learned() -> None:
    shares, active = np.array([[0.9, 0.04], [0.2, 0.3]]), np.array([True, False])
    figure = draw_factor_map(shares, active, ("posX", "a_b"), "A run")
    axis = figure.axes[0]
    assert [(*t.get_position(), t.get_text()) for t in axis.texts] == [
        (0, 0, "0.90"),
        (1, 0, "0.04"),
        (0, 1, "0.20"),
        (1, 1, "0.30"),
    ]
    assert [t.get_color() for t in axis.texts] == ["white", "black", DARK, DARK]
    cells = axis.images[0].get_array()
    assert cells is not None
    assert (cells[1] == to_rgba(FAINT)).all()
    assert cells[0, 0].sum() < cells[0, 1].sum()  # the larger the share the darker
    assert [t.get_text() for t in axis.get_xticklabels()] == ["posX", "a b"]
    assert [t.get_text() for t in axis.get_yticklabels()] == ["L1", "L2"]
    assert figure.get_suptitle() == "A run: 1 of 2 learned; grey: not learned"


@pytest.mark.parametrize(
    ("shares", "active", "why"),
    [
        (np.zeros((2, 3)), [True, True], r"2 factors of \('a', 'b'\); got \(2, 3\)"),
        (np.zeros(2), [True, True], r"must be \(m, k\).*got \(2,\)"),
        (np.zeros((0, 2)), [], r"must be \(m, k\).*got \(0, 2\)"),
        (np.zeros((2, 2)), [True], r"2 booleans.*bool of shape \(1,\)"),
        (np.zeros((2, 2)), [1, 0], r"2 booleans.*int64 of shape \(2,\)"),
        (np.full((2, 2), 1.1), [True, True], r"in \[0, 1\].*got 1.1 to 1.1"),
        (np.full((2, 2), np.nan), [True, True], r"in \[0, 1\].*got nan"),
    ],
)
def test_a_factor_map_refuses_what_does_not_fit(
    shares: npt.NDArray[np.float64], active: list[object], why: str
) -> None:
    with pytest.raises(ValueError, match=why):
        draw_factor_map(shares, np.array(active), ("a", "b"), "A run")


@pytest.mark.parametrize("which", [0, 1], ids=["nashae", "beta-vae"])
def test_an_image_traversal_shows_what_is_decoded(
    sprites: tuple[RunFolder, RunFolder], few_sprites: Dataset, which: int
) -> None:
    run = sprites[which]
    codes = run.codes["codes"]
    figure = draw_image_traversal(run, steps=4, row=7, latents=[2, 0])
    image, reconstruction, *strips = (axis.images[0].get_array() for axis in figure.axes)
    np.testing.assert_array_equal(image, few_sprites.observations[7])
    for strip, latent in zip(strips, (2, 0), strict=True):
        moved = np.tile(codes[7], (5, 1))
        low, high = np.percentile(codes[:, latent], [1, 99])
        moved[1:, latent] = np.linspace(low, high, 4)
        with torch.no_grad():
            expected = run.model().decode(torch.tensor(moved)).numpy().reshape(5, 64, 64)
        assert expected.min() < 0 or which == 1  # a probability, but of NashAE any number
        first, *others = expected.clip(0, 1)
        np.testing.assert_allclose(reconstruction, first, atol=1e-5)
        assert strip is not None
        assert strip.shape == (64, 4 * 64 + 3 * GAP)
        for i, other in enumerate(others):
            start = i * (64 + GAP)
            np.testing.assert_allclose(strip[:, start : start + 64], other, atol=1e-5)


@pytest.mark.usefixtures("few_sprites")
def test_an_image_traversal_orders_the_learned_and_names_what_they_carry(
    sprites: tuple[RunFolder, RunFolder], tmp_path: Path
) -> None:
    codes = whole_codes() * [1, 0.5, 1]  # of the ranges 0, 0.5 and 1
    figure = draw_image_traversal(with_codes(sprites[0], tmp_path / "run", codes), steps=2)
    labels = [axis.get_ylabel() for axis in figure.axes[2:]]
    assert labels == ["L3\nposY 1.00", "L2\nposX 1.00"]
    assert [t.get_text() for t in figure.axes[2].get_xticklabels()] == ["0.00", "1.00"]
    row = int(np.square(codes - np.median(codes, axis=0)).sum(1).argmin())
    expected = (
        f"NashAE λ = 0.002, from image {row}: posY {row // 6 / 7:.3g}, posX {row % 6 / 7:.3g}"
    )
    assert figure.get_suptitle() == expected


@pytest.mark.usefixtures("few_sprites")
def test_an_image_traversal_of_a_dead_code_shows_all_latents(
    sprites: tuple[RunFolder, RunFolder], tmp_path: Path
) -> None:
    codes = 0.1 * whole_codes()
    figure = draw_image_traversal(with_codes(sprites[0], tmp_path / "run", codes), steps=2)
    assert sorted(axis.get_ylabel()[:2] for axis in figure.axes[2:]) == ["L1", "L2", "L3"]


@pytest.mark.usefixtures("few_sprites")
def test_an_image_traversal_refuses_what_cannot_be(
    sprites: tuple[RunFolder, RunFolder], nashae: RunFolder
) -> None:
    run = sprites[0]
    with pytest.raises(ValueError, match=f"{nashae.path} is a run on beamsynthesis.*no images"):
        draw_image_traversal(nashae)
    with pytest.raises(ValueError, match="steps must be at least 2; got 1"):
        draw_image_traversal(run, steps=1)
    with pytest.raises(ValueError, match=r"row must be in 0 ... 47.*got 48"):
        draw_image_traversal(run, row=48)
    with pytest.raises(ValueError, match=r"latents must be in 0 ... 2.*got \[3\]"):
        draw_image_traversal(run, latents=[3])


@pytest.mark.usefixtures("few_sprites")
def test_the_app_draws_of_images_what_images_have(
    sprites: tuple[RunFolder, RunFolder], nashae: RunFolder, tmp_path: Path
) -> None:
    paths = (*(run.path for run in sprites), nashae.path)
    figures(paths, out=tmp_path, formats=("png",), kinds=("factor-map", "latent-space"))
    one, two = (run.path for run in sprites)
    names = {path.stem for path in tmp_path.iterdir()}
    # Two folders are named nashae; their parents' names distinguish them.
    assert names == {"latent-space", "beta-vae-factor-map", "-".join(one.parts[1:]) + "-factor-map"}
    figures((one, two), out=tmp_path / "all", formats=("png",))
    assert {path.stem for path in (tmp_path / "all").iterdir()} == {
        "learning-curves",
        "nashae-true-against-predicted",
        *(
            f"{name}-{kind}"
            for name in ("nashae", "beta-vae")
            for kind in ("traversal", "factor-map")
        ),
    }


# Rows


def scan_row(
    weight: float, score: float = 0.9, learned: int = 5, **changes: object
) -> dict[str, object]:
    row = {"method": "nashae", "weight": weight, "latents": 10, "seed": 0}
    return {**row, "beta_vae": score, "learned": learned, **changes}


def test_a_weight_scan_shows_every_run_and_the_means() -> None:
    rows = [
        scan_row(0.01, 0.6, 4),
        scan_row(0, 0.9, 10, seed=1),
        scan_row(0, 0.8, 8),
        scan_row(0.001, 0.7, 6),
        scan_row(0.01, 0.2, method="beta-vae"),
    ]
    figure = draw_weight_scan(rows)
    panels = figure.axes
    assert [axis.get_ylabel() for axis in panels] == ["β-VAE score (%)", "learned latents of 10"]
    for axis, expected, means in zip(
        panels,
        ([[80, 90], [70], [60]], [[8, 10], [6], [4]]),
        ([85, 70, 60], [9, 6, 4]),
        strict=True,
    ):
        scatters = [c for c in axis.collections if isinstance(c, PathCollection)]
        bars = [c for c in axis.collections if isinstance(c, LineCollection)]
        assert [points(s)[:, 1].tolist() for s in scatters] == [pytest.approx(e) for e in expected]
        assert [bar.get_segments()[0][0, 1] for bar in bars] == pytest.approx(means)
        assert [t.get_text() for t in axis.get_xticklabels()] == ["0", "0.001", "0.01"]
        zero, least, most = axis.get_xticks()
        assert most - least == pytest.approx(1)  # a power of ten
        assert zero < least
        # Runs of one weight stand side by side, about their weight.
        assert points(scatters[0])[:, 0].mean() == pytest.approx(zero)
        assert len(set(points(scatters[0])[:, 0])) == 2


def test_many_runs_of_neighbouring_weights_do_not_mix() -> None:
    rows = [scan_row(w, seed=s, method="beta-vae") for w in (1, 2, 4) for s in range(30)]
    left = draw_weight_scan(rows, method="beta-vae").axes[0]
    spans = [points(c)[:, 0] for c in left.collections if isinstance(c, PathCollection)]
    assert spans[0].max() < spans[1].min()
    assert spans[1].max() < spans[2].min()


@pytest.mark.parametrize("weight", [0, 0.002])
def test_a_scan_may_have_one_weight(weight: float) -> None:
    (label,) = draw_weight_scan([scan_row(weight)]).axes[0].get_xticklabels()
    assert label.get_text() == f"{weight:g}"


def test_a_scan_refuses_rows_that_are_none() -> None:
    with pytest.raises(ValueError, match=r"no row is of beta-vae; there are \['nashae'\]"):
        draw_weight_scan([scan_row(0)], method="beta-vae")
    with pytest.raises(ValueError, match=r"one number of latents; got \[10, 16\]"):
        draw_weight_scan([scan_row(0), scan_row(0, latents=16)])


def test_latent_counts_show_every_run_and_the_means() -> None:
    rows = [scan_row(0.002, learned=n, latents=m) for m, n in ((8, 5), (8, 6), (32, 9))]
    rows += [scan_row(4, learned=n, latents=m, method="beta-vae") for m, n in ((16, 4), (8, 3))]
    figure = draw_latent_counts(rows)
    (axis,) = figure.axes
    assert [t.get_text() for t in axis.get_xticklabels()] == ["8", "16", "32"]
    shown = [points(scatter) for scatter in drawn(figure)]
    assert [p[:, 1].tolist() for p in shown] == [[5, 6], [9], [3], [4]]
    assert [round(p[:, 0].mean()) for p in shown] == [0, 2, 0, 1]
    lines = [list(line.get_ydata()) for line in axis.lines if len(line.get_ydata())]
    assert lines == [[5.5, 9], [3, 4]]
    labels = [t.get_text() for t in figure.legends[0].get_texts()]
    assert labels == ["all m", "NashAE λ = 0.002", "β-VAE β = 4"]


def test_latent_counts_want_rows() -> None:
    with pytest.raises(ValueError, match="rows must be at least one; got none"):
        draw_latent_counts([])


def test_runs_are_wanted() -> None:
    for draw in (latent_space, learning_curves):
        with pytest.raises(ValueError, match="runs must be at least one; got none"):
            draw([])


def test_a_folder_that_is_no_run_is_named(tmp_path: Path) -> None:
    for draw in (true_against_predicted, traversal):
        with pytest.raises(ValueError, match=f"{tmp_path} holds no finished run"):
            draw(RunFolder(tmp_path))
    with pytest.raises(ValueError, match=f"{tmp_path} holds no finished run"):
        latent_space([RunFolder(tmp_path)])


def test_foreign_arrays_are_named(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    for name in ("codes.npz", "history.npz"):
        run.write_arrays(name, {"other": np.zeros(3)})
    with pytest.raises(ValueError, match=rf"{tmp_path} has no values .*\['other'\]"):
        latent_space([run])
    with pytest.raises(ValueError, match=rf"{tmp_path} has no terms over steps: \['other'\]"):
        learning_curves([run])


def test_latent_space_wants_the_same_two_factors(tmp_path: Path, nashae: RunFolder) -> None:
    one = made_run(tmp_path / "one", uniform(0), names=("frequency",))
    with pytest.raises(ValueError, match=rf"two factors; {one.path} has \['frequency'\]"):
        latent_space([one])
    other = made_run(tmp_path / "other", uniform(0), names=("frequency", "width"))
    with pytest.raises(ValueError, match=r"have the same factors; got .*duty_cycle.*width"):
        latent_space([nashae, other])


@pytest.mark.parametrize("suffix", ["png", "svg"])
@pytest.mark.parametrize(
    "draw", [true_against_predicted, traversal, lambda run: latent_space([run])]
)
def test_the_same_run_is_drawn_in_the_same_bytes(
    nashae: RunFolder, tmp_path: Path, draw: Callable[[RunFolder], Figure], suffix: str
) -> None:
    for name in ("a", "b"):
        write_figure(draw(nashae), tmp_path / f"{name}.{suffix}")
    contents = {(tmp_path / f"{name}.{suffix}").read_bytes() for name in ("a", "b")}
    assert len(contents) == 1


def test_a_figure_is_a_png_or_an_svg(nashae: RunFolder, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"must end in .png or .svg; got .*figure.jpg"):
        write_figure(true_against_predicted(nashae), tmp_path / "figure.jpg")
    assert not list(tmp_path.iterdir())


def test_the_app_writes_all_that_applies(
    nashae: RunFolder, vae: RunFolder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    figures((nashae.path, vae.path, nashae.path), out=tmp_path)
    said = capsys.readouterr().out
    names = ("latent-space", "learning-curves", "nashae-traversal", "vae-traversal")
    expected = {*names, "nashae-true-against-predicted"}
    assert {path.name for path in tmp_path.iterdir()} == {
        f"{name}.{suffix}" for name in expected for suffix in ("png", "svg")
    }
    for name in expected:
        image = matplotlib.image.imread(tmp_path / f"{name}.png")
        assert image.shape[2] == 4
        assert image[..., :3].std() > 0.01  # not blank
        assert ET.parse(tmp_path / f"{name}.svg").getroot().tag.endswith("}svg")
        assert str(tmp_path / f"{name}.svg") in said


def test_the_app_tells_folders_of_one_name_apart(tmp_path: Path, nashae: RunFolder) -> None:
    runs = [made_run(tmp_path / parent / "run", uniform(0)) for parent in ("a", "b")]
    for run in runs:
        run.write_json("record.json", {})
    figures(
        tuple(run.path for run in runs),
        out=tmp_path / "out",
        kinds=("true-against-predicted",),
        formats=("png",),
    )
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert [name.rsplit("-run-")[-2][-1] for name in names] == ["a", "b"]


def test_the_app_says_what_it_cannot_draw(vae: RunFolder, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="give at least one run folder"):
        figures(())
    with pytest.raises(ValueError, match=r"nothing to draw: .*needs NashAE runs"):
        figures((vae.path,), out=tmp_path / "out", kinds=("true-against-predicted",))
    with pytest.raises(ValueError, match=f"{tmp_path} holds no finished run"):
        figures((tmp_path,), out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("app", [["-m", "apps.figures"], ["apps/figures"]], ids=["module", "path"])
def test_the_command_line(app: list[str], vae: RunFolder, tmp_path: Path) -> None:
    root = Path(__file__).parents[1]
    command = [sys.executable, *app, str(vae.path), "--out", str(tmp_path)]
    options = ["--kinds", "learning-curves", "--formats", "svg"]
    done = subprocess.run([*command, *options], cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert str(tmp_path / "learning-curves.svg") in done.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["learning-curves.svg"]


def test_the_command_line_lists_the_kinds_it_knows(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        tyro.cli(figures, args=["run", "--kinds", "pie"])
    said = capsys.readouterr()
    assert "latent-space" in said.out + said.err


@pytest.mark.parametrize("suffix", ["png", "svg"])
def test_a_picture_for_which_there_is_no_room_is_an_error(suffix: str, tmp_path: Path) -> None:
    """It names the file, and the old picture stays."""
    path = tmp_path / f"figure.{suffix}"
    figure = Figure(figsize=(2, 1))
    write_figure(figure, path)
    whole = path.read_bytes()
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    for size in (0, len(whole) // 2, len(whole) - 1):
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, old[1]))
        try:
            with pytest.raises(OSError, match=f"too large.*{path.name}"):
                write_figure(figure, path)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, old)
        assert path.read_bytes() == whole
