"""Explicitness against curves worked by hand, and invariances."""

import numpy as np
import pytest

from nashae_metrics.prediction import predictors
from nashae_metrics.prediction.dci import dci
from nashae_metrics.prediction.dci_es import dci_es, explicitness_of_losses
from nashae_metrics.prediction.trees.boosting import boosted_trees
from nashae_metrics.report.evaluate import evaluate

GRID = np.stack(np.meshgrid(np.arange(3), np.arange(4), indexing="ij"), -1).reshape(-1, 2)
FACTORS = np.tile(GRID, (60, 1))
CAPACITIES = np.array([0.0, 1.0, 2.0])


@pytest.fixture(autouse=True)
def _few_iterations(monkeypatch):
    monkeypatch.setattr(predictors, "STAGES", (1, 2, 4, 8, 16))


def _es(codes, factors=FACTORS, seed=0, **options):
    return dci_es(codes, factors, rng=np.random.default_rng(seed), **options)


def _explicitness(*losses, guess=0.8, least=0.0):
    curve = np.array(losses)[:, None]
    return explicitness_of_losses(curve, np.array([guess]), CAPACITIES, np.array([least]))[0]


def test_curves_by_hand():
    assert _explicitness(0.2, 0.2, 0.2) == pytest.approx(1)
    assert _explicitness(0.8, 0.4, 0.0) == pytest.approx(0)
    assert _explicitness(0.8, 0.8, 0.0) == pytest.approx(-0.5)
    # The area is (0.3 + 0.1)/2 + 0.1/2 over the lowest, the triangle's 2 · 0.7/2.
    assert _explicitness(0.4, 0.2, 0.1) == pytest.approx(1 - 0.25 / 0.7)


def test_a_loss_that_rises_again_counts_as_the_lowest_so_far():
    assert _explicitness(0.4, 0.1, 0.3) == _explicitness(0.4, 0.1, 0.1)


def test_a_factor_predicted_no_better_than_by_guessing_has_no_explicitness():
    assert _explicitness(0.9, 0.85, 0.8) == 0
    assert _explicitness(0.79, 0.79, 0.79, least=0.02) == 0


def test_one_latent_a_factor_is_explicit():
    found = _es(FACTORS.astype(float))
    assert found.score == pytest.approx(1)
    assert found.size == 1
    assert found.informativeness == 1


def test_mixed_factors_are_less_explicit():
    turn = np.array([[0.8, 0.6], [-0.6, 0.8]])
    noise = np.random.default_rng(0).normal(size=(len(FACTORS), 2))
    mixed = _es(FACTORS @ turn + 0.1 * noise)
    assert mixed.score < _es(FACTORS + 0.1 * noise).score - 0.05


def test_noise_is_not_explicit():
    noise = np.random.default_rng(1).normal(size=(len(FACTORS), 3))
    assert _es(noise).score == 0


def test_the_greatest_capacity_is_dcis_predictor():
    codes = FACTORS + 0.5 * np.random.default_rng(2).normal(size=FACTORS.shape)
    ours, dcis = _es(codes), dci(codes, FACTORS, rng=np.random.default_rng(0))
    assert ours.disentanglement == dcis.score
    assert ours.completeness == dcis.completeness
    assert ours.informativeness == pytest.approx(dcis.informativeness)


def test_evaluate_trains_the_trees_of_dci_once(monkeypatch):
    trained = []

    def counted(*arguments, **options):
        trained.append(options)
        return boosted_trees(*arguments, **options)

    monkeypatch.setattr(predictors, "boosted_trees", counted)
    codes = FACTORS + 0.5 * np.random.default_rng(5).normal(size=FACTORS.shape)
    both = evaluate(codes, FACTORS, rng=np.random.default_rng(0), metrics=["dci", "dci_es"])
    assert len(trained) == FACTORS.shape[1]
    alone = evaluate(codes, FACTORS, rng=np.random.default_rng(0), metrics=["dci_es"])
    assert both["dci_es"].score == alone["dci_es"].score
    assert both["dci_es"].result.disentanglement == both["dci"].score


def test_neither_order_sign_scale_nor_dead_latents_change_it():
    codes = FACTORS + 0.5 * np.random.default_rng(3).normal(size=FACTORS.shape)
    dead = np.full((len(codes), 1), 7.0)
    changed = np.hstack([dead, -4.0 * codes[:, [1]], dead, 2.0 * codes[:, [0]]])
    plain, moved = _es(codes), _es(changed)
    assert moved.score == pytest.approx(plain.score, abs=1e-9)
    assert moved.size == plain.size == 1
    np.testing.assert_allclose(moved.importance[[3, 1]], plain.importance, atol=1e-9)


def test_no_active_latent_scores_0():
    found = _es(np.ones((len(FACTORS), 2)))
    assert (found.score, found.size, found.disentanglement) == (0, 0, 0)
    np.testing.assert_array_equal(found.losses[-1], found.guess)


def test_equal_seeds_give_equal_results_and_repeats_an_interval():
    codes = FACTORS + 0.5 * np.random.default_rng(4).normal(size=FACTORS.shape)
    first, second = (_es(codes, seed=4, repeats=2) for _ in range(2))
    assert first.score == second.score == pytest.approx(first.factor_explicitness.mean())
    assert first.interval.low <= first.score <= first.interval.high
    assert first.losses.shape == (len(first.capacities), 2)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"factors": FACTORS * [1, 0]}, "factors column 1 is constant"),
        (
            {"protocol": "locatello2019"},
            r"protocol of dci_es must be one of .*; got 'locatello2019'",
        ),
        ({"repeats": 0}, "repeats must be 1 or more; got 0"),
    ],
)
def test_bad_input_is_refused(options, text):
    with pytest.raises(ValueError, match=text):
        _es(FACTORS.astype(float), **options)
