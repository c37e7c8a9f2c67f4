"""Boosted trees against scikit-learn's, whose trees they are."""

import numpy as np
import pytest
from sklearn.ensemble import GradientBoostingClassifier

from nashae_metrics.prediction.trees import splits
from nashae_metrics.prediction.trees.boosting import Boosting, boosted_trees


def _data(classes, rows=3000, latents=4, seed=0):
    """Real codes, as float32 that scikit-learn casts to, and noisy classes of a sum of two."""
    rng = np.random.default_rng(seed)
    codes, others = (rng.normal(size=(n, latents)).astype(np.float32) for n in (rows, 300))
    noisy = codes[:, 0] + codes[:, 1] + 0.5 * rng.normal(size=rows)
    return codes, np.digitize(noisy, np.linspace(-1, 1, classes - 1)), others


def _boosted(codes, classes, others, seed=0, stages=None, **settings):
    return boosted_trees(
        codes,
        classes,
        others,
        rng=np.random.default_rng(seed),
        boosting=Boosting(**settings),
        stages=stages,
    )


def _scikit(codes, classes, seed=0, iterations=100, depth=3, rate=0.1):
    model = GradientBoostingClassifier(
        n_estimators=iterations, max_depth=depth, learning_rate=rate, random_state=seed
    )
    return model.fit(codes, classes)


def _scores(model, others):
    return model.decision_function(others).reshape(len(others), -1)


@pytest.mark.parametrize("bins", [7, 64, 4000])
@pytest.mark.parametrize(("classes", "depth"), [(2, 3), (3, 2), (8, 2)])
def test_the_trees_are_scikit_learns_whatever_the_bins(classes, depth, bins):
    data = _data(classes)
    ours = _boosted(*data, iterations=8, depth=depth, bins=bins)
    theirs = _scikit(*data[:2], iterations=8, depth=depth)
    np.testing.assert_allclose(ours.importances, theirs.feature_importances_, atol=1e-12)
    np.testing.assert_allclose(ours.scores, _scores(theirs, data[2]), atol=1e-10)
    np.testing.assert_array_equal(ours.test_classes[0], theirs.predict(data[2]))
    np.testing.assert_array_equal(ours.train_classes[0], theirs.predict(data[0]))


def test_values_that_repeat_and_fill_bins_are_cut_as_scikit_learn_cuts_them():
    codes, classes, others = _data(4)
    codes[:, 0] = np.where(codes[:, 0] < 0.3, 0, codes[:, 0])
    codes[:, 1] = np.round(codes[:, 1], 1)
    ours = _boosted(codes, classes, others, iterations=8, depth=2, bins=16)
    theirs = _scikit(codes, classes, iterations=8, depth=2)
    np.testing.assert_allclose(ours.importances, theirs.feature_importances_, atol=1e-12)
    np.testing.assert_allclose(ours.scores, _scores(theirs, others), atol=1e-10)


def test_deep_trees_with_ties_agree_as_scikit_learn_agrees_with_itself():
    data = _data(6, rows=1000)
    ours, theirs = _boosted(*data), _scikit(*data[:2])
    np.testing.assert_allclose(ours.importances, theirs.feature_importances_, atol=0.01)
    assert np.mean(ours.test_classes[0] == theirs.predict(data[2])) > 0.9


def test_stages_are_what_fewer_iterations_predict():
    data = _data(3, rows=500)
    staged = _boosted(*data, stages=[1, 4, 9], iterations=9, depth=2)
    for predicted, iterations in zip(staged.test_classes, [1, 4, 9], strict=True):
        np.testing.assert_array_equal(
            predicted, _boosted(*data, iterations=iterations, depth=2).test_classes[0]
        )


def test_many_classes_in_chunks_are_the_same(monkeypatch):
    data = _data(8)
    whole = _boosted(*data, iterations=3, depth=2)
    monkeypatch.setattr("nashae_metrics.prediction.trees.boosting.LARGEST_ARRAY", 3 * 3000)
    chunked = _boosted(*data, iterations=3, depth=2)
    np.testing.assert_allclose(chunked.importances, whole.importances, atol=1e-13)
    np.testing.assert_allclose(chunked.scores, whole.scores, atol=1e-12)


def test_equal_latents_share_their_importance():
    codes, classes, others = _data(5, rows=1000)
    twice, others_twice = codes[:, [0, 1, 0]], others[:, [0, 1, 0]]
    found = _boosted(twice, classes, others_twice, iterations=40).importances
    once = _boosted(codes[:, :2], classes, others[:, :2], iterations=40).importances
    assert found[0] + found[2] == pytest.approx(once[0], abs=1e-3)
    assert 0.6 < found[0] / found[2] < 1.6


def test_a_latent_that_is_the_class_has_all_importance():
    rng = np.random.default_rng(0)
    classes = rng.integers(0, 6, 600)
    found = _boosted(
        np.c_[rng.normal(size=600), classes], classes, np.c_[np.zeros(6), np.arange(6)]
    )
    np.testing.assert_allclose(found.importances, [0, 1], atol=1e-6)
    np.testing.assert_array_equal(found.test_classes[0], np.arange(6))


def test_a_split_that_gains_nothing_is_passed_through():
    """Exclusive or: neither latent alone tells anything, both do."""
    codes = np.tile([[0.0, 0], [0, 1], [1, 0], [1, 1]], (20, 1))
    classes = (codes[:, 0] != codes[:, 1]).astype(int)
    found = _boosted(codes, classes, codes[:4])
    np.testing.assert_array_equal(found.test_classes[0], classes[:4])


def test_huge_offsets_and_scales_change_nothing():
    codes, classes, others = (np.asarray(a, dtype=np.float64) for a in _data(3, rows=500))
    plain, moved = (
        _boosted(at(codes), classes.astype(int), at(others), iterations=20).importances
        for at in (lambda z: z, lambda z: 1e8 + 1024.0 * z)
    )
    np.testing.assert_allclose(moved, plain, atol=1e-12)


def test_one_class_or_constant_latents_have_no_importance():
    codes, classes, others = _data(3, rows=50)
    one = _boosted(codes, np.full(50, 4), others, stages=[1, 2])
    assert (one.importances == 0).all()
    assert (one.test_classes == 4).all()
    assert one.test_classes.shape == (2, 300)
    constant = _boosted(np.ones((50, 2)), classes, np.ones((3, 2)), iterations=3)
    assert (constant.importances == 0).all()
    assert (constant.test_classes[0] == np.bincount(classes).argmax()).all()


def test_equal_seeds_give_equal_trees():
    data = _data(4, rows=200)
    np.testing.assert_array_equal(_boosted(*data, seed=3).scores, _boosted(*data, seed=3).scores)


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"iterations": 0}, "iterations must be 1 or more; got 0"),
        ({"depth": 0}, "depth must be 1 or more; got 0"),
        ({"rate": 0.0}, r"rate must be in \(0, 1\]; got 0.0"),
        ({"bins": 1}, "bins must be in 2"),
    ],
)
def test_bad_settings_are_refused(settings, text):
    with pytest.raises(ValueError, match=text):
        Boosting(**settings)


@pytest.mark.parametrize("copies", [1, 2])
@pytest.mark.parametrize("noise", [0, 0.001, 0.01, 0.05, 0.15, 1.2])
def test_few_bins_are_looked_into_row_by_row(noise, copies, monkeypatch):
    """Which costs time: of near-perfect codes, too, whose nodes are nearly pure."""
    rng = np.random.default_rng(0)
    factors = rng.integers(0, [3, 6], (2000, 2))
    codes = np.tile(factors + noise * rng.normal(size=factors.shape), (1, copies))
    seen = np.zeros(2)
    within = splits._within

    def counted(node, residuals, bins, edges, best, alive):
        rows_of = bins.rows_of
        bins.rows_of = lambda *of: opened.append(rows_of(*of)) or opened[-1]
        opened = []
        found = within(node, residuals, bins, edges, best, alive)
        del bins.rows_of
        seen[:] += len(opened[0][0]), node.rows.sum() * codes.shape[1]
        return found

    monkeypatch.setattr(splits, "_within", counted)
    _boosted(codes, factors[:, 1], codes[:10], iterations=15, bins=64)
    assert seen[0] < 0.35 * seen[1]
