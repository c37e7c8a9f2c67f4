"""SAP against scikit-learn, known answers and invariances."""

import numpy as np
import pytest
from sklearn.svm import LinearSVC

from nashae_metrics.ground.splits import SplitSizes, split_rows
from nashae_metrics.prediction.sap import sap


def _rng():
    return np.random.default_rng(0)


def _data(n=600):
    rng = np.random.default_rng(1)
    factors = rng.integers(0, [3, 2, 5], (n, 3))
    codes = np.column_stack([factors + 0.4 * rng.normal(size=(n, 3)), rng.normal(size=n)])
    return codes, factors


def test_the_predictability_is_linear_svcs_accuracy():
    codes, factors = _data()
    found = sap(codes, factors, rng=_rng())
    train, test = split_rows(600, SplitSizes(), _rng(), protocol="standard")
    scaled = (codes - codes[train].mean(0)) / codes[train].std(0)
    for latent in range(4):
        for factor in range(3):
            model = LinearSVC(C=0.01, class_weight="balanced", dual=False, tol=1e-10)
            model.fit(scaled[train][:, [latent]], factors[train, factor])
            accuracy = model.score(scaled[test][:, [latent]], factors[test, factor])
            assert found.predictability[latent, factor] == pytest.approx(accuracy, abs=0.006)


def test_the_published_protocol_takes_raw_codes():
    rng = np.random.default_rng(2)
    factors = rng.integers(0, 4, (15_000, 1))
    codes = 0.01 * (factors + 0.1 * rng.normal(size=(15_000, 2)))
    found = sap(codes, factors, rng=_rng(), protocol="locatello2019")
    train, test = split_rows(15_000, SplitSizes(), _rng(), protocol="standard")
    model = LinearSVC(C=0.01, class_weight="balanced", dual=False, tol=1e-10)
    model.fit(codes[train][:, [0]], factors[train, 0])
    accuracy = model.score(codes[test][:, [0]], factors[test, 0])
    assert found.predictability[0, 0] == pytest.approx(accuracy, abs=0.002)
    assert (found.train, found.test, found.samples) == (10_000, 5_000, 15_000)
    assert sap(100 * codes, factors, rng=_rng(), protocol="locatello2019").score != found.score


def test_one_latent_a_binary_factor_has_the_gap_of_sure_and_chance():
    rng = np.random.default_rng(3)
    factors = rng.integers(0, 2, (3000, 2))
    found = sap(factors.astype(float), factors, rng=_rng())
    np.testing.assert_allclose(found.predictability.diagonal(), 1.0)
    np.testing.assert_allclose(found.gaps, 0.5, atol=0.05)


def test_two_latents_with_the_same_factor_have_no_gap():
    codes, factors = _data()
    found = sap(codes[:, [0, 0]], factors[:, [0]], rng=_rng())
    assert found.score == 0


def test_a_continuous_factor_counts_by_its_squared_correlation():
    rng = np.random.default_rng(4)
    factor = rng.normal(size=(900, 1))
    codes = factor @ [[2.0, -1.0]] + rng.normal(size=(900, 2))
    found = sap(codes, factor, rng=_rng(), factor_bins=5)
    train, _ = split_rows(900, SplitSizes(), _rng(), protocol="standard")
    expected = np.corrcoef(np.hstack([codes, factor])[train].T)[2, :2] ** 2
    np.testing.assert_allclose(found.predictability[:, 0], expected, atol=1e-12)
    assert found.score == pytest.approx(expected[0] - expected[1])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_neither_order_sign_scale_nor_dead_latents_change_it(dtype):
    codes, factors = _data()
    codes = codes.astype(dtype)
    expected = sap(codes, factors, rng=_rng())
    dead = np.full((600, 1), 0.5, dtype)
    changed = np.hstack([dead, 4 * codes[:, [3, 1]], dead, -codes[:, [2]], codes[:, [0]] / 8])
    found = sap(changed, factors, rng=_rng())
    assert found.score == pytest.approx(expected.score, abs=1e-12)
    assert np.isnan(found.predictability[[0, 3]]).all()
    assert found.active_count == 4


def test_no_active_latent_scores_0():
    _, factors = _data()
    assert sap(np.ones((600, 2)), factors, rng=_rng()).score == 0
    found = sap(np.ones((600, 2)), factors + 0.5, rng=_rng(), factor_bins=2)
    assert found.score == 0


def test_one_active_latent_is_compared_with_chance():
    codes, factors = _data()
    found = sap(codes[:, :1], factors, rng=_rng())
    expected = np.maximum(found.predictability[0] - found.chance, 0)
    np.testing.assert_allclose(found.gaps, expected)
    dead = np.hstack([codes[:, :1], np.zeros((600, 3))])
    assert sap(dead, factors, rng=_rng()).score == found.score


def test_a_latent_that_moves_in_few_rows_and_a_rare_class_are_scored():
    codes, factors = np.zeros((30, 1)), np.zeros((30, 1), dtype=int)
    codes[0], factors[1] = 1.0, 1
    for seed in range(10):
        found = sap(codes, factors, rng=np.random.default_rng(seed))
        assert 0 <= found.score <= 1


def test_repeats_have_a_mean_and_an_interval():
    codes, factors = _data()
    found = sap(codes, factors, rng=_rng(), repeats=4)
    assert found.score == pytest.approx(found.scores.mean())
    assert found.interval.method == "seeds"
    assert found.interval.low <= found.score <= found.interval.high
    assert sap(codes, factors, rng=_rng()).interval is None


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"protocol": "kumar"}, r"protocol of sap must be one of .*; got 'kumar'"),
        ({"repeats": 0}, "repeats must be 1 or more; got 0"),
        ({"protocol": "locatello2019"}, "takes 10000 train and 5000 test samples"),
        ({"active": "few"}, r"rule of active latents must be one of .*; got 'few'"),
    ],
)
def test_bad_input_is_refused(changes, text):
    codes, factors = _data()
    with pytest.raises(ValueError, match=text):
        sap(codes, factors, rng=_rng(), **changes)
