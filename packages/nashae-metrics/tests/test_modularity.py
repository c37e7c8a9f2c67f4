"""Modularity against known answers and its invariances."""

import numpy as np
import pytest

from nashae_metrics.modularity import modularity, modularity_of
from nashae_metrics.sample import checked_sample

GRID = np.stack(np.meshgrid(np.arange(3), np.arange(8), indexing="ij"), -1).reshape(-1, 2)


def test_one_factor_a_latent_is_1_copies_too():
    assert modularity(GRID.astype(float), GRID).score == pytest.approx(1)
    assert modularity(GRID[:, [0, 0, 1]].astype(float), GRID).score == pytest.approx(1)


def test_a_latent_that_knows_all_factors_alike_has_0():
    factors = np.indices((4, 4)).reshape(2, -1).T
    assert modularity((factors @ [1.0, 4.0])[:, None], factors).score == pytest.approx(0)


def test_the_squares_of_bits_by_hand():
    """3 bits of one factor, 1 of the next, 0 of the last: 1 - (1 + 0)/(9 · 2)."""
    factors = np.indices((8, 4, 2)).reshape(3, -1).T
    codes = (2.0 * factors[:, 0] + factors[:, 1] // 2)[:, None]
    found = modularity(codes, factors)
    np.testing.assert_allclose(found.information[0] / np.log(2), [3, 1, 0], atol=1e-12)
    assert found.score == pytest.approx(17 / 18)


def test_an_active_latent_that_knows_nothing_has_0_and_is_named():
    twice = np.tile(GRID, (2, 1))
    noise = np.repeat([0.0, 1.0], 24)[:, None]
    found = modularity(np.hstack([twice.astype(float), noise, 0 * noise]), twice)
    np.testing.assert_allclose(found.modularities, [1, 1, 0, 0])
    np.testing.assert_array_equal(found.informed, [True, True, False, False])
    np.testing.assert_array_equal(found.active, [True, True, True, False])
    assert found.score == pytest.approx(2 / 3)


def test_half_of_the_latents_dead_leave_a_perfect_code_perfect():
    codes = np.hstack([GRID.astype(float), np.full((24, 2), 0.5)])
    assert modularity(codes, GRID).score == pytest.approx(1)


def test_a_lone_factor_has_no_others():
    assert modularity(GRID[:, [1]].astype(float), GRID[:, [1]]).score == 1
    assert modularity(GRID[:, [0]].astype(float), GRID[:, [1]]).score == 0


def test_no_active_latent_scores_0():
    found = modularity(np.ones((24, 2)), GRID, rng=np.random.default_rng(0))
    assert (found.score, found.interval.low, found.interval.high) == (0, 0, 0)
    assert not found.informed.any()


def noisy(rows=600):
    rng = np.random.default_rng(1)
    factors = rng.integers(0, [3, 8], (rows, 2))
    return factors @ [[1.0, 0.5], [0.0, 1.0]] + 0.3 * rng.normal(size=(rows, 2)), factors


def test_neither_order_scale_offset_nor_dead_latents_change_it():
    codes, factors = noisy()
    found = modularity(codes, factors)
    dead = np.full((len(codes), 1), 7.0)
    changed = np.hstack([dead, 3.7 * codes[:, [1]], dead, codes[:, [0]] + 1e8])
    again = modularity(changed, factors)
    assert again.score == pytest.approx(found.score, abs=1e-12)
    np.testing.assert_array_equal(again.active, [False, True, False, True])
    np.testing.assert_allclose(again.modularities[[3, 1]], found.modularities, atol=1e-12)
    np.testing.assert_array_equal(again.modularities[[0, 2]], 0)
    assert modularity(-codes, factors).score == pytest.approx(found.score, abs=1e-12)


def test_neither_order_nor_labels_of_factors_change_it():
    codes, factors = noisy()
    score = modularity(codes, factors).score
    assert modularity(codes, 5 - 2 * factors[:, ::-1]).score == pytest.approx(score, abs=1e-12)


@pytest.mark.parametrize("kind", [np.float32, np.int64])
def test_types_that_hold_the_same_numbers_have_the_same_score(kind):
    codes, factors = noisy()
    codes = np.round(4 * codes)
    score = modularity(codes, factors).score
    assert modularity(codes.astype(kind), factors.astype(np.float32)).score == score


def test_scores_of_noise_stay_in_range_and_intervals_hold_them():
    rng = np.random.default_rng(0)
    for rows in (2, 3, 40):
        codes = rng.integers(0, 3, (rows, 4)) * [1, 1, 1, 0]
        factors = np.column_stack([np.arange(rows) % 2, rng.permutation(rows)])
        found = modularity(codes, factors, rng=rng)
        assert 0 <= found.score <= 1
        assert np.isfinite([found.interval.low, found.interval.high]).all()


def test_the_seed_gives_the_interval():
    codes, factors = noisy()
    first, second = (modularity(codes, factors, rng=np.random.default_rng(5)) for _ in range(2))
    assert first.interval == second.interval
    assert first.interval.low <= first.score <= first.interval.high
    assert (first.seed, first.bins, first.samples) == (5, 20, 600)
    assert modularity(codes, factors).interval is None


def test_the_published_protocol_draws_10000_rows():
    codes, factors = noisy(12_000)
    found = modularity(codes, factors, protocol="locatello2019", rng=np.random.default_rng(3))
    assert (found.samples, found.protocol) == (10_000, "locatello2019")
    with pytest.raises(ValueError, match="takes 10000 samples, got 600"):
        modularity(*noisy(), protocol="locatello2019", rng=np.random.default_rng(3))


def test_of_a_shared_sample_it_is_the_same():
    codes, factors = noisy()
    found = modularity_of(checked_sample(codes, factors), bins=9)
    assert found.score == modularity(codes, factors, bins=9).score
    assert found.interval is None


@pytest.mark.parametrize(
    ("codes", "factors", "options", "text"),
    [
        (np.full((24, 1), np.inf), GRID, {}, "codes must be finite"),
        (np.ones((24, 1)), GRID * [1, 0], {}, "factors column 1 is constant"),
        (np.ones((24, 1)), GRID[:5], {}, "as many rows as codes"),
        (np.ones((24, 1)), GRID, {"bins": 1}, "bins must be 2 or more, got 1"),
        (np.ones((24, 1)), GRID + 0.5, {}, "for continuous factors give factor_bins"),
        (np.ones((24, 1)), GRID, {"protocol": "x"}, "unknown protocol 'x'"),
        (np.ones((24, 1)), GRID, {"active": "x"}, "unknown rule of active latents 'x'"),
    ],
)
def test_bad_input_is_refused(codes, factors, options, text):
    with pytest.raises(ValueError, match=text):
        modularity(codes, factors, **options)
