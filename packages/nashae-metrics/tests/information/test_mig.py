"""MIG against known answers, invariances and its protocols."""

import numpy as np
import pytest

from nashae_metrics.ground.intervals import Bootstrap
from nashae_metrics.ground.sample import checked_sample
from nashae_metrics.information.mig import mig, mig_of

GRID = np.stack(np.meshgrid(np.arange(3), np.arange(8), indexing="ij"), -1).reshape(-1, 2)


def noisy():
    rng = np.random.default_rng(1)
    factors = rng.integers(0, [3, 8], (600, 2))
    return factors + 0.3 * rng.normal(size=factors.shape), factors


def test_one_latent_a_factor_is_1():
    assert mig(GRID.astype(float), GRID).score == pytest.approx(1.0)


def test_two_latents_with_the_same_factor_have_no_gap():
    codes = GRID[:, [0, 0, 1]].astype(float)
    np.testing.assert_allclose(mig(codes, GRID).gaps, [0.0, 1.0], atol=1e-12)


def test_a_bin_count_below_the_values_costs_by_hand():
    """Eight values in four bins leave 2 of 3 bits."""
    found = mig(GRID[:, [1]].astype(float), GRID[:, [1]], bins=4)
    assert found.score == pytest.approx(2 / 3)
    assert found.entropies[0] == pytest.approx(np.log(8))
    assert found.bins == 4


def test_neither_order_scale_offset_nor_dead_latents_change_it():
    codes, factors = noisy()
    found = mig(codes, factors)
    dead = np.full((len(codes), 1), 7.0)
    changed = np.hstack([dead, 4.0 * codes[:, [1]], dead, codes[:, [0]] + 1e8])
    again = mig(changed, factors)
    assert again.score == pytest.approx(found.score, abs=1e-12)
    np.testing.assert_array_equal(again.active, [False, True, False, True])
    assert again.active_count == 2
    np.testing.assert_allclose(again.information[[3, 1]], found.information, atol=1e-12)
    np.testing.assert_array_equal(again.information[[0, 2]], 0)


def test_a_sign_changes_nothing_where_no_code_lies_on_an_edge():
    codes, factors = noisy()
    assert mig(-codes, factors).score == pytest.approx(mig(codes, factors).score, abs=1e-12)


def test_no_active_latent_scores_0_and_a_lone_one_its_share():
    assert mig(np.ones((24, 2)), GRID).score == 0
    assert mig(GRID.astype(float), GRID, active=np.zeros(2, dtype=bool)).score == 0
    assert mig(GRID[:, [0]].astype(float), GRID).score == pytest.approx(0.5)


def test_the_published_protocol_draws_10000_rows():
    codes, factors = (np.tile(array, (20, 1)) for array in noisy())
    found = mig(codes, factors, protocol="locatello2019", rng=np.random.default_rng(3))
    assert (found.samples, found.protocol, found.seed) == (10_000, "locatello2019", 3)
    with pytest.raises(ValueError, match="'locatello2019' takes 10000 samples, got 600"):
        mig(*noisy(), protocol="locatello2019", rng=np.random.default_rng(3))
    with pytest.raises(ValueError, match="hand in rng="):
        mig(codes, factors, protocol="locatello2019")
    with pytest.raises(ValueError, match="unknown protocol 'chen'"):
        mig(codes, factors, protocol="chen")


def test_the_interval_needs_rng_and_holds_the_score():
    codes, factors = noisy()
    assert mig(codes, factors).interval is None
    found = mig(codes, factors, rng=np.random.default_rng(0))
    assert found.interval.low < found.score < found.interval.high
    again = mig(codes, factors, rng=np.random.default_rng(0))
    assert again.interval == found.interval
    without = mig(codes, factors, rng=np.random.default_rng(0), bootstrap=None)
    assert without.interval is None


def test_of_a_shared_sample_it_is_the_same():
    codes, factors = noisy()
    sample = checked_sample(codes, factors)
    options = {"bins": 10, "bootstrap": Bootstrap(resamples=20)}
    found = mig_of(sample, rng=np.random.default_rng(0), **options)
    alone = mig(codes, factors, rng=np.random.default_rng(0), **options)
    assert (found.score, found.interval) == (alone.score, alone.interval)


@pytest.mark.parametrize(
    ("codes", "factors", "bins", "text"),
    [
        (np.full((24, 1), np.nan), GRID, 20, "codes must be finite"),
        (np.ones((24, 1)), GRID * [1, 0], 20, "factors column 1 is constant"),
        (np.ones((24, 1)), GRID[:5], 20, "as many rows as codes"),
        (np.ones((24, 1)), GRID, 1, "bins must be 2 or more, got 1"),
        (np.ones((24, 1)), GRID + 0.5, 20, "for continuous factors give factor_bins"),
    ],
)
def test_bad_input_is_refused(codes, factors, bins, text):
    with pytest.raises(ValueError, match=text):
        mig(codes, factors, bins=bins)
