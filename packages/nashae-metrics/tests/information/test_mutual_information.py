"""Information between latents against known answers and its invariances."""

import numpy as np
import pytest
from sklearn.metrics import mutual_info_score

from nashae_metrics.information.mutual_information import mutual_information
from nashae_metrics.information.table import equal_width_bins

GRID = np.stack(np.meshgrid(np.arange(3), np.arange(8), indexing="ij"), -1).reshape(-1, 2)


def correlated(rows=600):
    codes = np.random.default_rng(0).normal(size=(rows, 3))
    return codes @ [[1.0, 0.7, 0.0], [0.0, 1.0, 0.4], [0.0, 0.0, 1.0]]


def test_independent_latents_have_none():
    found = mutual_information(GRID.astype(float))
    assert found.score == 0
    np.testing.assert_allclose(found.information, np.diag([np.log(3), np.log(8)]))


def test_copies_have_their_entropy_and_the_mean_is_over_pairs():
    """One pair of three is a copy of log 3."""
    found = mutual_information(GRID[:, [0, 1, 0]].astype(float))
    assert found.score == pytest.approx(np.log(3) / 3)
    assert found.pairs == 3


def test_it_is_scikit_learns():
    codes = correlated()
    binned = equal_width_bins(codes, 20).T
    expected = [mutual_info_score(binned[i], binned[j]) for i, j in ((0, 1), (0, 2), (1, 2))]
    assert mutual_information(codes).score == pytest.approx(np.mean(expected))


def test_neither_order_scale_sign_offset_nor_dead_latents_change_it():
    codes = correlated()
    found = mutual_information(codes)
    dead = np.full((len(codes), 1), 7.0)
    parts = [dead, -codes[:, [1]], dead, codes[:, [0]] + 1e8, 3.7 * codes[:, [2]]]
    again = mutual_information(np.hstack(parts))
    assert again.score == pytest.approx(found.score, abs=1e-12)
    assert (again.pairs, again.active_count, again.rule) == (3, 3, "constant")
    np.testing.assert_allclose(
        again.information[np.ix_([3, 1, 4], [3, 1, 4])], found.information, atol=1e-12
    )
    np.testing.assert_array_equal(again.information[[0, 2]], 0)


def test_one_active_latent_or_none_has_no_pair_and_scores_0():
    for codes in (np.ones((24, 3)), GRID * [1, 0], GRID[:, [1]]):
        found = mutual_information(codes, rng=np.random.default_rng(0))
        assert (found.score, found.pairs) == (0, 0)
        assert (found.interval.low, found.interval.high) == (0, 0)


def test_the_published_mean_runs_over_dead_latents_too():
    """3 pairs know something, 10 pairs there are."""
    codes = np.hstack([correlated(10_000), np.ones((10_000, 2))])
    ours = mutual_information(codes)
    theirs = mutual_information(codes, protocol="locatello2019", rng=np.random.default_rng(0))
    assert theirs.pairs == 10
    assert theirs.score == pytest.approx(ours.score * 3 / 10)
    assert (theirs.samples, theirs.seed, theirs.bins) == (10_000, 0, 20)


def test_the_interval_holds_the_score_and_the_seed_gives_it():
    codes = correlated()
    first, second = (mutual_information(codes, rng=np.random.default_rng(5)) for _ in range(2))
    assert first.interval == second.interval
    assert first.interval.low <= first.score <= first.interval.high
    assert mutual_information(codes).interval is None
    without = mutual_information(codes, rng=np.random.default_rng(5), bootstrap=None)
    assert without.interval is None


@pytest.mark.parametrize("kind", [np.float32, np.int64])
def test_types_that_hold_the_same_numbers_have_the_same_score(kind):
    codes = np.round(4 * correlated())
    assert mutual_information(codes.astype(kind)).score == mutual_information(codes).score


@pytest.mark.parametrize(
    ("codes", "options", "text"),
    [
        (np.full((24, 1), np.nan), {}, "codes must be finite"),
        (np.ones(24), {}, r"codes must have shape \(samples, latents\); got \(24,\)"),
        (GRID, {"bins": 1}, "bins must be 2 or more; got 1"),
        (GRID, {"protocol": "x"}, r"protocol must be one of .*; got 'x'"),
        (GRID, {"active": "x"}, r"rule of active latents must be one of .*; got 'x'"),
        (GRID, {"protocol": "locatello2019"}, "'locatello2019' takes 10000 samples; got 24"),
    ],
)
def test_bad_input_is_refused(codes, options, text):
    with pytest.raises(ValueError, match=text):
        mutual_information(codes, **options)
