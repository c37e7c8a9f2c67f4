"""DCIMIG against known answers and its invariances."""

import numpy as np
import pytest

from nashae_metrics.dcimig import dcimig, dcimig_of
from nashae_metrics.sample import checked_sample

GRID = np.stack(np.meshgrid(np.arange(3), np.arange(8), indexing="ij"), -1).reshape(-1, 2)


def test_one_latent_a_factor_is_1():
    found = dcimig(GRID.astype(float), GRID)
    assert found.score == pytest.approx(1)
    np.testing.assert_allclose(found.best, [np.log(3), np.log(8)])


def test_copies_cost_nothing():
    assert dcimig(GRID[:, [0, 1, 0, 1]].astype(float), GRID).score == pytest.approx(1)


def test_a_factor_without_a_latent_costs_its_entropy():
    found = dcimig(GRID[:, [0]].astype(float), GRID)
    assert found.score == pytest.approx(np.log(3) / (np.log(3) + np.log(8)))
    np.testing.assert_allclose(found.best, [np.log(3), 0])


def test_what_a_latent_knows_of_a_second_factor_is_taken_off_by_hand():
    """Bits: all 3 of one factor, 1 of the 2 of another: a gap of 2 of 5 bits."""
    factors = np.indices((8, 4)).reshape(2, -1).T
    codes = (2.0 * factors[:, 0] + factors[:, 1] // 2)[:, None]
    found = dcimig(codes, factors)
    np.testing.assert_allclose(found.gaps, [[2 * np.log(2), 0]])
    assert found.score == pytest.approx(2 / 5)


def test_a_latent_counts_at_its_best_factor_alone_by_information_not_share():
    """1 of 1 bit here, 2 of 3 bits there: the best is where there are more bits."""
    factors = np.indices((2, 8)).reshape(2, -1).T
    codes = (4.0 * factors[:, 0] + factors[:, 1] // 2)[:, None]
    np.testing.assert_allclose(dcimig(codes, factors).gaps, [[0, np.log(2)]], atol=1e-12)


def test_two_factors_known_alike_have_no_gap():
    factors = np.indices((4, 4)).reshape(2, -1).T
    assert dcimig((factors @ [1.0, 4.0])[:, None], factors).score == 0


def test_a_lone_factor_has_no_second():
    assert dcimig(GRID[:, [1]].astype(float), GRID[:, [1]]).score == pytest.approx(1)


def test_no_active_latent_scores_0():
    found = dcimig(np.ones((24, 2)), GRID, rng=np.random.default_rng(0))
    assert (found.score, found.interval.low, found.interval.high) == (0, 0, 0)
    np.testing.assert_array_equal(found.best, [0, 0])


def noisy(rows=600):
    rng = np.random.default_rng(1)
    factors = rng.integers(0, [3, 8], (rows, 2))
    return factors @ [[1.0, 0.5], [0.0, 1.0]] + 0.3 * rng.normal(size=(rows, 2)), factors


def test_neither_order_scale_offset_nor_dead_latents_change_it():
    codes, factors = noisy()
    found = dcimig(codes, factors)
    dead = np.full((len(codes), 1), 7.0)
    changed = np.hstack([dead, 3.7 * codes[:, [1]], dead, codes[:, [0]] + 1e8])
    again = dcimig(changed, factors)
    assert again.score == pytest.approx(found.score, abs=1e-12)
    np.testing.assert_array_equal(again.active, [False, True, False, True])
    np.testing.assert_allclose(again.gaps[[3, 1]], found.gaps, atol=1e-12)
    np.testing.assert_array_equal(again.gaps[[0, 2]], 0)
    assert dcimig(-codes, factors).score == pytest.approx(found.score, abs=1e-12)


def test_neither_order_nor_labels_of_factors_change_it():
    codes, factors = noisy()
    score = dcimig(codes, factors).score
    assert dcimig(codes, 5 - 2 * factors[:, ::-1]).score == pytest.approx(score, abs=1e-12)


@pytest.mark.parametrize("kind", [np.float32, np.int64])
def test_types_that_hold_the_same_numbers_have_the_same_score(kind):
    codes, factors = noisy()
    codes = np.round(4 * codes)
    score = dcimig(codes, factors).score
    assert dcimig(codes.astype(kind), factors.astype(np.float32)).score == score


def test_scores_of_noise_stay_in_range_and_intervals_hold_them():
    rng = np.random.default_rng(0)
    for rows in (2, 3, 40):
        codes = rng.integers(0, 3, (rows, 4)) * [1, 1, 1, 0]
        factors = np.column_stack([np.arange(rows) % 2, rng.permutation(rows)])
        found = dcimig(codes, factors, rng=rng)
        assert 0 <= found.score <= 1
        assert np.isfinite([found.interval.low, found.interval.high]).all()


def test_the_seed_gives_the_interval():
    codes, factors = noisy()
    first, second = (dcimig(codes, factors, rng=np.random.default_rng(5)) for _ in range(2))
    assert first.interval == second.interval
    assert first.interval.low <= first.score <= first.interval.high
    assert (first.seed, first.bins, first.samples) == (5, 20, 600)
    assert dcimig(codes, factors).interval is None


def test_of_a_shared_sample_it_is_the_same():
    codes, factors = noisy()
    found = dcimig_of(checked_sample(codes, factors), bins=9)
    assert found.score == dcimig(codes, factors, bins=9).score
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
        dcimig(codes, factors, **options)
