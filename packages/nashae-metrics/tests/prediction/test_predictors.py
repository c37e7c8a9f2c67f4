"""Predictors of factors by name."""

import numpy as np
import pytest
from sklearn.ensemble import GradientBoostingClassifier

from nashae_metrics.prediction.predictors import (
    PREDICTORS,
    PUBLISHED,
    Split,
    canonical,
    predicted,
)


def _split(rows=300, seed=0):
    rng = np.random.default_rng(seed)
    classes = rng.integers(0, 3, rows + 60)
    codes = np.c_[rng.normal(size=len(classes)), classes + 0.1 * rng.normal(size=len(classes))]
    return Split(codes[:rows], classes[:rows], codes[rows:], classes[rows:])


@pytest.mark.parametrize("name", PREDICTORS)
def test_every_predictor_finds_the_latent_that_has_the_factor(name):
    found = predicted(name, _split(), np.random.default_rng(0))
    assert found.importances[1] > 0.7 * found.importances.sum()
    assert found.test_correct[-1].mean() > (0.6 if name == "logistic" else 0.95)
    assert found.train_correct.shape[1:] == (300,)


@pytest.mark.parametrize("name", PREDICTORS)
def test_a_factor_of_one_class_is_predicted_without_importance(name):
    split = _split()._replace(train_classes=np.full(300, 2))
    found = predicted(name, split, np.random.default_rng(0))
    assert (found.importances == 0).all()
    assert found.train_correct.all()
    np.testing.assert_array_equal(found.test_correct[-1], split.test_classes == 2)


def test_no_latent_predicts_the_commonest_class():
    split = _split()
    without = split._replace(
        train_codes=split.train_codes[:, :0], test_codes=split.test_codes[:, :0]
    )
    found = predicted("random-forest", without, np.random.default_rng(0))
    common = np.bincount(split.train_classes).argmax()
    np.testing.assert_array_equal(found.test_correct[-1], split.test_classes == common)


def test_the_published_predictor_is_scikit_learns_default():
    split = _split(100)
    found = predicted(PUBLISHED, split, np.random.default_rng(5))
    seed = int(np.random.default_rng(5).integers(2**31))
    model = GradientBoostingClassifier(random_state=seed).fit(
        split.train_codes, split.train_classes
    )
    np.testing.assert_array_equal(found.importances, model.feature_importances_)
    assert found.test_correct.mean() == model.score(split.test_codes, split.test_classes)


def test_neither_order_nor_sign_is_seen_in_canonical_codes():
    rng = np.random.default_rng(1)
    codes, others = np.round(rng.normal(size=(50, 4)), 1), rng.normal(size=(9, 4))
    plain, plain_others, order = canonical(codes, others)
    places = np.array([2, 0, 3, 1])
    signs = np.array([1.0, -1, -1, 1])
    moved, moved_others, moved_order = canonical(
        (codes * signs)[:, places], (others * signs)[:, places]
    )
    np.testing.assert_array_equal(moved, plain)
    np.testing.assert_array_equal(moved_others, plain_others)
    np.testing.assert_array_equal(places[moved_order], order)


def test_an_unknown_predictor_is_refused():
    with pytest.raises(ValueError, match=r"predictor must be one of .*; got 'oracle'"):
        predicted("oracle", _split(), np.random.default_rng(0))
