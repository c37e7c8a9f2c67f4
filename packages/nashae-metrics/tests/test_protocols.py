"""Laws over every metric and protocol, called alone and through `evaluate`."""

import json
from collections.abc import Iterator
from dataclasses import fields, replace
from functools import partial
from importlib import import_module

import numpy as np
import pytest

import nashae_metrics
from nashae_metrics import evaluate
from nashae_metrics.boosted_trees import Boosting, boosted_trees
from nashae_metrics.catalogue import METRICS
from nashae_metrics.cli import main
from nashae_metrics.intervals import Bootstrap
from nashae_metrics.splits import SplitSizes
from nashae_metrics.tables import caption

CASES = [
    (name, protocol)
    for name, metric in METRICS.items()
    if metric.needs != "codes of several seeds"
    for protocol in metric.protocols
]
ROWS = 300
# The metrics of one table have one random stream in `evaluate`, whose rows the IRS takes too.
TABLE = {"mig", "rmig", "jemmig", "mig_sup", "dcimig", "modularity", "irs"}


@pytest.fixture(scope="module", autouse=True)
def small_protocols() -> Iterator[None]:
    """Every protocol with so few rows, points and trees that all of them are scored in seconds."""

    def module(name):
        return import_module(f"nashae_metrics.{name}")

    few = partial(boosted_trees, boosting=Boosting(iterations=4))
    points = {"pairs": 4, "train_points": 60, "test_points": 40, "passes": 1}
    votes = {"batch": 8, "train_votes": 60, "test_votes": 40}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module("factor_predictors"), "boosted_trees", few)
        patch.setattr(module("dci_es"), "ITERATIONS", (1, 2, 4))
        patch.setitem(module("sample").PROTOCOL_ROWS, "locatello2019", 200)
        for name in ("explicitness", "sap", "dci"):
            table = module(name).PROTOCOLS
            for key, settings in table.items():
                sizes = [
                    SplitSizes(200, 100, part.strict) if isinstance(part, SplitSizes) else part
                    for part in settings
                ]
                made = tuple(sizes) if type(settings) is tuple else type(settings)(*sizes)
                patch.setitem(table, key, made)
        for key, settings in module("beta_vae_protocols").PROTOCOLS.items():
            patch.setitem(module("beta_vae_protocols").PROTOCOLS, key, replace(settings, **points))
        table = module("factor_vae").PROTOCOLS
        for key, settings in table.items():
            rows = settings.variance_rows and 200
            patch.setitem(table, key, replace(settings, variance_rows=rows, **votes))
        table = module("tad").PROTOCOLS
        for key, settings in table.items():
            patch.setitem(table, key, replace(settings, samples=settings.samples and 200))
        yield


def data():
    """Four factors, and a latent of each on another scale, so that the rules tell them apart."""
    rng = np.random.default_rng(0)
    factors = rng.integers(0, [3, 4, 3, 2], (ROWS, 4))
    codes = (factors + 0.2 * rng.normal(size=factors.shape)) * [0.01, 0.04, 0.5, 3.0]
    return np.insert(codes, 2, 0.3, axis=1), factors


def truths(codes, factors):
    predictions = codes + 0.1 * np.random.default_rng(1).normal(size=codes.shape)
    return {"factors": factors, "attributes": factors > 0, "predictions": predictions}


def alone(name, protocol, codes, truth, rng, **options):
    """The metric called by itself."""
    needs = METRICS[name].needs
    arguments = [codes] if needs == "codes" else [codes, truth[needs]]
    if name not in ("predictability", "learned_latents"):
        options["protocol"] = protocol
    if name != "learned_latents":
        options["rng"] = rng
    return getattr(nashae_metrics, name)(*arguments, **options)


def stream(name, seed):
    names = ["table", *METRICS]
    streams = np.random.default_rng(seed).spawn(len(names))
    return streams[0 if name in TABLE else names.index(name)]


def assert_equal(found, expected):
    for field in fields(expected):
        one, other = getattr(found, field.name), getattr(expected, field.name)
        if isinstance(other, np.ndarray | float):
            np.testing.assert_array_equal(one, other, err_msg=field.name)
        elif not isinstance(other, tuple) and field.name != "noise_floor":  # of arrays
            assert one == other, field.name


@pytest.mark.parametrize(("name", "protocol"), CASES)
def test_evaluate_gives_what_the_metric_gives_alone(name, protocol):
    codes, factors = data()
    truth = truths(codes, factors)
    expected = alone(name, protocol, codes, truth, stream(name, 3))
    found = evaluate(
        codes, **truth, metrics=[name], protocol=protocol, repeats=1, rng=np.random.default_rng(3)
    )
    assert found.skipped == {}
    assert_equal(found[name].result, expected)


def test_a_row_says_by_which_rule_and_the_caption_too():
    codes, factors = data()
    metrics = ["mig", "learned_latents", "predictability"]
    truth = truths(codes, factors)
    found = evaluate(codes, **truth, metrics=metrics, rng=np.random.default_rng(0))
    rules = [(row["rule"], row["active"]) for row in found.records()]
    assert rules == [("constant", 4), ("nashae", 2), ("nashae", 2)]
    assert "4 of 5 latents active by the rule “constant”" in caption(found)
    assert "learned_latents, predictability: 2 by “nashae”" in caption(found)


@pytest.mark.parametrize("active", ["constant", "nashae", "std", [False, True, True, True, True]])
def test_a_rule_that_is_given_serves_every_metric_and_protocol(active):
    codes, factors = data()
    truth = truths(codes, factors)
    active = active if isinstance(active, str) else np.array(active)
    names = list(dict.fromkeys(name for name, _ in CASES if METRICS[name].cost < 1))
    for protocol in dict.fromkeys(protocol for _, protocol in CASES):
        found = evaluate(
            codes,
            **truth,
            metrics=names,
            protocol=protocol,
            active=active,
            repeats=1,
            bootstrap=None,
            rng=np.random.default_rng(0),
        )
        assert {row.result.rule for row in found.rows} <= {found.rule}
        for row in found.rows:
            np.testing.assert_array_equal(row.result.active, found.active)


def spikes(value=1.0):
    """Each latent alive in a single row."""
    return value * np.eye(ROWS)[:, [7, 9]]


DEAD = {
    "zeros": np.zeros((ROWS, 3)),
    "one constant latent": np.full((ROWS, 1), 0.1, np.float32),
    "constant and huge": np.full((ROWS, 2), -1e30),
    "whole numbers": np.ones((ROWS, 2), dtype=np.int64),
    "hardly moving": 0.5 + 1e-3 * np.random.default_rng(2).random((ROWS, 3)),
    "denormal": 5e-324 * np.random.default_rng(2).integers(0, 2, (ROWS, 2)),
    "one rounding apart": 1 + 2.0**-52 * np.random.default_rng(2).integers(0, 2, (ROWS, 2)),
    "one alive among dead": np.c_[np.zeros(ROWS), data()[1][:, 0], np.full(ROWS, 0.7)],
    "alive in one row": spikes(),
    "alive in one row, hardly": spikes(1e-200),
}
FEW = Bootstrap(resamples=20)


@pytest.mark.parametrize("kind", DEAD)
def test_dead_codes_have_a_score_by_every_metric_and_protocol(kind):
    codes = DEAD[kind]
    truth = truths(codes, data()[1])
    for protocol in dict.fromkeys(protocol for _, protocol in CASES):
        rng = np.random.default_rng(3)
        found = evaluate(codes, **truth, protocol=protocol, repeats=1, bootstrap=FEW, rng=rng)
        named = {name for name, known in CASES if known == protocol}
        assert {row.metric for row in found.rows} == named
        assert np.isfinite([row.score for row in found.rows]).all()


@pytest.mark.parametrize("kind", ["zeros", "hardly moving"])
def test_the_command_scores_dead_codes(kind, tmp_path, capsys):
    path, table = tmp_path / "a.npz", tmp_path / "a.json"
    np.savez(path, codes=DEAD[kind], **truths(DEAD[kind], data()[1]))
    for protocol in ("exact", "yeats2022", "locatello2019"):
        options = ["--repeats", "1", "--resamples", "9", "--protocol", protocol]
        assert main(["score", str(path), *options, "--json", str(table)]) == 0
        rows = json.loads(table.read_text())["metrics"]
        assert {row["metric"] for row in rows} == {n for n, known in CASES if known == protocol}
        assert np.isfinite([row["score"] for row in rows]).all()
