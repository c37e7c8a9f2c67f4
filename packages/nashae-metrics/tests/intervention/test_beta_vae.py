import sys
from dataclasses import replace

import numpy as np
import pytest

from nashae_metrics import BetaVAEProtocol, beta_vae
from nashae_metrics.intervention.beta_vae import PROTOCOLS, upper_half

GRID = np.stack(np.meshgrid(*map(np.arange, (3, 4, 5, 6)), indexing="ij"), -1).reshape(-1, 4)
SMALL = BetaVAEProtocol("small", 10, 400, 300, "logistic-regression", standardize=True)


def rng(seed=0):
    return np.random.default_rng(seed)


def perfect(factors=GRID):
    return factors / factors.max(0)


@pytest.mark.parametrize(
    ("name", "numbers"),
    [
        ("standard", (64, 10_000, 5_000, "logistic-regression", (), True, False)),
        (
            "locatello2019",
            (64, 10_000, 5_000, "one-vs-rest-logistic-regression", (), False, False),
        ),
        ("higgins2017", (64, 10_000, 5_000, "softmax-adagrad", ((0.01, 1.0),), False, False)),
        (
            "yeats2022-beamsynthesis",
            (20, 10_000, 1_000, "softmax-adagrad", ((1.0, 1.0),), False, True),
        ),
        (
            "yeats2022-dsprites",
            (100, 60_000, 1_000, "softmax-adagrad", ((1.0, 0.95), (0.05, 0.05)), False, False),
        ),
    ],
)
def test_the_protocols_are_the_published_ones_and_tell_perfect_codes(name, numbers):
    used = PROTOCOLS[name]
    assert (
        used.pairs,
        used.train_points,
        used.test_points,
        used.classifier,
        used.phases,
        used.standardize,
        used.distinct,
    ) == numbers
    assert used.strict == (name != "standard")
    few = replace(used, train_points=3000, passes=min(used.passes, 3))
    result = beta_vae(perfect(), GRID, rng=rng(), protocol=few)
    assert (result.protocol, result.settings) == (name, few)
    assert result.score == 1.0  # |z - z′| is 0 for the factor held fixed, and for no other
    assert result.confusion.sum() == used.test_points
    np.testing.assert_array_equal(result.confusion, np.diag(np.diag(result.confusion)))
    assert result.columns == (0, 1, 2, 3)


def test_a_protocol_is_known_by_its_name():
    result = beta_vae(perfect(), GRID, rng=rng(7), protocol="locatello2019")
    assert result.settings is PROTOCOLS["locatello2019"]
    assert (result.samples, result.seed, result.rule) == (len(GRID), 7, "constant")
    assert (result.factor_bins, result.interval) == (None, None)


def test_dsprites_uses_the_last_four_factors():
    with_shape = np.column_stack([np.zeros(len(GRID), dtype=int), GRID % 3, GRID])
    small = replace(SMALL, columns=PROTOCOLS["yeats2022-dsprites"].columns)
    assert beta_vae(perfect(), with_shape, rng=rng(), protocol=small).columns == (5, 6, 7, 8)
    with pytest.raises(ValueError, match=r"columns must be in -2 ... 1, of 2 factors; got -4"):
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
    few = replace(PROTOCOLS[name], train_points=1000, passes=1)
    result = beta_vae(np.full((len(GRID), 3), 0.5), GRID, rng=rng(), protocol=few)
    # One class is predicted for all 1000 points or more, and each class is a quarter: five errors.
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


def test_an_incomplete_grid_and_values_that_occur_once_will_do():
    kept = rng(1).permutation(len(GRID))[:90]
    factors = GRID[kept].copy()
    factors[0] = 99
    result = beta_vae(perfect(GRID)[kept], factors, rng=rng(), protocol=SMALL)
    assert result.score > 0.98


def test_a_published_protocol_refuses_values_that_occur_once():
    factors = np.column_stack([GRID[:, 0], GRID])
    factors[5, 3] = 99
    with pytest.raises(
        ValueError, match=r"'locatello2019' each value of factors column 3 .* got 1 of 6 values"
    ):
        beta_vae(perfect(), factors, rng=rng(), protocol="locatello2019", columns=[1, 3])
    strict = replace(SMALL, strict=True)
    assert beta_vae(perfect(), factors, rng=rng(), protocol=strict, columns=[1, 2, 4]).score == 1


def test_a_constant_factor_that_is_not_in_use_does_no_harm():
    factors = np.column_stack([np.zeros(len(GRID), dtype=int), GRID])
    result = beta_vae(perfect(), factors, rng=rng(), protocol=SMALL, columns=[1, 2, -1])
    assert (result.columns, result.score) == ((1, 2, 4), 1.0)


def test_continuous_factors_are_binned_and_the_result_says_so():
    factors = rng(1).normal(size=(2000, 3))
    with pytest.raises(ValueError, match="for continuous factors give factor_bins"):
        beta_vae(factors, factors, rng=rng(), protocol=SMALL)
    result = beta_vae(factors, factors, rng=rng(), protocol=SMALL, factor_bins=10)
    assert (result.factor_bins, result.score) == (10, 1.0)


def test_repeats_draw_anew_and_their_interval_holds_the_mean():
    codes = perfect() + rng(1).normal(size=GRID.shape)
    result = beta_vae(codes, GRID, rng=rng(), protocol=SMALL, repeats=4)
    assert len(set(result.scores)) > 1
    assert result.score == pytest.approx(result.scores.mean())
    assert result.scores[0] == beta_vae(codes, GRID, rng=rng(), protocol=SMALL).score
    assert result.score == pytest.approx(np.trace(result.confusion) / 1200)
    assert result.interval.low < result.score < result.interval.high
    assert (result.interval.method, result.interval.draws) == ("seeds", 4)


def test_the_upper_half_is_what_higgins_reports():
    assert upper_half([[0.1, 0.9], [0.2, 0.8]]) == pytest.approx(0.85)
    assert upper_half([0.1, 0.5, 0.9]) == pytest.approx(0.7)


@pytest.mark.parametrize(
    "change",
    [np.float32, lambda z: z * 2.0**-600, lambda z: z + 1e8],
    ids=["float32", "tiny", "offset"],
)
def test_float32_tiny_scales_and_huge_offsets_change_little(change):
    codes = perfect() + 0.3 * rng(1).normal(size=GRID.shape)
    expected = beta_vae(codes, GRID, rng=rng(), protocol=SMALL).score
    found = beta_vae(change(codes), GRID, rng=rng(), protocol=SMALL).score
    assert found == pytest.approx(expected, abs=0.01)


def test_integer_codes_and_a_single_training_point_will_do():
    one = replace(SMALL, train_points=1)
    result = beta_vae(GRID, GRID, rng=rng(), protocol=one)
    assert result.train_accuracy == 1.0
    assert np.count_nonzero(result.confusion.sum(0)) == 1


def test_the_points_do_not_depend_on_the_chunk(monkeypatch):
    codes = perfect() + rng(1).normal(size=GRID.shape)
    whole = beta_vae(codes, GRID, rng=rng(), protocol=SMALL)
    monkeypatch.setattr(sys.modules["nashae_metrics.intervention.beta_vae"], "CHUNK", 1)
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
        (GRID[:, :1], {}, r"columns must be two factors or more, each of them once; got \[0\]"),
        (GRID, {"columns": [1, -3]}, r"each of them once; got \[1, 1\]"),
        (GRID, {"columns": [0, 4]}, "columns must be in -4 ... 3, of 4 factors; got 4"),
        (GRID + 0.5, {}, "factors must be integers"),
        (
            np.column_stack([np.arange(360), GRID]),
            {},
            "factors column 0 must have a value that two rows share",
        ),
        (
            GRID,
            {"protocol": "yeats2022"},
            r"must be one of .*; got 'yeats2022'",
        ),
        (GRID, {"active": "alive"}, "rule of active latents must be one of"),
        (GRID, {"repeats": 0}, "repeats must be 1 or more; got 0"),
        (GRID, {"factor_bins": 1}, "factor_bins must be in 2 ... 360"),
    ],
)
def test_bad_input_is_named(factors, options, message):
    with pytest.raises(ValueError, match=message):
        beta_vae(perfect(), factors, rng=rng(), **options)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"pairs": 0}, "pairs must be 1 or more; got 0"),
        ({"passes": 0}, "passes must be 1 or more; got 0"),
        ({"test_points": -1}, "test_points must be 1 or more; got -1"),
        ({"classifier": "forest"}, "classifier"),  # the shape hook has its own error
        ({"classifier": "softmax-adagrad"}, r"the shares of phases must sum to 1; got \(\)"),
    ],
)
def test_a_protocol_that_is_none_is_refused(changes, message):
    with pytest.raises(Exception, match=message):
        replace(SMALL, **changes)


def test_an_unknown_classifier_is_refused():
    # By hand, because the tests' check of types refuses it before the protocol does.
    protocol = object.__new__(BetaVAEProtocol)
    vars(protocol).update(vars(PROTOCOLS["standard"]) | {"classifier": "forest"})
    with pytest.raises(ValueError, match="classifier must be one of"):
        protocol.__post_init__()
