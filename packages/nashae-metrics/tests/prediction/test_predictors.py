"""Predictors of factors by name."""

import numpy as np
import pytest
from sklearn.ensemble import GradientBoostingClassifier

from nashae_metrics.prediction.predictors import (
    PREDICTORS,
    PUBLISHED,
    Learning,
    canonical,
    predicted,
)


def _learning(rows=300, seed=0):
    rng = np.random.default_rng(seed)
    classes = rng.integers(0, 3, rows + 60)
    codes = np.c_[rng.normal(size=len(classes)), classes + 0.1 * rng.normal(size=len(classes))]
    return Learning(codes[:rows], classes[:rows], codes[rows:], classes[rows:])


@pytest.mark.parametrize("name", PREDICTORS)
def test_every_predictor_finds_the_latent_that_tells_the_factor(name):
    found = predicted(name, _learning(), np.random.default_rng(0))
    assert found.importances[1] > 0.7 * found.importances.sum()
    assert found.told[-1].mean() > (0.6 if name == "logistic" else 0.95)
    assert found.learnt.shape[1:] == (300,)


@pytest.mark.parametrize("name", PREDICTORS)
def test_a_factor_of_one_class_is_told_without_importance(name):
    learning = _learning()._replace(classes=np.full(300, 2))
    found = predicted(name, learning, np.random.default_rng(0))
    assert (found.importances == 0).all()
    assert found.learnt.all()
    np.testing.assert_array_equal(found.told[-1], learning.answers == 2)


def test_no_latent_tells_the_commonest_class():
    learning = _learning()
    without = learning._replace(codes=learning.codes[:, :0], others=learning.others[:, :0])
    found = predicted("random-forest", without, np.random.default_rng(0))
    common = np.bincount(learning.classes).argmax()
    np.testing.assert_array_equal(found.told[-1], learning.answers == common)


def test_the_published_predictor_is_scikit_learns_default():
    learning = _learning(100)
    found = predicted(PUBLISHED, learning, np.random.default_rng(5))
    seed = int(np.random.default_rng(5).integers(2**31))
    model = GradientBoostingClassifier(random_state=seed).fit(learning.codes, learning.classes)
    np.testing.assert_array_equal(found.importances, model.feature_importances_)
    assert found.told.mean() == model.score(learning.others, learning.answers)


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
    with pytest.raises(ValueError, match="unknown predictor 'oracle'; the known are"):
        predicted("oracle", _learning(), np.random.default_rng(0))
