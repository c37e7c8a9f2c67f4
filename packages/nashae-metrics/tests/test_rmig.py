"""RMIG against known answers, MIG and its invariances."""

import numpy as np
import pytest

from nashae_metrics.mig import mig
from nashae_metrics.rmig import rmig, rmig_of
from nashae_metrics.sample import checked_sample

GRID = np.stack(np.meshgrid(np.arange(3), np.arange(8), indexing="ij"), -1).reshape(-1, 2)


def test_one_latent_a_factor_has_the_entropies_mean():
    found = rmig(GRID.astype(float), GRID)
    np.testing.assert_allclose(found.gaps, [np.log(3), np.log(8)])
    assert found.score == pytest.approx((np.log(3) + np.log(8)) / 2)
    assert found.normalised == pytest.approx(1)


def test_two_latents_with_the_same_factor_have_no_gap():
    found = rmig(GRID[:, [0, 0, 1]].astype(float), GRID)
    np.testing.assert_allclose(found.gaps, [0, np.log(8)], atol=1e-12)
    np.testing.assert_allclose(found.normalised_gaps, [0, 1], atol=1e-12)
    np.testing.assert_allclose(found.information[:, 0], [np.log(3), np.log(3), 0], atol=1e-12)


def test_divided_by_the_entropies_it_is_mig():
    codes, factors = noisy()
    found, known = rmig(codes, factors, bins=7), mig(codes, factors, bins=7)
    assert found.normalised == pytest.approx(known.score)
    np.testing.assert_allclose(found.gaps, known.gaps * found.entropies)


def test_no_active_latent_scores_0_and_a_lone_one_all_that_it_knows():
    assert rmig(np.ones((24, 2)), GRID).score == 0
    assert rmig(GRID[:, [1]].astype(float), GRID).score == pytest.approx(np.log(8) / 2)


def noisy(rows=600):
    rng = np.random.default_rng(1)
    factors = rng.integers(0, [3, 8], (rows, 2))
    return factors @ [[1.0, 0.5], [0.0, 1.0]] + 0.3 * rng.normal(size=(rows, 2)), factors


def test_neither_order_scale_offset_nor_dead_latents_change_it():
    codes, factors = noisy()
    found = rmig(codes, factors)
    dead = np.full((len(codes), 1), 7.0)
    changed = np.hstack([dead, 3.7 * codes[:, [1]], dead, codes[:, [0]] + 1e8])
    again = rmig(changed, factors)
    assert again.score == pytest.approx(found.score, abs=1e-12)
    np.testing.assert_array_equal(again.active, [False, True, False, True])
    np.testing.assert_allclose(again.information[[3, 1]], found.information, atol=1e-12)
    np.testing.assert_array_equal(again.information[[0, 2]], 0)
    assert rmig(-codes, factors).score == pytest.approx(found.score, abs=1e-12)


def test_neither_order_nor_labels_of_factors_change_it():
    codes, factors = noisy()
    score = rmig(codes, factors).score
    assert rmig(codes, 5 - 2 * factors[:, ::-1]).score == pytest.approx(score, abs=1e-12)


@pytest.mark.parametrize("kind", [np.float32, np.int64])
def test_types_that_hold_the_same_numbers_have_the_same_score(kind):
    codes, factors = noisy()
    codes = np.round(4 * codes)
    score = rmig(codes, factors).score
    assert rmig(codes.astype(kind), factors.astype(np.float32)).score == score


def test_scores_of_noise_stay_in_range_and_intervals_hold_them():
    rng = np.random.default_rng(0)
    for rows in (2, 3, 40):
        codes = rng.integers(0, 3, (rows, 4)) * [1, 1, 1, 0]
        factors = np.column_stack([np.arange(rows) % 2, rng.permutation(rows)])
        found = rmig(codes, factors, rng=rng)
        assert 0 <= found.score <= found.entropies.mean()
        assert np.isfinite([found.interval.low, found.interval.high]).all()


def test_the_seed_gives_the_interval():
    codes, factors = noisy()
    first, second = (rmig(codes, factors, rng=np.random.default_rng(5)) for _ in range(2))
    assert first.interval == second.interval
    assert first.interval.low <= first.score <= first.interval.high
    assert (first.seed, first.bins, first.samples) == (5, 20, 600)
    assert rmig(codes, factors).interval is None


def test_of_a_shared_sample_it_is_the_same():
    codes, factors = noisy()
    found = rmig_of(checked_sample(codes, factors), bins=9)
    assert found.score == rmig(codes, factors, bins=9).score
    assert found.interval is None


@pytest.mark.parametrize(
    ("codes", "factors", "options", "text"),
    [
        (np.full((24, 1), np.inf), GRID, {}, "codes must be finite"),
        (np.ones((24, 1)), GRID * [1, 0], {}, "factors column 1 is constant"),
        (np.ones((24, 1)), GRID[:5], {}, "as many rows as codes"),
        (np.ones((24, 1)), GRID, {"bins": 1}, "bins must be 2 or more, got 1"),
        (np.ones((24, 1)), GRID + 0.5, {}, "for continuous factors give factor_bins"),
        (
            np.ones((24, 1)),
            GRID,
            {"protocol": "locatello2019"},
            r"unknown protocol 'locatello2019'; the known are \['standard'\]",
        ),
        (np.ones((24, 1)), GRID, {"active": "x"}, "unknown rule of active latents 'x'"),
    ],
)
def test_bad_input_is_refused(codes, factors, options, text):
    with pytest.raises(ValueError, match=text):
        rmig(codes, factors, **options)
