import numpy as np
import pytest

from nashae_metrics import predictability
from nashae_metrics.ground.intervals import Bootstrap

Z = np.array([[0.0], [0.0], [1.0], [1.0]])


def test_r2_by_hand():
    # Cov = ¼·½·1 = 1/8, both deviations: z has 1/2, z′ has √3/4; R² = (1/64)/(1/4·3/16) = 1/3.
    predicted = np.array([[0.0], [0.0], [0.0], [1.0]])
    result = predictability(Z, predicted)
    np.testing.assert_allclose(result.r2, [1 / 3])
    assert result.score == result.mean_of_all == pytest.approx(1 / 3)


def test_r2_is_the_squared_correlation():
    rng = np.random.default_rng(0)
    codes = rng.normal(size=(100, 3))
    predicted = 0.3 * codes + rng.normal(size=(100, 3))
    expected = [np.corrcoef(z, p)[0, 1] ** 2 for z, p in zip(codes.T, predicted.T, strict=True)]
    np.testing.assert_allclose(predictability(codes, predicted).r2, expected)


def test_sign_scale_and_offset_do_not_matter():
    rng = np.random.default_rng(0)
    codes, predicted = rng.normal(size=(2, 100, 3))
    expected = predictability(codes, predicted).r2
    np.testing.assert_allclose(predictability(-3 * codes, predicted * 1e-3 + 1).r2, expected)
    np.testing.assert_allclose(
        predictability(1e8 + codes, predicted).r2, expected, rtol=0, atol=1e-6
    )


def test_the_score_leaves_the_dead_out_wherever_they_stand():
    rng = np.random.default_rng(0)
    codes = rng.random((100, 3)) * [1, 0.1, 1]
    predicted = codes + 0.1 * rng.normal(size=codes.shape) * [1, 0, 1]
    result = predictability(codes, predicted)
    np.testing.assert_array_equal(result.active, [True, False, True])
    assert (result.rule, result.active_count) == ("nashae", 2)
    assert result.score == pytest.approx(result.r2[[0, 2]].mean())
    assert result.mean_of_all == pytest.approx(result.r2.mean())
    order = [1, 2, 0]
    moved = predictability(codes[:, order], predicted[:, order])
    assert moved.score == pytest.approx(result.score)
    assert predictability(codes, predicted, active="constant").active_count == 3


@pytest.mark.parametrize("value", [0.0, 0.1, 1 / 3, 1e8])
def test_r2_is_0_where_either_is_constant(value):
    constant = np.full((7, 1), value)
    varied = np.arange(7.0)[:, None]
    for codes, predicted in ((constant, varied), (varied, constant), (constant, constant)):
        result = predictability(codes, predicted)
        np.testing.assert_array_equal(result.r2, [0])
        assert result.score == 0.0


def test_a_latent_of_small_deviation_is_taken_for_constant_on_request():
    small = 0.5 + 0.01 * Z  # deviation .005
    every = np.array([True])
    assert predictability(small, Z, active=every).score == pytest.approx(1.0)
    assert predictability(small, Z, active=every, min_deviation=0.01).score == 0.0
    # As in the authors' code it is asked of the latent alone: of a latent that cannot be predicted,
    # the predictions hardly move.
    assert predictability(Z, small, min_deviation=0.01).score == pytest.approx(1.0)
    # A deviation of exactly the bound is none: that of z is ½.
    assert predictability(Z, Z, min_deviation=0.5).score == 0.0


@pytest.mark.parametrize(
    ("predictions", "options", "message"),
    [
        (np.zeros((4, 2)), {}, r"predictions must have the shape of codes, \(4, 1\); got \(4, 2\)"),
        (np.zeros((3, 1)), {}, r"codes, \(4, 1\); got \(3, 1\)"),
        (np.full((4, 1), np.nan), {}, "predictions must be finite; got nan"),
        (Z, {"min_deviation": -1.0}, "min_deviation must be 0 or more; got -1.0"),
        (Z, {"active": "alive"}, "rule of active latents must be one of"),
    ],
)
def test_bad_input_is_named(predictions, options, message):
    with pytest.raises(ValueError, match=message):
        predictability(Z, predictions, **options)


def test_the_interval_is_that_of_repeated_rows():
    rng = np.random.default_rng(0)
    codes = rng.random((700, 3)) + np.array([0, 0, 1e6])
    predicted = codes + 0.3 * rng.normal(size=codes.shape)
    bootstrap = Bootstrap(method="percentile", resamples=300)
    found, again = (
        predictability(codes, predicted, rng=np.random.default_rng(4), bootstrap=bootstrap)
        for _ in "ab"
    )
    assert found.interval == again.interval
    assert (found.seed, found.samples, found.protocol) == (4, 700, "standard")
    plain = []
    for _ in range(300):
        rows = rng.integers(700, size=700)
        plain.append(predictability(codes[rows], predicted[rows]).score)
    width = np.diff(np.quantile(plain, [0.025, 0.975]))[0]
    assert found.interval.high - found.interval.low == pytest.approx(width, rel=0.3)
    assert found.interval.low < found.score < found.interval.high
    assert predictability(codes, predicted).interval is None
    assert predictability(codes, predicted, rng=rng, bootstrap=None).interval is None


def test_a_resample_that_shows_one_value_predicts_nothing():
    result = predictability(Z, Z, rng=np.random.default_rng(0))
    assert 0 <= result.interval.low <= result.interval.high <= 1


def test_without_an_active_latent_the_interval_is_0():
    found = predictability(np.ones((9, 2)), np.ones((9, 2)), rng=np.random.default_rng(0)).interval
    assert (found.low, found.high) == (0.0, 0.0)
