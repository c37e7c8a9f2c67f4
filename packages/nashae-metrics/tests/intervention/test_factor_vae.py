"""The FactorVAE metric against plain loops, known answers and invariances."""

import sys
from dataclasses import replace

import numpy as np
import pytest

from nashae_metrics.intervention.factor_index import factor_index
from nashae_metrics.intervention.factor_vae import (
    PROTOCOLS,
    FactorVAEProtocol,
    factor_vae,
)

GRID = np.stack(np.meshgrid(*map(np.arange, (3, 4, 5, 6)), indexing="ij"), -1).reshape(-1, 4)
SMALL = FactorVAEProtocol("small", 16, 400, 300)


def rng(seed=0):
    return np.random.default_rng(seed)


def perfect(factors=GRID):
    return factors / factors.max(0)


def noisy(scale=0.4):
    return perfect() + scale * rng(1).normal(size=GRID.shape)


def score(codes, factors=GRID, protocol=SMALL, **options):
    return factor_vae(codes, factors, rng=rng(), protocol=protocol, **options)


@pytest.mark.parametrize("name", PROTOCOLS)
def test_the_protocols_are_the_published_ones_and_tell_perfect_codes(name):
    factors = np.tile(GRID, (30, 1))
    result = factor_vae(perfect(factors), factors, rng=rng(5), protocol=name)
    used = result.settings
    assert (used.batch, used.train_votes, used.test_votes) == (64, 10_000, 5_000)
    assert (used.variance_rows, used.strict, result.rule) == (
        (None, False, "constant") if name == "standard" else (10_000, True, "std")
    )
    assert (result.score, result.train_accuracy, result.protocol) == (1.0, 1.0, name)
    assert (result.seed, result.samples, result.interval) == (5, 10_800, None)
    assert (result.votes.sum(), result.test_votes.sum()) == (10_000, 5_000)
    np.testing.assert_array_equal(result.votes, np.diag(np.diag(result.votes)))


def test_the_votes_are_those_of_numpys_variances():
    codes = noisy() * [1, 10, 0.1, 1]
    found = score(codes)
    generator, expected = rng(), np.zeros((2, 4, 4))
    ratio = codes.var(0, ddof=1)
    for votes, number in zip(expected, (400, 300), strict=True):
        fixed = np.bincount(generator.integers(4, size=number), minlength=4)
        for k in range(4):
            for rows in factor_index(GRID, k).batches(int(fixed[k]), 16, rng=generator):
                votes[np.argmin(codes[rows].var(0, ddof=1) / ratio), k] += 1
    np.testing.assert_array_equal(found.votes, expected[0])
    np.testing.assert_array_equal(found.test_votes, expected[1])
    predicted = expected[0].argmax(1)
    assert found.score == pytest.approx(expected[1][np.arange(4), predicted].sum() / 300)
    assert found.train_accuracy == pytest.approx(expected[0].max(1).sum() / 400)


def test_a_rotation_is_not_seen():
    rotation = np.linalg.qr(rng(1).normal(size=(4, 4)))[0]
    codes = (GRID - GRID.mean(0)) / GRID.std(0) @ rotation
    assert score(codes, protocol=replace(SMALL, batch=64)).score > 0.9


def test_noise_scores_chance():
    result = score(rng(1).normal(size=(5000, 3)), rng(2).integers(5, size=(5000, 2)))
    assert result.score == pytest.approx(0.5, abs=0.15)


def test_copies_of_a_latent_share_its_votes():
    single, double = score(perfect()), score(perfect()[:, [0, 0, 1, 2, 3]])
    assert double.score == 1.0
    np.testing.assert_array_equal(double.votes[0], double.votes[1])
    np.testing.assert_array_equal(double.votes[0] * 2, single.votes[0])


def test_the_order_of_latents_that_tie_does_not_matter():
    # Both are constant wherever the first factor is fixed, the second also where the second is 0.
    codes = np.column_stack([GRID[:, 0], GRID[:, 0] * (GRID[:, 1] > 0), GRID[:, 2:]])
    tied = score(codes).score
    for order in ([1, 0, 2, 3], [3, 2, 1, 0]):
        assert score(codes[:, order]).score == pytest.approx(tied, abs=1e-12)


def test_little_noise_wins_no_vote():
    codes = np.column_stack([perfect(), 1e-6 * rng(1).normal(size=len(GRID))])
    result = score(codes)
    assert (result.score, result.active_count) == (1.0, 5)
    assert result.votes[4].sum() == 0


def test_no_active_latent_scores_0_and_one_about_chance():
    for options in ({}, {"active": np.zeros(2, dtype=bool)}, {"active": np.ones(2, dtype=bool)}):
        result = score(np.ones((len(GRID), 2)), **options)
        assert (result.score, result.train_accuracy, result.votes.sum()) == (0, 0, 0)
    assert score(perfect()[:, :1]).score == pytest.approx(0.25, abs=0.15)


def test_the_published_rule_drops_small_latents_and_the_default_does_not():
    factors = np.tile(GRID, (30, 1))
    codes = perfect(factors) * [1, 1, 1, 0.01]
    few = replace(PROTOCOLS["locatello2019"], train_votes=400, test_votes=300)
    dropped = score(codes, factors, few)
    np.testing.assert_array_equal(dropped.active, [True, True, True, False])
    # The fixed factor without a latent is taken for others.
    assert dropped.score < 0.9
    assert score(codes, factors, few, active="constant").score == 1.0


def test_variances_come_from_as_many_rows_as_the_protocol_says():
    few = replace(SMALL, variance_rows=100)
    assert score(noisy(), protocol=few).score == pytest.approx(score(noisy()).score, abs=0.1)
    with pytest.raises(ValueError, match="protocol 'locatello2019' takes 10000 samples; got 360"):
        score(perfect(), protocol="locatello2019")


def test_an_incomplete_grid_and_values_that_occur_once_will_do_but_not_where_published():
    kept = rng(1).permutation(len(GRID))[:90]
    factors = GRID[kept].copy()
    factors[0] = 99
    assert score(perfect(GRID[kept]), factors).score > 0.95
    with pytest.raises(
        ValueError, match="protocol 'small' each value of factors column 0 must occur in two rows"
    ):
        score(perfect(GRID[kept]), factors, replace(SMALL, strict=True))


def test_continuous_factors_are_binned_and_the_result_says_so():
    factors = rng(1).normal(size=(2000, 3))
    result = score(factors, factors, factor_bins=10)
    assert (result.factor_bins, result.score) == (10, 1.0)
    assert score(perfect(), factor_bins=10).factor_bins is None


def test_repeats_draw_anew_and_their_interval_holds_the_mean():
    result = score(noisy(), repeats=4)
    assert len(set(result.scores)) > 1
    assert result.scores[0] == score(noisy()).score
    assert result.score == pytest.approx(result.scores.mean())
    assert result.interval.low < result.score < result.interval.high
    assert result.test_votes.sum() == 1200


def test_the_votes_do_not_depend_on_the_chunk(monkeypatch):
    whole = score(noisy())
    monkeypatch.setattr(sys.modules["nashae_metrics.intervention.factor_vae"], "CHUNK", 1)
    np.testing.assert_array_equal(score(noisy()).votes, whole.votes)


def test_two_rows_integers_and_a_single_factor_will_do():
    assert score(np.array([[1, 2], [3, 4], [5, 4]]), np.array([[0], [0], [1]])).score == 1.0


@pytest.mark.parametrize(
    ("codes", "factors", "options", "text"),
    [
        (perfect() * np.nan, GRID, {}, "codes must be finite"),
        (perfect(), GRID * [1, 0, 1, 1], {}, "factors column 1 is constant"),
        (perfect(), GRID[:5], {}, "as many rows as codes"),
        (perfect(), GRID + 0.5, {}, "give factor_bins"),
        (perfect(), np.column_stack([GRID, np.arange(360)]), {}, "factors column 4"),
        (perfect(), GRID, {"repeats": 0}, "repeats must be 1 or more; got 0"),
        (perfect(), GRID, {"protocol": "kim"}, r"must be one of .*; got 'kim'"),
        (perfect(), GRID, {"active": "alive"}, "rule of active latents must be one of"),
    ],
)
def test_bad_input_is_named(codes, factors, options, text):
    with pytest.raises(ValueError, match=text):
        score(codes, factors, **options)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"batch": 1}, "batch must be 2 or more; got 1"),
        ({"train_votes": 0}, "train_votes must be 1 or more; got 0"),
        ({"test_votes": 0}, "test_votes must be 1 or more; got 0"),
        ({"variance_rows": 1}, "variance_rows must be 2 or more; got 1"),
    ],
)
def test_a_protocol_that_is_none_is_refused(changes, text):
    with pytest.raises(ValueError, match=text):
        replace(SMALL, **changes)
