import numpy as np
import pytest

from nashae_metrics import ActiveLatents, learned_latents

CODES = np.array([[0.1, 0.5, 0.3], [0.9, 0.5, 0.4], [0.2, 0.5, 0.45]])


def test_the_count_by_hand():
    result = learned_latents(CODES)
    assert result.score == 1
    assert (result.rule, result.statistic, result.relation, result.threshold) == (
        "nashae",
        "range",
        ">",
        0.2,
    )
    np.testing.assert_allclose(result.measured, [0.8, 0.0, 0.15])
    np.testing.assert_array_equal(result.active, [True, False, False])


def test_a_collapsed_code_has_learned_nothing():
    assert learned_latents(np.full((10, 4), 0.5)).score == 0


def test_a_rule_of_ones_own():
    assert learned_latents(CODES, rule=ActiveLatents("own", "range", ">", 0.1)).score == 2


def test_variances_decide_for_beta_vae():
    result = learned_latents(CODES, rule="beta-vae", variances=np.tile([0.1, 0.95, 1.0], (3, 1)))
    assert result.score == 1


@pytest.mark.parametrize(
    ("variances", "message"),
    [
        (None, "variances must be the posterior's"),
        (np.ones((3, 2)), r"variances must have the shape of codes, \(3, 3\); got \(3, 2\)"),
        (np.full((3, 3), -1.0), "variances must be 0 or more; got -1.0"),
        (np.full((3, 3), np.nan), "variances must be finite"),
    ],
)
def test_bad_variances_are_named(variances, message):
    with pytest.raises(ValueError, match=message):
        learned_latents(CODES, rule="beta-vae", variances=variances)


def test_an_unknown_rule_lists_the_known():
    with pytest.raises(
        ValueError,
        match=r"must be one of .*'beta-tcvae'.*; got 'vae'",
    ):
        learned_latents(CODES, rule="vae")


def test_the_result_is_a_score():
    result = learned_latents(CODES)
    assert isinstance(result.score, int)
    assert result.score == result.active_count
    assert (result.samples, result.protocol, result.interval) == (3, "standard", None)
