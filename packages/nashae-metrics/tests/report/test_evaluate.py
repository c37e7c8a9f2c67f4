"""All metrics in one table: the same scores as one by one, and why some do not apply."""

import numpy as np
import pytest

import nashae_metrics
from nashae_metrics import evaluate
from nashae_metrics.report.catalogue import METRICS

CHEAP = [name for name, metric in METRICS.items() if metric.cost < 1]


def data(n=400, seed=0):
    rng = np.random.default_rng(seed)
    factors = rng.integers(0, [3, 5], (n, 2))
    codes = np.column_stack([factors + 0.3 * rng.normal(size=(n, 2)), np.full(n, 0.5)])
    return codes, factors


def test_every_metric_of_factors_and_codes_has_a_row():
    codes, factors = data()
    found = evaluate(codes, factors, rng=np.random.default_rng(0))
    wanted = [name for name, metric in METRICS.items() if metric.needs in ("factors", "codes")]
    assert [row.metric for row in found.rows] == wanted
    assert set(found.skipped) == set(METRICS) - set(wanted)
    assert found.skipped["tad"] == "needs attributes"
    assert found.samples == 400
    assert found.active.tolist() == [True, True, False]
    assert found.columns == (0, 1)


@pytest.mark.parametrize("name", ["beta_vae", "factor_vae", "sap", "irs", "mcc"])
def test_a_score_does_not_depend_on_the_other_metrics(name):
    codes, factors = data()
    together = evaluate(codes, factors, rng=np.random.default_rng(5), metrics=CHEAP)
    alone = evaluate(codes, factors, rng=np.random.default_rng(5), metrics=[name])
    assert together[name].score == alone[name].score
    assert together[name].interval == alone[name].interval


def test_attributes_and_predictions_bring_their_metrics():
    codes, factors = data()
    found = evaluate(
        codes, rng=np.random.default_rng(0), attributes=factors > 1, predictions=codes + 0.1
    )
    names = [row.metric for row in found.rows]
    assert "tad" in names
    assert "predictability" in names
    assert found.skipped["mig"] == "needs factors"


def test_a_constant_factor_is_left_out_and_said():
    codes, factors = data()
    with_color = np.column_stack([np.ones(len(factors), int), factors])
    found = evaluate(codes, with_color, rng=np.random.default_rng(0), metrics=["mig"])
    assert found.columns == (1, 2)
    assert found["mig"].score == nashae_metrics.mig(codes, factors).score
    only_color = evaluate(codes, with_color[:, :1], rng=np.random.default_rng(0))
    assert only_color.skipped["mig"] == "needs factors"


def test_continuous_factors_are_binned_when_asked():
    codes, factors = data()
    continuous = factors + np.random.default_rng(1).random(factors.shape)
    found = evaluate(
        codes, continuous, rng=np.random.default_rng(0), metrics=["mig", "mcc"], factor_bins=4
    )
    assert len(found.rows) == 2
    with pytest.raises(ValueError, match="factor_bins"):
        evaluate(codes, continuous, rng=np.random.default_rng(0))


def test_a_protocol_leaves_the_metrics_that_do_not_have_it():
    codes, factors = data(16_000)
    found = evaluate(
        codes,
        factors,
        rng=np.random.default_rng(0),
        metrics=["mig", "rmig", "irs"],
        protocol="locatello2019",
    )
    assert [row.metric for row in found.rows] == ["mig", "irs"]
    assert found["mig"].result.samples == 10_000
    assert found.skipped == {"rmig": "has no protocol 'locatello2019'"}


def test_a_metric_that_the_data_does_not_allow_is_skipped_with_its_reason():
    codes, factors = data(300)
    found = evaluate(
        codes,
        factors,
        rng=np.random.default_rng(0),
        metrics=["mig", "total_correlation"],
        protocol="locatello2019",
    )
    assert not found.rows
    assert "10000 samples; got 300" in found.skipped["mig"]
    with pytest.raises(KeyError, match="10000 samples"):
        found["mig"]
    with pytest.raises(KeyError, match="was not requested"):
        found["sap"]


def test_one_rule_of_active_latents_serves_all():
    codes, factors = data()
    codes[:, 2] += 0.001 * np.random.default_rng(0).normal(size=len(codes))
    found = evaluate(codes, factors, rng=np.random.default_rng(0), metrics=CHEAP, active="nashae")
    assert found.rule == "nashae"
    assert {row.result.rule for row in found.rows} == {"nashae"}
    assert {row.result.active_count for row in found.rows} == {2}
    mask = np.array([True, True, False])
    by_hand = evaluate(codes, factors, rng=np.random.default_rng(0), metrics=CHEAP, active=mask)
    assert by_hand["mig"].score == found["mig"].score
    assert "mask" in by_hand.skipped["learned_latents"]


def test_progress_names_each_metric_before_it_runs():
    codes, factors = data()
    seen = []
    evaluate(
        codes,
        factors,
        rng=np.random.default_rng(0),
        metrics=["mig", "tad", "irs"],
        on_progress=lambda *step: seen.append(step),
    )
    assert seen == [("mig", 0, 2), ("irs", 1, 2)]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"metrics": ["mig", "mgi"]}, r"metrics must be one of .*; got 'mgi'"),
        ({"protocol": "locatello"}, r"protocol must be one of .*; got 'locatello'"),
        ({"predictions": np.zeros((400, 2))}, r"predictions must have the shape of codes"),
        ({"attributes": np.full((400, 1), 3)}, r"attributes must be binary"),
        ({"active": "dead"}, r"rule of active latents must be one of .*; got 'dead'"),
    ],
)
def test_errors_of_the_user_are_raised(options, message):
    codes, factors = data()
    with pytest.raises(ValueError, match=message):
        evaluate(codes, factors, rng=np.random.default_rng(0), **options)
    with pytest.raises(ValueError, match="finite"):
        evaluate(np.full((4, 1), np.nan), rng=np.random.default_rng(0))
