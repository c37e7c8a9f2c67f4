"""Explicitness against scikit-learn, known answers and invariances."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from nashae_metrics.ground.splits import SplitSizes, split_rows
from nashae_metrics.prediction.explicitness import class_areas, explicitness


def _rng():
    return np.random.default_rng(0)


def _data(n=600):
    rng = np.random.default_rng(1)
    factors = rng.integers(0, [3, 2, 5], (n, 3))
    codes = factors @ rng.normal(size=(3, 4)) + 0.5 * rng.normal(size=(n, 4))
    return codes, factors


def _split(codes, n):
    train, test = split_rows(n, SplitSizes(), _rng(), protocol="standard")
    return (codes - codes[train].mean(0)) / codes[train].std(0), train, test


def test_the_areas_are_roc_auc_scores():
    rng = np.random.default_rng(2)
    classes = rng.integers(0, 4, 200)
    scores = np.round(rng.normal(size=(200, 4)) + np.eye(4)[classes], 1)
    expected = roc_auc_score(np.eye(4)[classes], scores, average=None)
    np.testing.assert_allclose(class_areas(scores, classes), expected, atol=1e-12)
    np.testing.assert_allclose(class_areas(-scores, classes), 1 - expected, atol=1e-12)


def test_a_class_that_no_row_has_has_no_area():
    areas = class_areas(np.ones((4, 3)), np.array([0, 0, 2, 2]))
    np.testing.assert_array_equal(areas, [0.5, np.nan, 0.5])


def test_the_standard_one_is_a_loop_over_scikit_learns_multinomial():
    codes, factors = _data()
    found = explicitness(codes, factors, rng=_rng())
    scaled, train, test = _split(codes, 600)
    expected, trained = [], []
    for factor, size in zip(factors.T, (3, 2, 5), strict=True):
        model = LogisticRegression(max_iter=1000).fit(scaled[train], factor[train])
        truth = np.eye(size)[factor]
        expected.append(roc_auc_score(truth[test], model.predict_proba(scaled[test])))
        trained.append(roc_auc_score(truth[train], model.predict_proba(scaled[train])))
    np.testing.assert_allclose(found.factors, expected, atol=1e-12)
    assert found.score == pytest.approx(np.mean(expected))
    assert found.train_score == pytest.approx(np.mean(trained))
    assert found.classifier == "multinomial"


def test_the_published_one_is_a_loop_over_liblinear_class_by_class():
    rng = np.random.default_rng(3)
    factors = rng.integers(0, 4, (15_000, 1))
    codes = factors + rng.normal(size=(15_000, 2)) * [0.4, 1.0]
    found = explicitness(codes, factors, rng=_rng(), protocol="locatello2019")
    scaled, train, test = _split(codes, 15_000)
    probabilities = np.column_stack(
        [
            LogisticRegression(solver="liblinear")
            .fit(scaled[train], factors[train, 0] == c)
            .predict_proba(scaled[test])[:, 1]
            for c in range(4)
        ]
    )
    probabilities /= probabilities.sum(1, keepdims=True)
    expected = roc_auc_score(np.eye(4)[factors[test, 0]], probabilities)
    assert found.score == pytest.approx(expected, abs=1e-4)
    assert (found.classifier, found.train, found.test) == ("one-vs-rest", 10_000, 5_000)
    today = explicitness(codes, factors, rng=_rng(), protocol="locatello2019-multinomial")
    assert today.score > found.score + 0.01


def test_codes_that_are_the_factors_score_1():
    factors = _data()[1][:, :2]
    assert explicitness(factors.astype(float), factors, rng=_rng()).score > 0.999


def test_noise_scores_chance():
    rng = np.random.default_rng(4)
    found = explicitness(rng.normal(size=(3000, 3)), rng.integers(0, 3, (3000, 2)), rng=_rng())
    assert found.score == pytest.approx(0.5, abs=0.04)


def test_no_active_latent_scores_chance():
    _, factors = _data()
    found = explicitness(np.ones((600, 2)), factors, rng=_rng())
    assert found.score == found.train_score == 0.5


def test_classes_that_only_one_side_of_the_split_has_are_scored():
    rng = np.random.default_rng(5)
    codes, factors = rng.normal(size=(12, 2)), np.array([[0] * 5 + [1] * 6 + [2]]).T
    for seed in range(10):
        for labels in (factors, factors // 2):
            found = explicitness(codes, labels, rng=np.random.default_rng(seed), repeats=2)
            assert 0 <= found.score <= 1
            assert found.classes[0].shape == (len(np.unique(labels)),)


def test_repeats_have_a_mean_and_an_interval():
    codes, factors = _data()
    found = explicitness(codes, factors, rng=_rng(), repeats=3)
    assert found.score == pytest.approx(found.scores.mean())
    assert found.interval.low <= found.score <= found.interval.high


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"protocol": "old"}, r"protocol of explicitness must be one of .*; got 'old'"),
        ({"repeats": 0}, "repeats must be 1 or more; got 0"),
        ({"protocol": "locatello2019"}, "takes 10000 train and 5000 test samples"),
    ],
)
def test_bad_input_is_refused(changes, text):
    codes, factors = _data()
    with pytest.raises(ValueError, match=text):
        explicitness(codes, factors, rng=_rng(), **changes)
