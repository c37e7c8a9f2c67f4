"""MIG-sup against known answers, MIG and its invariances."""

import numpy as np
import pytest

from nashae_metrics.mig import mig
from nashae_metrics.mig_sup import mig_sup, mig_sup_of
from nashae_metrics.sample import checked_sample

GRID = np.stack(np.meshgrid(np.arange(3), np.arange(8), indexing="ij"), -1).reshape(-1, 2)


def test_one_factor_a_latent_is_1():
    assert mig_sup(GRID.astype(float), GRID).score == pytest.approx(1)


def test_copies_cost_nothing_and_noise_costs_its_share():
    codes = GRID[:, [0, 0, 1]].astype(float)
    assert mig_sup(codes, GRID).score == pytest.approx(1)
    twice = np.tile(GRID, (2, 1))
    noise = np.repeat([0.0, 1.0], 24)[:, None]
    found = mig_sup(np.hstack([twice.astype(float), noise]), twice)
    np.testing.assert_allclose(found.gaps, [1, 1, 0], atol=1e-12)
    assert found.score == pytest.approx(2 / 3)


def test_a_latent_that_mixes_two_factors_has_no_gap():
    found = mig_sup((GRID @ [1.0, 3.0])[:, None], GRID, bins=24)
    np.testing.assert_allclose(found.information, [[1, 1]])
    assert found.score == pytest.approx(0, abs=1e-12)


def test_shares_are_of_each_factors_own_entropy():
    """A latent of 4 values: all of one factor's 2, and 1 of the other's 3 bits."""
    factors = np.indices((2, 8)).reshape(2, -1).T
    codes = (2.0 * factors[:, 0] + factors[:, 1] // 4)[:, None]
    found = mig_sup(codes, factors)
    np.testing.assert_allclose(found.information, [[1, 1 / 3]])
    assert found.score == pytest.approx(2 / 3)


def test_it_is_mig_with_latents_and_factors_exchanged():
    """Where latents are classes as well, four of equal frequency: all entropies are log 4."""
    rng = np.random.default_rng(0)
    latents = np.column_stack([rng.permutation(np.arange(400) % 4) for _ in range(3)])
    factors = np.column_stack([rng.permutation(np.arange(400) % 4) for _ in range(3)])
    score = mig_sup(latents.astype(float), factors).score
    assert score == pytest.approx(mig(factors.astype(float), latents).score)
    assert score > 0


def test_a_lone_factor_has_no_second():
    assert mig_sup(GRID[:, [1]].astype(float), GRID[:, [1]]).score == pytest.approx(1)


def test_no_active_latent_scores_0():
    found = mig_sup(np.ones((24, 2)), GRID, rng=np.random.default_rng(0))
    assert (found.score, found.interval.low, found.interval.high) == (0, 0, 0)
    np.testing.assert_array_equal(found.gaps, [0, 0])


def noisy(rows=600):
    rng = np.random.default_rng(1)
    factors = rng.integers(0, [3, 8], (rows, 2))
    return factors @ [[1.0, 0.5], [0.0, 1.0]] + 0.3 * rng.normal(size=(rows, 2)), factors


def test_neither_order_scale_offset_nor_dead_latents_change_it():
    codes, factors = noisy()
    found = mig_sup(codes, factors)
    dead = np.full((len(codes), 1), 7.0)
    changed = np.hstack([dead, 3.7 * codes[:, [1]], dead, codes[:, [0]] + 1e8])
    again = mig_sup(changed, factors)
    assert again.score == pytest.approx(found.score, abs=1e-12)
    np.testing.assert_array_equal(again.active, [False, True, False, True])
    np.testing.assert_allclose(again.gaps[[3, 1]], found.gaps, atol=1e-12)
    np.testing.assert_array_equal(again.gaps[[0, 2]], 0)
    assert mig_sup(-codes, factors).score == pytest.approx(found.score, abs=1e-12)


def test_neither_order_nor_labels_of_factors_change_it():
    codes, factors = noisy()
    score = mig_sup(codes, factors).score
    assert mig_sup(codes, 5 - 2 * factors[:, ::-1]).score == pytest.approx(score, abs=1e-12)


@pytest.mark.parametrize("kind", [np.float32, np.int64])
def test_types_that_hold_the_same_numbers_have_the_same_score(kind):
    codes, factors = noisy()
    codes = np.round(4 * codes)
    score = mig_sup(codes, factors).score
    assert mig_sup(codes.astype(kind), factors.astype(np.float32)).score == score


def test_scores_of_noise_stay_in_range_and_intervals_hold_them():
    rng = np.random.default_rng(0)
    for rows in (2, 3, 40):
        codes = rng.integers(0, 3, (rows, 4)) * [1, 1, 1, 0]
        factors = np.column_stack([np.arange(rows) % 2, rng.permutation(rows)])
        found = mig_sup(codes, factors, rng=rng)
        assert 0 <= found.score <= 1
        assert np.isfinite([found.interval.low, found.interval.high]).all()


def test_the_seed_gives_the_interval():
    codes, factors = noisy()
    first, second = (mig_sup(codes, factors, rng=np.random.default_rng(5)) for _ in range(2))
    assert first.interval == second.interval
    assert first.interval.low <= first.score <= first.interval.high
    assert (first.seed, first.bins, first.samples) == (5, 20, 600)
    assert mig_sup(codes, factors).interval is None


def test_of_a_shared_sample_it_is_the_same():
    codes, factors = noisy()
    found = mig_sup_of(checked_sample(codes, factors), bins=9)
    assert found.score == mig_sup(codes, factors, bins=9).score
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
        mig_sup(codes, factors, **options)
