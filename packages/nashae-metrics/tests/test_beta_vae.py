import sys
from dataclasses import replace

import numpy as np
import pytest

from nashae_metrics import BetaVAEProtocol, beta_vae
from nashae_metrics.beta_vae import PROTOCOLS

GRID = np.stack(np.meshgrid(*map(np.arange, (3, 4, 5, 6)), indexing="ij"), -1).reshape(-1, 4)
SMALL = BetaVAEProtocol("small", 10, 400, 300, "logistic-regression", standardize=True)


def rng(seed=0):
    return np.random.default_rng(seed)


def perfect(factors=GRID):
    return factors / factors.max(0)


@pytest.mark.parametrize(
    ("name", "numbers"),
    [
        ("standard", (64, 10_000, 5_000, "logistic-regression", True, False)),
        ("locatello2019", (64, 10_000, 5_000, "logistic-regression", False, False)),
        ("yeats2022-beamsynthesis", (20, 10_000, 1_000, "softmax-adagrad", False, True)),
        ("yeats2022-dsprites", (100, 60_000, 1_000, "softmax-adagrad", False, False)),
    ],
)
def test_the_protocols_are_the_published_ones_and_tell_perfect_codes(name, numbers):
    result = beta_vae(perfect(), GRID, rng=rng(), protocol=name)
    used = result.settings
    assert (
        used.pairs,
        used.train_points,
        used.test_points,
        used.classifier,
        used.standardize,
        used.distinct,
    ) == numbers
    assert result.protocol == name
    assert result.score == 1.0  # |z - z′| is 0 for the factor held fixed, and for no other
    assert result.confusion.sum() == used.test_points
    np.testing.assert_array_equal(result.confusion, np.diag(np.diag(result.confusion)))
    assert result.columns == (0, 1, 2, 3)


def test_dsprites_uses_the_last_four_factors():
    with_shape = np.column_stack([np.zeros(len(GRID), dtype=int), GRID % 3, GRID])
    small = replace(SMALL, columns=PROTOCOLS["yeats2022-dsprites"].columns)
    assert beta_vae(perfect(), with_shape, rng=rng(), protocol=small).columns == (5, 6, 7, 8)
    with pytest.raises(ValueError, match="factors has 2 columns, so there is no column -4"):
        beta_vae(perfect(), GRID[:, :2], rng=rng(), protocol="yeats2022-dsprites")


def test_two_latents_tell_three_factors_by_elimination():
    result = beta_vae(perfect()[:, :2], GRID, rng=rng(), protocol=SMALL, columns=[0, 1, 2])
    assert result.score > 0.98


def test_a_rotation_is_not_seen():
    rotation = np.linalg.qr(rng(1).normal(size=(4, 4)))[0]
    standard = (GRID - GRID.mean(0)) / GRID.std(0)
    assert beta_vae(standard @ rotation, GRID, rng=rng()).score > 0.95


@pytest.mark.parametrize("name", PROTOCOLS)
def test_constant_codes_score_chance(name):
    result = beta_vae(np.full((len(GRID), 3), 0.5), GRID, rng=rng(), protocol=name)
    # One class is told for all 1000 points or more, and each class is a quarter: five errors.
    assert result.score == pytest.approx(0.25, abs=5 * np.sqrt(0.25 * 0.75 / 1000))
    assert result.active_count == 0
    assert np.count_nonzero(result.confusion.sum(0)) == 1


def test_noise_scores_chance():
    result = beta_vae(rng(1).normal(size=(5000, 3)), rng(2).integers(5, size=(5000, 2)), rng=rng())
    assert result.score == pytest.approx(0.5, abs=0.05)


def test_the_accuracies_are_those_of_the_confusion():
    codes = perfect() + rng(1).normal(size=GRID.shape)
    result = beta_vae(codes, GRID, rng=rng(), protocol=SMALL)
    assert result.score == np.trace(result.confusion) / 300
    assert 0.25 < result.score < 1
    assert 0.25 < result.train_accuracy < 1


def test_equal_generators_give_equal_results():
    codes = perfect() + rng(1).normal(size=GRID.shape)
    one, same, other = (
        beta_vae(codes, GRID, rng=rng(seed), protocol=SMALL).confusion for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(one, same)
    assert (one != other).any()


@pytest.mark.parametrize("name", ["standard", "yeats2022-beamsynthesis"])
def test_sign_order_and_dead_columns_do_not_matter(name):
    protocol = replace(PROTOCOLS[name], train_points=2000)
    codes = perfect() + 0.3 * rng(1).normal(size=GRID.shape)
    expected = beta_vae(codes, GRID, rng=rng(), protocol=protocol).score
    for place in (0, 2, 4):
        padded = np.insert(codes, place, 0.7, axis=1)
        result = beta_vae(padded, GRID, rng=rng(), protocol=protocol)
        assert (result.score, result.active_count) == (expected, 4)
    moved = beta_vae(-codes[:, [2, 0, 3, 1]], GRID, rng=rng(), protocol=protocol).score
    assert moved == pytest.approx(expected, abs=0.002)


def test_scale_does_not_matter_when_features_are_standardised():
    codes = perfect() + 0.3 * rng(1).normal(size=GRID.shape)
    expected = beta_vae(codes, GRID, rng=rng(), protocol=SMALL).score
    scaled = codes * [1e-6, 1, 1e6, 10] + 5
    assert beta_vae(scaled, GRID, rng=rng(), protocol=SMALL).score == pytest.approx(
        expected, abs=0.01
    )


def test_an_incomplete_grid_and_values_that_occur_once_will_do():
    kept = rng(1).permutation(len(GRID))[:90]
    factors = GRID[kept].copy()
    factors[0] = 99
    result = beta_vae(perfect(GRID)[kept], factors, rng=rng(), protocol=SMALL)
    assert result.score > 0.98


def test_the_points_do_not_depend_on_the_chunk(monkeypatch):
    codes = perfect() + rng(1).normal(size=GRID.shape)
    whole = beta_vae(codes, GRID, rng=rng(), protocol=SMALL)
    monkeypatch.setattr(sys.modules["nashae_metrics.beta_vae"], "CHUNK", 1)
    single = beta_vae(codes, GRID, rng=rng(), protocol=SMALL)
    np.testing.assert_array_equal(whole.confusion, single.confusion)


def test_noise_tells_factors_apart_only_if_a_row_may_meet_itself():
    # A row meets itself in half the pairs of a factor whose values occur twice, and hardly ever in
    # those of a factor of two values: the differences of noise are half as large.
    factors = np.column_stack([np.arange(1000) // 2, np.arange(1000) % 2])
    noise = rng(1).normal(size=(1000, 2))
    apart = beta_vae(noise, factors, rng=rng(), protocol=replace(SMALL, distinct=True))
    assert apart.score == pytest.approx(0.5, abs=0.15)
    assert beta_vae(noise, factors, rng=rng(), protocol=SMALL).score > 0.8


def test_latents_that_the_rule_drops_take_no_part():
    codes = perfect() * [1, 1, 1, 0.1]
    result = beta_vae(codes, GRID, rng=rng(), protocol=SMALL, active="nashae")
    np.testing.assert_array_equal(result.active, [True, True, True, False])
    alone = beta_vae(codes[:, :3], GRID, rng=rng(), protocol=SMALL)
    np.testing.assert_array_equal(result.confusion, alone.confusion)


@pytest.mark.parametrize(
    ("factors", "options", "message"),
    [
        (GRID * [1, 0, 1, 1], {}, "factors column 1 is constant"),
        (GRID[:, :1], {}, r"two or more factors are needed, each of them once, got columns \[0\]"),
        (GRID, {"columns": [1, -3]}, r"each of them once, got columns \[1, 1\]"),
        (GRID, {"columns": [0, 4]}, "factors has 4 columns, so there is no column 4"),
        (GRID + 0.5, {}, "factors must be integers"),
        (
            np.column_stack([np.arange(360), GRID]),
            {},
            "no two rows share a value of factors column 0",
        ),
        (
            GRID,
            {"protocol": "yeats2022"},
            r"'yeats2022'; the known are \['locatello2019', 'standard', 'yeats2022-beam",
        ),
        (GRID, {"active": "alive"}, "unknown rule"),
    ],
)
def test_bad_input_is_named(factors, options, message):
    with pytest.raises(ValueError, match=message):
        beta_vae(perfect(), factors, rng=rng(), **options)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"pairs": 0}, "pairs must be 1 or more, got 0"),
        ({"test_points": -1}, "test_points must be 1 or more, got -1"),
        ({"classifier": "forest"}, "classifier"),  # the shape hook has its own error
        ({"classifier": "softmax-adagrad"}, r"the shares of phases must sum to 1, got \(\)"),
    ],
)
def test_a_protocol_that_is_none_is_refused(changes, message):
    with pytest.raises(Exception, match=message):
        replace(SMALL, **changes)
