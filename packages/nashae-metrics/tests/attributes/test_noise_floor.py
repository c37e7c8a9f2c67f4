"""The noise floor against latents that are random indeed."""

import numpy as np
import pytest

from nashae_metrics import tad
from nashae_metrics.attributes.auroc import rank_auroc
from nashae_metrics.attributes.noise_floor import chance_auroc


def labels(n, rates=(0.05, 0.3, 0.5), seed=0):
    rng = np.random.default_rng(seed)
    drawn = rng.random((n, len(rates))) < rates
    return np.column_stack([drawn, drawn[:, 1] ^ (rng.random(n) < 0.1)])  # the last two correlate


def test_the_normal_limit_is_that_of_random_latents():
    attributes = labels(400)
    rng = np.random.default_rng(1)
    random = rank_auroc(rng.normal(size=(400, 8000)), attributes)
    limit = chance_auroc(attributes, 8000, 1, rng)[0]
    np.testing.assert_allclose(limit.mean(0), random.mean(0), atol=0.001)
    np.testing.assert_allclose(
        np.quantile(limit, [0.5, 0.95], axis=0),
        np.quantile(random, [0.5, 0.95], axis=0),
        atol=0.003,
    )
    np.testing.assert_allclose(np.corrcoef(limit.T), np.corrcoef(random.T), atol=0.05)


def test_the_best_of_many_is_as_high_as_that_of_random_latents():
    attributes = np.arange(1000)[:, None] < 50
    rng = np.random.default_rng(0)
    limit = chance_auroc(attributes, 32, 1000, rng).max(1).mean()
    random = [rank_auroc(rng.normal(size=(1000, 32)), attributes).max() for _ in range(150)]
    assert limit == pytest.approx(np.mean(random), abs=0.005)


def test_equal_attributes_have_equal_areas():
    attributes = labels(300)[:, [0, 0, 1]]
    areas = chance_auroc(attributes, 5, 20, np.random.default_rng(0))
    np.testing.assert_allclose(areas[..., 0], areas[..., 1], atol=1e-7)


@pytest.mark.parametrize(("n", "protocol"), [(100, "exact"), (600, "exact"), (100, "yeats2022")])
def test_random_latents_score_their_noise_floor(n, protocol):
    attributes = labels(n)
    options = {"min_auroc": 0.5, "max_redundancy": None, "protocol": protocol}
    rng = np.random.default_rng(2)
    floor = tad(rng.normal(size=(n, 6)), attributes, rng=rng, **options).noise_floor
    assert (floor.latents, floor.repetitions) == (6, 200)
    found = [tad(rng.normal(size=(n, 6)), attributes, **options) for _ in range(200)]
    scores = np.array([score.score for score in found])
    assert floor.score == pytest.approx(scores.mean(), abs=5 * scores.std() / 10)
    assert floor.score < floor.score_high
    best = np.array([score.best for score in found])
    np.testing.assert_allclose(floor.best, best.mean(0), atol=0.5 * best.std(0).max())
    np.testing.assert_array_less(floor.best, floor.best_high)


def test_captured_is_the_share_of_repetitions_with_a_capture():
    rng = np.random.default_rng(0)
    attributes = np.arange(60)[:, None] < [4, 30]  # deviations .15 and .075
    floor = tad(rng.normal(size=(60, 5)), attributes, rng=rng).noise_floor
    assert 0.9 > floor.captured[0] > 0.1 > floor.captured[1]


def test_more_rows_have_a_lower_floor():
    rng = np.random.default_rng(0)
    few, many = (
        tad(rng.normal(size=(n, 4)), labels(n), rng=rng, bootstrap=None).noise_floor
        for n in (300, 3000)
    )
    assert (many.best < few.best).all()


def test_without_an_active_latent_the_floor_is_chance():
    floor = tad(np.ones((50, 3)), labels(50), rng=np.random.default_rng(0)).noise_floor
    assert (floor.score, floor.score_high, floor.latents) == (0.0, 0.0, 0)
    np.testing.assert_array_equal(floor.best, 0.5)


def test_it_is_drawn_only_when_asked_for():
    codes, attributes = np.random.default_rng(0).normal(size=(50, 3)), labels(50)
    assert tad(codes, attributes).noise_floor is None
    assert (
        tad(codes, attributes, rng=np.random.default_rng(0), noise_repetitions=0).noise_floor
        is None
    )
