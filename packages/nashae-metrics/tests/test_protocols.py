"""Laws over every metric and protocol, called alone and through `evaluate`."""

import json
import re
from collections.abc import Iterator
from dataclasses import fields, replace
from importlib import import_module
from inspect import signature

import numpy as np
import pytest

import nashae_metrics
from nashae_metrics import METRICS, evaluate
from nashae_metrics.ground.intervals import Bootstrap
from nashae_metrics.ground.splits import SplitSizes
from nashae_metrics.report.cli import main
from nashae_metrics.report.tables import caption, markdown_text

CASES = [
    (name, protocol)
    for name, metric in METRICS.items()
    if metric.needs != "codes of several seeds"
    for protocol in metric.protocols
]
OF_DSPRITES = ("higgins2017", "yeats2022-dsprites")  # of the last four factors alone
ROWS = 300


@pytest.fixture(scope="module", autouse=True)
def small_protocols() -> Iterator[None]:
    """Every protocol with so few rows, points and trees that all of them are scored in seconds."""

    def module(name):
        return import_module(f"nashae_metrics.{name}")

    points = {"pairs": 4, "train_points": 60, "test_points": 40, "passes": 1}
    votes = {"batch": 8, "train_votes": 60, "test_votes": 40}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module("prediction.predictors"), "STAGES", (1, 2, 4))
        patch.setitem(module("ground.sample").PROTOCOL_ROWS, "locatello2019", 200)
        for name in ("explicitness", "sap", "dci"):
            table = module(f"prediction.{name}").PROTOCOLS
            for key, settings in table.items():
                sizes = [
                    SplitSizes(200, 100, part.strict) if isinstance(part, SplitSizes) else part
                    for part in settings
                ]
                made = tuple(sizes) if type(settings) is tuple else type(settings)(*sizes)
                patch.setitem(table, key, made)
        table = module("intervention.beta_vae_protocols").PROTOCOLS
        for key, settings in table.items():
            patch.setitem(table, key, replace(settings, **points))
        table = module("intervention.factor_vae").PROTOCOLS
        for key, settings in table.items():
            rows = settings.variance_rows and 200
            patch.setitem(table, key, replace(settings, variance_rows=rows, **votes))
        table = module("attributes.tad").PROTOCOLS
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
    # `evaluate` draws the rows of the IRS from the stream of the metrics of one table.
    return streams[names.index("table" if name == "irs" else METRICS[name].stream or name)]


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


def refusals():
    """Codes, truths and what is the matter with them."""
    codes, factors = data()
    few = slice(0, 40)
    yield "few rows", codes[few], truths(codes, factors)["attributes"][few], factors[few]
    apart = np.c_[factors[:, :2], np.arange(ROWS)]
    yield "a factor that no two rows share", codes, factors > 0, apart
    once = factors.copy()
    once[0] = 9
    yield "values that occur once", codes, factors > 0, once
    yield "one factor", codes, factors > 0, factors[:, :1]
    rare = (np.arange(ROWS) == 0)[:, None]
    yield "constant among the rows drawn", codes, rare, np.c_[factors[:, 0], rare]
    yield "two rows", codes[:2], np.eye(2), np.array([[0, 1], [1, 0]])


def refusal(name, protocol, codes, truth):
    try:
        alone(name, protocol, codes, truth, stream(name, 3))
    except nashae_metrics.NotApplicable as error:
        return str(error)
    return None


def test_what_a_metric_refuses_alone_is_skipped_with_its_words_and_the_users_columns():
    """Also where a constant column, which `evaluate` leaves out, stands before the others."""
    refused = set()
    for why, codes, attributes, factors in refusals():
        truth = {"factors": factors, "attributes": attributes, "predictions": codes}
        wide = truth | {"factors": np.insert(factors, 0, 5, axis=1)}
        for name, protocol in CASES:
            if METRICS[name].cost > 1 or protocol in OF_DSPRITES:
                continue
            rng = np.random.default_rng(3)
            options = {"metrics": [name], "protocol": protocol, "repeats": 1}
            found = evaluate(codes, **wide, **options, bootstrap=None, rng=rng)
            text = refusal(name, protocol, codes, truth)
            if text and METRICS[name].needs == "factors":
                place = r"(?<=column )\d|(?<=got \[)\d"
                text = re.sub(place, lambda number: str(int(number[0]) + 1), text)
            assert found.skipped == ({name: text} if text else {}), (why, name, protocol)
            refused |= {why} if text else set()
    assert refused == {why for why, *_ in refusals()}


def test_columns_that_a_protocol_names_are_the_users():
    """The last four of dSprites' six; where one of them is constant there is no score."""
    codes, factors = data()
    for place in (0, 3):
        wide = np.insert(np.insert(factors, 0, factors[:, 1], axis=1), place, 1, axis=1)
        for protocol in OF_DSPRITES:
            rng = np.random.default_rng(3)
            found = evaluate(codes, wide, metrics=["beta_vae"], protocol=protocol, rng=rng)
            if place == 0:
                assert found["beta_vae"].result.columns == (2, 3, 4, 5)
            else:
                assert "factors column 3 is constant" in found.skipped["beta_vae"]


@pytest.mark.parametrize("error", [ValueError, np.linalg.LinAlgError, UnicodeError, KeyError])
def test_only_what_does_not_apply_is_skipped(error, monkeypatch):
    codes, factors = data()
    work = import_module("nashae_metrics.report.evaluate")._Work

    def broken(*_):
        raise error("a bug")

    monkeypatch.setattr(work, "scored", broken)
    with pytest.raises(error, match="a bug"):
        evaluate(codes, factors, rng=np.random.default_rng(0))


@pytest.mark.parametrize("name", dict(CASES))
def test_a_setting_that_is_wrong_is_an_error_and_no_skip(name):
    codes, factors = data()
    options = {"metrics": [name], "rng": np.random.default_rng(0)}
    with pytest.raises(ValueError, match="rule of active latents must be one of") as caught:
        evaluate(codes, **truths(codes, factors), active="alive", **options)
    assert not isinstance(caught.value, nashae_metrics.NotApplicable)
    if METRICS[name].cost < 1 and "repeats" in signature(getattr(nashae_metrics, name)).parameters:
        with pytest.raises(ValueError, match="repeats must be 1 or more"):
            evaluate(codes, factors, repeats=0, **options)


def test_intervals_over_draws_stand_apart_from_those_over_samples():
    codes, factors = data()
    truth = truths(codes, factors)
    found = evaluate(codes, **truth, repeats=2, bootstrap=FEW, rng=np.random.default_rng(0))
    assert {row.metric for row in found.rows if row.draws_interval} == {
        "beta_vae",
        "factor_vae",
        "sap",
    }
    assert {row.metric for row in found.rows if row.interval} == {
        name
        for name, _ in CASES
        if "bootstrap" in signature(getattr(nashae_metrics, name)).parameters and name != "irs"
    }
    lines = {line.split()[1]: line.split("|") for line in markdown_text(found).splitlines()[2:-2]}
    for row in found.rows:
        record = row.record()
        over_samples, over_draws = lines[row.metric][3:5]
        if row.result.interval is None or row.result.interval.method == "seeds":
            assert row.interval is record["low"] is record["high"] is record["interval"] is None
            assert over_samples.strip() == "–"
        else:
            assert row.draws_interval is record["draws_low"] is record["draws_high"] is None
            assert over_draws.strip() == "–"
        assert (over_draws.strip() == "–") == (record["draws_low"] is None)
    assert "intervals over other samples at 95%; intervals over other draws at 95%" in caption(
        found
    )
