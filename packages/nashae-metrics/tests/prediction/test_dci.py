"""DCI against hand-worked importances, scikit-learn and invariances."""

import numpy as np
import pytest

from nashae_metrics.prediction.dci import concentration, dci
from nashae_metrics.prediction.predictors import PREDICTORS

GRID = np.stack(np.meshgrid(np.arange(3), np.arange(4), indexing="ij"), -1).reshape(-1, 2)
FACTORS = np.tile(GRID, (60, 1))
NOISE = np.random.default_rng(9).normal(size=FACTORS.shape)


def _dci(codes, factors=FACTORS, seed=0, **options):
    return dci(codes, factors, rng=np.random.default_rng(seed), **options)


def test_concentration_by_hand():
    rows, weights = concentration(np.array([[1.0, 1.0], [3.0, 0.0], [0.0, 0.0]]), 2)
    np.testing.assert_allclose(rows, [0, 1, 0], atol=1e-12)
    np.testing.assert_allclose(weights, [0.4, 0.6, 0])
    quarter, _ = concentration(np.array([[0.25, 0.75]]), 4)
    entropy = -(0.25 * np.log(0.25) + 0.75 * np.log(0.75))
    assert quarter[0] == pytest.approx(1 - entropy / np.log(4))


@pytest.mark.parametrize("predictor", [p for p in PREDICTORS if p != "logistic"])
def test_one_latent_a_factor_has_all_three(predictor):
    found = _dci(FACTORS.astype(float), predictor=predictor)
    floor = 0.8 if predictor == "random-forest" else 0.99  # its trees must try irrelevant latents
    assert floor < found.score <= 1
    assert floor < found.completeness <= 1
    assert found.informativeness == found.train_informativeness == 1
    assert found.predictor == predictor
    np.testing.assert_allclose(found.importance.sum(0), 1)


def test_the_fast_predictor_agrees_with_the_published_one():
    rng = np.random.default_rng(0)
    codes = FACTORS @ rng.normal(size=(2, 3)) + 0.3 * rng.normal(size=(len(FACTORS), 3))
    fast, published = (
        _dci(codes, predictor=name) for name in ("fast-gradient-boosting", "gradient-boosting")
    )
    assert fast.score == pytest.approx(published.score, abs=0.01)
    assert fast.completeness == pytest.approx(published.completeness, abs=0.01)
    assert fast.informativeness == pytest.approx(published.informativeness, abs=0.02)


def test_a_latent_of_two_factors_is_not_disentangled():
    found = _dci(4.0 * FACTORS[:, :1] + FACTORS[:, 1:])
    assert found.score < 0.1
    assert found.completeness == pytest.approx(1)
    assert found.informativeness == 1


def test_the_score_is_its_weighted_parts():
    found = _dci(FACTORS + NOISE)
    assert found.score == pytest.approx(found.latent_disentanglement @ found.latent_weights)
    assert found.completeness == pytest.approx(found.factor_completeness @ found.factor_weights)
    assert found.informativeness == pytest.approx(found.test_accuracy.mean())
    assert (found.train, found.test, found.samples) == (480, 240, 720)


@pytest.mark.parametrize("predictor", ["fast-gradient-boosting", "logistic"])
def test_neither_order_sign_scale_nor_dead_latents_change_it(predictor):
    codes = FACTORS + NOISE[:, ::-1]
    plain = _dci(codes, predictor=predictor)
    dead = np.full((len(codes), 1), 7.0)
    changed = np.hstack([dead, -4.0 * codes[:, [1]], dead, 2.0 * codes[:, [0]]])
    moved = _dci(changed, predictor=predictor)
    assert moved.score == pytest.approx(plain.score, abs=1e-6)
    assert moved.completeness == pytest.approx(plain.completeness, abs=1e-6)
    np.testing.assert_allclose(moved.importance[[3, 1]], plain.importance, atol=1e-6)
    assert (moved.importance[[0, 2]] == 0).all()
    assert moved.active_count == 2


def test_no_active_latent_scores_0_and_predicts_the_commonest_class():
    found = _dci(np.ones((len(FACTORS), 2)))
    assert (found.score, found.completeness) == (0, 0)
    assert 0 < found.informativeness < 0.5


def test_one_active_latent_and_one_factor_need_no_other():
    found = _dci(FACTORS[:, :1].astype(float), FACTORS[:, :1])
    assert (found.score, found.completeness) == (1, 1)


def test_a_factor_absent_from_the_train_rows_weighs_nothing():
    factors = np.c_[FACTORS[:, 0], np.zeros(len(FACTORS), dtype=int)]
    factors[0, 1] = 1
    codes = FACTORS.astype(float)
    seen = [_dci(codes, factors, seed=seed, predictor="logistic") for seed in range(12)]
    missing = [found for found in seen if found.importance[:, 1].sum() == 0]
    assert missing
    np.testing.assert_array_equal(missing[0].factor_weights, [1, 0])
    assert missing[0].score == pytest.approx(1)
    assert missing[0].train_accuracy[1] == 1


def test_the_published_protocol_counts_dead_latents_in_the_completeness_alone():
    rng = np.random.default_rng(2)
    factors = rng.integers(0, [3, 2], (15_000, 2))
    codes = factors @ [[1.0, 0.5], [0.2, 1.0]] + 0.3 * np.round(rng.normal(size=(15_000, 2)), 1)
    few, many = (
        _dci(
            np.c_[codes, np.zeros((15_000, dead))],
            factors,
            protocol="locatello2019",
            predictor="logistic",
        )
        for dead in (0, 6)
    )
    assert many.score == pytest.approx(few.score)
    assert 1 - many.completeness == pytest.approx((1 - few.completeness) * np.log(2) / np.log(8))
    assert (many.train, many.test) == (10_000, 5_000)


def test_equal_seeds_give_equal_results_and_repeats_an_interval():
    codes = FACTORS + NOISE
    first, second = (_dci(codes, seed=4, repeats=2, predictor="logistic") for _ in range(2))
    assert first.score == second.score
    assert first.seed == 4
    assert len(first.scores) == 2
    assert first.interval.low <= first.score <= first.interval.high
    assert _dci(codes, predictor="logistic").interval is None


@pytest.mark.parametrize(
    ("codes", "options", "text"),
    [
        (np.full(FACTORS.shape, np.nan), {}, "codes must be finite"),
        (FACTORS, {"factors": FACTORS * [1, 0]}, "factors column 1 is constant"),
        (FACTORS, {"factors": FACTORS[:5]}, "as many rows as codes"),
        (FACTORS, {"protocol": "oral"}, r"protocol of dci must be one of .*; got 'oral'"),
        (FACTORS, {"predictor": "oracle"}, r"predictor must be one of .*; got 'oracle'"),
        (FACTORS, {"repeats": 0}, "repeats must be 1 or more; got 0"),
        (FACTORS, {"protocol": "locatello2019"}, "takes 10000 train and 5000"),
    ],
)
def test_bad_input_is_refused(codes, options, text):
    with pytest.raises(ValueError, match=text):
        _dci(codes.astype(float), **options)
