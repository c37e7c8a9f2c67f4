"""Classes of continuous factors: equal counts, seen alike from both ends, no value drowned."""

import numpy as np
import pytest

from nashae_metrics import evaluate
from nashae_metrics.ground.factor_classes import factor_classes
from nashae_metrics.ground.sample import checked_sample


def classes_of(values, bins):
    """Of one continuous factor."""
    classes, continuous = factor_classes(values[:, None], bins)
    assert continuous.all()
    return classes[:, 0]


def columns():
    """Columns of every kind of ties: none, few values, one that occurs often, at either end."""
    rng = np.random.default_rng(0)
    for rows in (5, 12, 100, 997):
        smooth = rng.normal(size=rows)
        yield smooth
        yield np.round(smooth, 1)
        yield rng.exponential(size=rows).astype(np.float32)
        yield rng.geometric(0.4, rows) - 0.5
        for share in (0.3, 0.5, 0.95):
            often = rng.random(rows) < share
            for value in (smooth.min(), 0.0, smooth.max()):
                yield np.where(often, value, smooth)
        yield np.where(rng.random(rows) < 0.4, -0.5, np.where(smooth > 0, 0.5, smooth))
    yield np.array([0.5] * 8 + [1.5, 2.5])


@pytest.mark.parametrize("bins", [2, 3, 5, 20])
def test_classes_are_alike_from_both_ends_and_a_value_that_fills_one_stays_apart(bins):
    for values in columns():
        if bins > len(values):
            continue
        classes, turned = classes_of(values, bins), classes_of(-values, bins)
        assert classes.max() == turned.max()
        order = np.argsort(values, kind="stable")
        assert set(np.diff(classes[order])) <= {0, 1}  # in order, and none is empty
        distinct, counts = np.unique(values, return_counts=True)
        kept = counts if len(distinct) <= bins else counts * (counts * bins >= len(values))
        for value, count in zip(distinct, kept, strict=True):
            if count:
                own = classes == classes[values == value][0]
                assert np.count_nonzero(own) == count, (value, bins)
        sizes = np.bincount(classes)
        assert len(sizes) >= min(len(distinct), 2)
        if (counts == 1).all():
            assert len(sizes) == bins
            assert np.ptp(sizes) <= 1
        if not kept.any():
            assert len(sizes) == bins


def test_ties_are_cut_by_hand():
    often = np.array([0.5] * 8 + [1.5, 2.5])
    np.testing.assert_array_equal(classes_of(often, 3), [0] * 8 + [1, 2])
    np.testing.assert_array_equal(classes_of(often, 2), [0] * 8 + [1, 1])
    np.testing.assert_array_equal(classes_of(-often, 2), [1] * 8 + [0, 0])
    middle = np.array([-2.5, -1.5, 0.5, 0.5, 0.5, 0.5, 2.5, 3.5])
    np.testing.assert_array_equal(classes_of(middle, 4), [0, 0, 1, 1, 1, 1, 2, 2])
    np.testing.assert_array_equal(classes_of(middle, 8), [0, 1, 2, 2, 2, 2, 3, 4])


def test_whole_numbers_are_classes_as_they_are():
    classes, continuous = factor_classes(np.array([[3.0, 0.5], [9.0, 0.7], [3.0, 0.9]]), 2)
    np.testing.assert_array_equal(continuous, [False, True])
    np.testing.assert_array_equal(classes[:, 0], [3, 9, 3])


@pytest.mark.parametrize("sign", [-1, 1])
def test_a_column_that_is_mostly_zero_is_scored_and_leaves_the_others_their_scores(sign):
    rng = np.random.default_rng(0)
    smooth = rng.normal(size=(400, 2))
    rare = np.where(rng.random(400) < 0.95, 0.0, sign * rng.random(400))
    codes = np.c_[smooth, rare] + 0.01 * rng.normal(size=(400, 3))
    sample = checked_sample(codes, np.c_[smooth, rare], factor_bins=20)
    zero = rare == 0
    assert np.unique(sample.classes[zero, 2]).size == 1
    assert not set(sample.classes[zero, 2]) & set(sample.classes[~zero, 2])
    found, without = (
        evaluate(codes, factors, factor_bins=20, metrics=["mig"], rng=np.random.default_rng(0))
        for factors in (np.c_[smooth, rare], smooth)
    )
    assert found.columns == (0, 1, 2)
    np.testing.assert_array_equal(found["mig"].result.gaps[:2], without["mig"].result.gaps)
    # Of the 20 rows in 400 that are not zero the equal-width bins see most.
    assert found["mig"].result.gaps[2] > 0.5
