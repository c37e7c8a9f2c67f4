"""Codes and factors, checked once, and what is shared of them."""

import numpy as np
import pytest

from nashae_metrics.ground.sample import checked_sample, protocol_sample


def table(rows=200, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(rows, 3)), rng.integers(0, [2, 5], (rows, 2))


def test_classes_are_dense_and_values_stay():
    codes, factors = table()
    sample = checked_sample(codes, 10 * factors - 7)
    np.testing.assert_array_equal(sample.classes, factors)
    np.testing.assert_array_equal(sample.values, 10 * factors - 7)
    assert sample.sizes == (2, 5)
    assert len(sample) == 200
    assert not sample.binned.any()
    assert sample.factor_bins is None


@pytest.mark.parametrize("kind", [bool, np.int8, np.uint64, np.float32])
def test_factors_of_any_real_type_have_float64_values(kind):
    codes, factors = table()
    sample = checked_sample(codes, (factors > 0).astype(kind))
    assert sample.values.dtype == np.float64
    np.testing.assert_array_equal(sample.classes, factors > 0)


def test_a_continuous_factor_is_cut_into_equal_counts_and_said_so():
    codes, factors = table()
    mixed = np.column_stack([factors[:, 0], codes[:, 0]])
    sample = checked_sample(codes, mixed, factor_bins=4)
    np.testing.assert_array_equal(sample.binned, [False, True])
    np.testing.assert_array_equal(np.bincount(sample.classes[:, 1]), [50] * 4)
    np.testing.assert_array_equal(sample.values, mixed)
    assert sample.sizes == (2, 4)
    assert sample.factor_bins == 4
    with pytest.raises(ValueError, match="factor_bins"):
        checked_sample(codes, mixed)


def test_inactive_latents_are_left_out_and_their_places_kept():
    codes, factors = table()
    sample = checked_sample(codes * [1, 0, 1], factors)
    np.testing.assert_array_equal(sample.active, [True, False, True])
    np.testing.assert_array_equal(sample.used, codes[:, [0, 2]])
    assert sample.rule == "constant"
    np.testing.assert_array_equal(sample.spread(np.array([4.0, 5.0])), [4, 0, 5])
    spread = sample.spread(np.ones((2, 2)), missing=0.5)
    np.testing.assert_array_equal(spread, [[1, 1], [0.5, 0.5], [1, 1]])
    whole = checked_sample(codes, factors)
    assert whole.used is whole.codes


def test_rows_are_drawn_together():
    codes, factors = table()
    codes[:, 0] = factors[:, 1]
    sample = checked_sample(codes, factors, number=50, rng=np.random.default_rng(0))
    assert len(sample) == 50
    np.testing.assert_array_equal(sample.codes[:, 0], sample.values[:, 1])
    assert len(np.unique(sample.codes[:, 1])) == 50


def test_a_factor_that_is_constant_in_the_drawn_rows_is_refused():
    codes, factors = table()
    factors[:, 0] = np.arange(200) == 0
    with pytest.raises(ValueError, match="factors column 0 is constant"):
        checked_sample(codes, factors, number=5, rng=np.random.default_rng(0))


def test_protocols_take_all_rows_or_10000():
    codes, factors = table(12_000)
    options = {"active": "constant", "factor_bins": None}
    whole = protocol_sample(codes, factors, protocol="standard", rng=None, **options)
    assert len(whole) == 12_000
    rng = np.random.default_rng(0)
    drawn = protocol_sample(codes, factors, protocol="locatello2019", rng=rng, **options)
    assert len(drawn) == 10_000
    with pytest.raises(ValueError, match=r"protocol must be one of .*; got 'x'"):
        protocol_sample(codes, factors, protocol="x", rng=None, **options)
