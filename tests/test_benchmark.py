"""The benchmark compares like with like, and its ratios are what was timed."""

import runpy
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from apps.benchmark import __main__ as app
from apps.benchmark import cases, face_cases, metric_cases, timing
from apps.benchmark.reference import (
    PlainFactorVAE,
    PlainGaussianVAE,
    PlainNashAE,
    conv_networks,
)
from apps.benchmark.reference import metrics as plain_metrics
from apps.benchmark.timing import compare, fastest
from apps.conformance.representations import rotation
from apps.console import exit_on_error
from apps.recipes import DATA_SETS, RECIPES, recipe
from apps.recipes.data_sets.beamsynthesis import normalised
from nashae_baselines import FactorVAE, GaussianVAE
from nashae_core import NashAE, PackedObservations, TrainConfig, train
from nashae_data import beamsynthesis
from nashae_metrics import auroc, tad
from nashae_metrics.attributes.redundancy import redundancy


class Seen:
    """Observations that note which batches they were asked for; a look at one row is none."""

    def __init__(self, rows: Tensor) -> None:
        self.rows, self.batches = rows, list[Tensor]()

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: Tensor) -> Tensor:
        rows = self.rows[index]
        if len(rows) > 1:
            self.batches.append(rows)
        return rows


def layers(network: nn.Module) -> list[tuple[Tensor, Tensor]]:
    """The weights (outputs, inputs) and biases of a perceptron, whichever way it names them."""
    parameters = [p.detach() for p in network.parameters()]
    matrices, vectors = ([p for p in parameters if p.dim() == d] for d in (2, 1))
    return list(zip(matrices, vectors, strict=True))


def predictor_layers(model: NashAE, latent: int) -> list[tuple[Tensor, Tensor]]:
    p = model.predictors
    stacks = ((p.weight1, p.bias1), (p.weight2, p.bias2), (p.weight3, p.bias3))
    return [(weight[latent].detach().mT, bias[latent, 0].detach()) for weight, bias in stacks]


def pairs(model: NashAE, plain: PlainNashAE) -> Iterator[tuple[Tensor, Tensor]]:
    """Each parameter of ours beside the reference's."""
    both = [
        (layers(model.encoder), layers(plain.encoder)),
        (layers(model.decoder), layers(plain.decoder)),
        *((predictor_layers(model, i), layers(plain.predictors[i])) for i in range(plain.latents)),
    ]
    for ours, theirs in both:
        for (w1, b1), (w2, b2) in zip(ours, theirs, strict=True):
            yield w1, w2
            yield b1, b2


@pytest.mark.parametrize("latents", [2, 4, 10])
@pytest.mark.parametrize("lam", [0.0, 0.2])
def test_the_reference_is_the_same_method_in_float64(latents: int, lam: float) -> None:
    model = recipe("nashae", lam, latents, 0).build(torch.Generator().manual_seed(1)).double()
    assert isinstance(model, NashAE)
    plain = PlainNashAE(latents, lam)
    for module in (plain.encoder, plain.decoder, plain.predictors):
        module.double()
    for ours, theirs in pairs(model, plain):
        theirs.copy_(ours)
    before = [ours.clone() for ours, _ in pairs(model, plain)]

    seen = Seen(normalised(beamsynthesis().observations))
    config = TrainConfig(steps=10, record_every=1)
    history = train(model, seen, config, torch.Generator().manual_seed(0))
    losses = torch.stack([torch.stack(plain.step(x)) for x in seen.batches])
    terms = history.terms
    kept = torch.stack([terms["reconstruction_loss"], terms["covariance_loss"]], dim=1)
    torch.testing.assert_close(kept, losses, rtol=0, atol=1e-9)
    for (ours, theirs), start in zip(pairs(model, plain), before, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-9)
        assert not torch.equal(ours, start)  # all have moved


def test_the_reference_on_dsprites_is_the_same_method_in_float64() -> None:
    recipe = replace(RECIPES["dsprites-nashae"], latents=3)
    model = recipe.build(torch.Generator().manual_seed(1)).double()
    plain = cases.plain_dsprites_nashae(3, torch.device("cpu"))
    for module in (plain.encoder, plain.decoder, plain.predictors):
        module.double()
    for ours, theirs in pairs(model, plain):
        theirs.copy_(ours)
    x = (torch.rand(30, 4096, generator=torch.Generator().manual_seed(2)) < 0.04).double()
    seen = Seen(x)
    config = TrainConfig(steps=3, batch_size=15, record_every=1)  # sparse enough, and large enough
    history = train(model, seen, config, torch.Generator().manual_seed(0))
    losses = torch.stack([torch.stack(plain.step(batch)) for batch in seen.batches])
    terms = history.terms
    kept = torch.stack([terms["reconstruction_loss"], terms["covariance_loss"]], dim=1)
    torch.testing.assert_close(kept, losses, rtol=0, atol=1e-9)
    for ours, theirs in pairs(model, plain):
        torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-9)


def gaussian_pairs(model: GaussianVAE, plain: PlainGaussianVAE) -> Iterator[tuple[Tensor, Tensor]]:
    """Each parameter of ours beside the reference's."""
    both = [(model.encoder, plain.encoder), (model.decoder, plain.decoder)]
    if isinstance(model, FactorVAE) and isinstance(plain, PlainFactorVAE):
        both.append((model.discriminator, plain.discriminator))
    for ours, theirs in both:
        for layer, same in zip(layers(ours), layers(theirs), strict=True):
            yield from zip(layer, same, strict=True)


@pytest.fixture
def float64() -> Iterator[None]:
    """All that is made is in float64: Adagrad makes its sums with the weights."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


@pytest.mark.filterwarnings("ignore:.* must fall in training")  # the first steps of Adagrad rise
@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize(("beta", "latents"), [(2.0, 10), (8.0, 4)])
@pytest.mark.parametrize("method", cases.PLAIN_BASELINES)
def test_a_baselines_reference_is_the_same_method_in_float64(
    method: str, beta: float, latents: int
) -> None:
    model = recipe(method, beta, latents, 0).build(torch.Generator().manual_seed(1))
    assert isinstance(model, GaussianVAE)
    # `train` draws the seed of the model's noise before all else.
    noise_seed = int(torch.randint(2**62, (), generator=torch.Generator().manual_seed(0)))
    plain = cases.PLAIN_BASELINES[method](latents, beta, noise_seed)
    for ours, theirs in gaussian_pairs(model, plain):
        theirs.copy_(ours)
    before = [ours.clone() for ours, _ in gaussian_pairs(model, plain)]

    seen = Seen(normalised(beamsynthesis().observations))
    # Few steps and a small β: Adagrad's first steps are so large that rounding errors grow up to
    # a hundredfold in each.
    config = TrainConfig(steps=3, record_every=1)
    history = train(model, seen, config, torch.Generator().manual_seed(0))
    each_step = zip(*[iter(seen.batches)] * model.batches_per_step, strict=True)
    steps = [plain.step(*batches) for batches in each_step]
    assert steps[0].keys() == history.terms.keys()
    for name, kept in history.terms.items():
        losses = torch.stack([step[name] for step in steps])
        torch.testing.assert_close(kept, losses, rtol=1e-9, atol=1e-9)
    for (ours, theirs), start in zip(gaussian_pairs(model, plain), before, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-9)
        assert not torch.equal(ours, start)  # all have moved


class Clock:
    """Time that passes only on request."""

    def __init__(self) -> None:
        self.now = 0.0

    def perf_counter(self) -> float:
        return self.now

    def work(self, *seconds: float) -> Callable[[], None]:
        """A call that takes these seconds, one after another."""
        left = iter(seconds)

        def call() -> None:
            self.now += next(left)

        return call


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(timing, "time", SimpleNamespace(perf_counter=clock.perf_counter))
    return clock


def test_a_comparison_is_the_median_of_the_rounds(clock: Clock) -> None:
    # The first round does not count. The ratios are then 4, 3 and 8.
    ours, reference = clock.work(100, 1, 2, 1), clock.work(1, 4, 6, 8)
    found = compare("name", ours, reference, rounds=3)
    assert found == ("name", 1, 6, 4, 3, 8, "–")
    assert (found.ours, found.reference) == (1, 6)
    assert (found.ratio, found.low, found.high) == (4, 3, 8)


def test_a_comparison_divides_by_the_work(clock: Clock) -> None:
    ours, reference = clock.work(10, 10), clock.work(8, 8)
    found = compare("name", ours, reference, work=(20, 2), rounds=1)
    assert (found.ours, found.reference) == (0.5, 4)
    assert found.ratio == found.low == found.high == 8


def test_the_two_are_timed_in_turns() -> None:
    calls: list[str] = []
    compare("name", lambda: calls.append("ours"), lambda: calls.append("reference"), rounds=2)
    assert calls == ["ours", "reference"] * 3


def test_the_fastest_round_counts(clock: Clock) -> None:
    assert fastest(clock.work(3, 1, 2), 3) == 1


def quick(name: str, ours: object, reference: object, **options: object) -> timing.Comparison:
    return compare(name, ours, reference, **{**options, "rounds": 1})


def test_steps_are_compared_for_each_m_alone_and_eight_seeds_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: dict[str, list[int]] = {"ours": [], "reference": []}

    def small(method: str, lam: float, latents: int, seed: int) -> object:
        asked["ours"].append(latents)
        return recipe(method, lam, 2, seed)

    def plain(latents: int, **options: Any) -> PlainNashAE:
        asked["reference"].append(latents)
        return PlainNashAE(2, **options)

    monkeypatch.setattr(cases, "STEPS", 1)
    monkeypatch.setattr(cases, "compare", quick)
    monkeypatch.setattr(cases, "recipe", small)
    monkeypatch.setattr(cases, "PlainNashAE", plain)
    found = list(cases.steps("cpu"))
    latents = [4, 8, 10, 16, 32, 4, 8, 16, 32]
    assert [int(c.name.split("m = ")[1]) for c in found] == asked["reference"] == latents
    assert asked["ours"] == latents[:5] + [m for m in latents[5:] for _ in range(8)]
    assert all("8 seeds at once" in c.name for c in found[5:])
    for c in found:
        assert c.ours > 0
        assert c.ratio == pytest.approx(c.reference / c.ours)


def test_pruned_and_counted_runs_are_compared_with_a_plain_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls = []
    monkeypatch.setattr(cases, "compare", lambda name, *sides, **_: calls.append((name, sides)))
    for trained in ("train", "train_pruned", "count_factors"):
        made = partial(lambda name, model, *_, **__: (name, model.predictors.latents), trained)
        monkeypatch.setattr(cases, trained, made)
    list(cases.shrinking("cpu"))
    found = [tuple(side() for side in sides) for _, sides in calls]
    assert found == [
        ((ours, m), ("train", m)) for m in (8, 32, 64) for ours in ("train_pruned", "count_factors")
    ]


def test_each_baseline_is_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cases, "STEPS", 1)
    monkeypatch.setattr(cases, "compare", quick)
    found = list(cases.baselines("cpu"))
    names = ["β-VAE β = 100", "β-TCVAE β = 75", "FactorVAE β = 75"]
    assert [c.name for c in found] == [f"{name} step, m = 10" for name in names]
    for c in found:
        assert c.ours > 0
        assert c.ratio == pytest.approx(c.reference / c.ours)


def test_dsprites_step_and_its_data_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cases, "compare", quick)
    monkeypatch.setattr(cases, "SPRITE_STEPS", 1)
    bits = torch.randint(256, (300, 512), generator=torch.Generator().manual_seed(0))
    few = PackedObservations((bits * (bits % 7 == 0)).to(torch.uint8))
    monkeypatch.setattr(cases, "dsprites", lambda: SimpleNamespace(observations=None))
    inputs = replace(DATA_SETS["dsprites"].inputs, of=lambda *_: few)
    monkeypatch.setitem(DATA_SETS, "dsprites", replace(DATA_SETS["dsprites"], inputs=inputs))
    step, data, idle = cases.sprites("cpu")
    assert "NashAE step, m = 10" in step.name
    assert "200 images unpacked" in data.name
    assert "denormals flushed for not" in idle.name
    for c in (step, data, idle):
        assert c.ratio == pytest.approx(c.reference / c.ours)


def test_a_step_on_faces_its_memory_and_its_disk_are_compared(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cases, "compare", quick)
    monkeypatch.setattr(face_cases, "compare", quick)
    monkeypatch.setattr(face_cases, "FACES", 30)
    monkeypatch.setattr(face_cases, "STEPS", 1)
    step, half, disk = face_cases.faces("cpu")
    assert step.name == "faces: NashAE step, m = 32"
    assert "bfloat16" in half.name
    assert "from disk" in disk.name
    for c in (step, half, disk):
        assert c.ratio == pytest.approx(c.reference / c.ours)
    drawn, cached, read = face_cases.face_seconds()
    assert drawn[0] == "30 synthetic faces"
    assert cached[1] > read[1] > 0


def test_the_plain_convolutional_step_is_ours() -> None:
    recipe = RECIPES["synthetic-faces-nashae"]
    model = replace(recipe, latents=3).build(torch.Generator().manual_seed(0))
    plain = PlainNashAE(3, networks=conv_networks(3))
    x = torch.randn(6, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    ours = [*model.encoder.parameters(), *model.decoder.parameters()]
    theirs = [*plain.encoder.parameters(), *plain.decoder.parameters()]
    with torch.no_grad():
        for a, b in zip(ours, theirs, strict=True):
            b.copy_(a)
        torch.testing.assert_close(model.encode(x), plain.encoder(x))
        torch.testing.assert_close(
            model.decode(model.encode(x)), plain.decoder(plain.encoder(x)), atol=1e-5, rtol=1e-5
        )


def agree(case: metric_cases.Case) -> bool:
    return case.ours() == pytest.approx(case.reference(), abs=case.tolerance)


REPRESENTATIONS = {"half dead": lambda codes, _: codes, "rotation": lambda _, f: rotation(f)}


@pytest.fixture(params=REPRESENTATIONS.values(), ids=REPRESENTATIONS)
def table(request: pytest.FixtureRequest) -> tuple[np.ndarray, np.ndarray]:
    """The least rows that all protocols of the study take."""
    codes, factors = metric_cases.study_codes(15_000)
    return request.param(codes, factors), factors


def test_a_metric_of_one_table_is_the_references(table: tuple[np.ndarray, np.ndarray]) -> None:
    codes, factors = (rows[:10_000] for rows in table)
    for case in metric_cases.table_cases(codes, factors):
        assert agree(case), case.name


def test_a_metric_of_shared_factors_is_the_references_on_noisy_codes(
    table: tuple[np.ndarray, np.ndarray],
) -> None:
    codes, factors = table
    noise = np.random.default_rng(1).normal(size=codes.shape) * 2 * codes.std(0)
    for case in metric_cases.sampled_cases(codes + noise, factors, 2000, 2000):
        # Two samples of 2000 points of an accuracy: four standard errors of their difference.
        ours, reference = case.ours(), case.reference()
        assert 0.3 < ours < 0.98
        assert ours == pytest.approx(reference, abs=4 * (2 * ours * (1 - ours) / 2000) ** 0.5)


def test_a_metric_of_shared_factors_is_the_references(
    table: tuple[np.ndarray, np.ndarray],
) -> None:
    for case in metric_cases.sampled_cases(*table, 1000, 1000):
        assert agree(case), case.name


def test_sap_is_the_references(table: tuple[np.ndarray, np.ndarray]) -> None:
    assert agree(metric_cases.sap_case(*table))


def test_dci_is_the_references_with_as_many_trees(table: tuple[np.ndarray, np.ndarray]) -> None:
    codes, factors = (rows[:3000] for rows in table)
    case = metric_cases.dci_case(codes, factors, 2)
    assert agree(case)
    assert case.name == "DCI, boosting of 2 iterations instead of 100"
    assert "instead" not in metric_cases.dci_case(codes, factors, 100).name


def test_the_trees_of_near_perfect_and_of_copied_codes_are_the_references() -> None:
    cases = list(metric_cases.tree_cases(600, 2))
    assert len(cases) == len(metric_cases.NOISE) + 2
    assert {case.goal for case in cases} == {"not slower"}
    for case in cases[1:3]:  # without copies, which share a split that the reference gives to one
        assert agree(case), case.name
    assert cases[-1].ours() > 0


def test_auroc_the_entropy_filter_and_tad_are_the_references() -> None:
    rng = np.random.default_rng(0)
    codes = rng.normal(size=(500, 4)).round(1)  # with ties
    labels = np.stack([codes[:, 0] > 0, codes[:, 0] > 0.2, codes[:, 1] + codes[:, 2] > 1], axis=1)
    labels = np.column_stack([labels, codes[:, 2] + 0.1 * rng.normal(size=500) > 0.4])
    np.testing.assert_allclose(
        auroc(codes, labels), plain_metrics.plain_auroc(codes, labels), atol=1e-12
    )
    np.testing.assert_allclose(
        redundancy(labels), plain_metrics.plain_redundancy(labels), atol=1e-12
    )
    found = tad(codes, labels)
    assert 0 < found.score == pytest.approx(plain_metrics.plain_tad(codes, labels), abs=1e-12)
    assert not found.counted.all()


def test_the_metrics_of_the_study_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metric_cases, "SAMPLES", 30)

    def named(name: str, *_: object, goal: str, rounds: int) -> timing.Comparison:
        return timing.Comparison(name, 1, 1, 1, 1, 1, goal)

    monkeypatch.setattr(metric_cases, "compare", named)
    monkeypatch.setattr(metric_cases, "attribute_parts", lambda: [])
    found = {c.name: c.goal for c in metric_cases.metrics(7)}
    assert list(found)[:7] == [
        "MIG",
        "modularity",
        "IRS",
        "FactorVAE, 15,000 votes",
        "β-VAE, 15,000 points",
        "SAP",
        "DCI, boosting of 7 iterations instead of 100",
    ]
    noises = [name.split(", noise ")[1] for name in list(found)[7:]]
    assert {"0", "0.001", "0.01", "0.05", "0.15", "1.2"} < set(noises)
    assert any("latents twice" in noise for noise in noises)
    assert found["MIG"] == "1/20 of 0.20 s"


def test_parts_of_tad_are_compared_with_a_reference_scaled_to_all_pairs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(metric_cases, "CELEBA", (2000, 4, 9))
    works: list[object] = []

    def noted(name: str, ours: object, reference: object, **options: object) -> timing.Comparison:
        works.append(options["work"])
        return quick(name, ours, reference, **options)

    monkeypatch.setattr(metric_cases, "compare", noted)
    areas, removed = metric_cases.attribute_parts()
    assert works == [(1, 3 / 36), (1, 21 / 45)]
    assert areas.name.endswith("2,000 × 4 × 9; reference scaled from 3 of 36 pairs")
    assert removed.name.endswith("2,000 × 9; reference scaled from 21 of 45 pairs")
    for c in (areas, removed):
        assert c.ratio == pytest.approx(c.reference / c.ours)


def test_metrics_without_a_reference_are_timed_in_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metric_cases, "CELEBA", (2000, 4, 3))
    _, few = metric_cases.study_codes(2**12)  # drawn from all images
    monkeypatch.setattr(metric_cases, "IMAGES", 2**12)
    monkeypatch.setattr(metric_cases, "factors_of", lambda _: few)
    monkeypatch.setattr(metric_cases, "fastest", lambda call, _: fastest(call, 1))
    found = {name: (seconds, goal) for name, seconds, goal in metric_cases.metric_seconds()}
    assert list(found) == [
        "TAD, 2,000 × 4 × 3, entropy filter included",
        "β-VAE under yeats2022-dsprites, 4,096 × 10",
    ]
    assert [goal for _, goal in found.values()] == ["< 0.5 s", "< 3 s"]
    assert all(seconds > 0 for seconds, _ in found.values())


def test_seconds_are_of_the_data_sets_and_of_the_imports(monkeypatch: pytest.MonkeyPatch) -> None:
    codes: list[str] = []
    monkeypatch.setattr(cases, "_python", codes.append)
    monkeypatch.setattr(cases, "fastest", lambda call, _: fastest(call, 1))
    made: list[str] = []
    monkeypatch.setattr(cases, "dsprites", lambda: made.append("dsprites"))
    found = {name: (seconds, goal) for name, seconds, goal in cases.seconds()}
    assert list(found) == [
        "the 360 waveforms of Beamsynthesis",
        "the 737,280 images of dSprites",
        "10,000 images unpacked",
        "import nashae_metrics",
        "import nashae_data",
    ]
    assert [goal for _, goal in found.values()] == ["< 0.1 s", "< 2.5 s", "< 0.067 s", "–", "–"]
    assert all(seconds > 0 for seconds, _ in list(found.values())[:3])
    assert made == ["dsprites"]
    # What Python itself takes to start is taken off.
    assert codes == ["import nashae_metrics", "pass", "import nashae_data", "pass"]


def test_the_command_prints_the_ratios_with_their_spread_and_the_goal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made = timing.Comparison("a step", 0.001, 0.0045, 4.5, 4.1, 5.2)
    score = timing.Comparison("a score", 0.002, 3.0, 1500, 4.1, 5.2, "< 9 s")
    asked: list[int] = []
    monkeypatch.setattr(app, "steps", lambda _: [made])
    monkeypatch.setattr(app, "metrics", lambda trees: asked.append(trees) or [score])
    monkeypatch.setattr(app, "metric_seconds", lambda: [("the whole", 0.75, "< 2 s")])
    monkeypatch.setattr(app, "seconds", lambda: [("the import", 0.25, "–")])
    monkeypatch.setattr(torch, "set_num_threads", lambda _: None)
    app.benchmark(what=("steps", "metrics", "seconds"), dci_trees=3)
    said = capsys.readouterr().out
    assert all(word in said for word in ("a step", "1 ms", "4.5 ms", "4.50", "4.1 and 5.2"))
    assert all(word in said for word in ("a score", "3 s", "< 9 s", "disentanglement_lib"))
    assert all(word in said for word in ("the import", "0.250", "the whole", "0.750", "< 2 s"))
    assert asked == [3]
    app.benchmark(what=("steps",))
    assert "disentanglement_lib" not in capsys.readouterr().out


def test_an_unknown_kind_ends_the_command_with_status_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["benchmark", "--what", "memory"])
    with pytest.raises(SystemExit) as stopped:
        exit_on_error(app.main)
    assert stopped.value.code == 2
    said = capsys.readouterr().err
    assert all(word in said for word in ("memory", "steps", "metrics"))


def test_the_command_has_help(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["benchmark", "--help"])
    with pytest.raises(SystemExit) as stopped:
        runpy.run_path(str(Path(app.__file__).parent), run_name="__main__")
    assert stopped.value.code == 0
    said = capsys.readouterr().out
    assert all(word in said for word in ("--what", "steps", "baselines", "metrics", "seconds"))
