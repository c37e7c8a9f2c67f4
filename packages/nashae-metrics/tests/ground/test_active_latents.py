import numpy as np
import pytest

from nashae_metrics import ActiveLatents
from nashae_metrics.ground.active_latents import RULES, active_latents, named_rule

CODES = np.array([[0.25, 0.0, 7.0, 0.5], [0.5, 0.125, 7.0, 2.5], [0.25, 0.0625, 7.0, 1.5]])


@pytest.mark.parametrize(
    ("rule", "mask"),
    [
        ("constant", [True, True, False, True]),
        ("nashae", [True, False, False, True]),  # ranges .25, .125, 0, 2 against > .2
        ("factor-vae", [False, False, False, True]),  # a range of exactly 2 is active
        ("beta-tcvae", [False, False, False, True]),
        ("std", [True, True, False, True]),  # deviations .144, .0625, 0, 1 against >= .05
    ],
)
def test_the_published_rules_by_hand(rule, mask):
    found, name = active_latents(CODES, rule)
    np.testing.assert_array_equal(found, mask)
    assert name == rule


def test_a_range_of_exactly_the_threshold_is_dead_for_nashae():
    rule = ActiveLatents("quarter", "range", ">", 0.25)
    np.testing.assert_array_equal(active_latents(CODES, rule)[0], [False, False, False, True])


def test_the_deviation_is_the_sample_s():
    # Of 0 and 1 with ddof 1: sqrt(½); a divisor of n would give ½.
    measured = RULES["std"].measured(np.array([[0.0], [1.0]]))
    np.testing.assert_allclose(measured, [np.sqrt(0.5)])


def test_posterior_variances_are_averaged_and_held_against_the_threshold():
    rule = RULES["beta-vae"]
    variances = np.array([[0.5, 1.0], [1.0, 1.0], [0.75, 0.7]])  # means .75 and .9 against <= .8
    measured = rule.measured(np.zeros((3, 2)), variances)
    np.testing.assert_allclose(measured, [0.75, 0.9])
    np.testing.assert_array_equal(rule.mask(measured), [True, False])


def test_a_mask_stands_for_itself():
    mask, name = active_latents(CODES, [True, False, False, True])
    np.testing.assert_array_equal(mask, [True, False, False, True])
    assert name == "mask"


@pytest.mark.parametrize("mask", [[True], [1, 0, 0, 1], np.ones((4, 1), dtype=bool)])
def test_a_mask_of_another_shape_or_kind_is_refused(mask):
    with pytest.raises(ValueError, match="a mask of 4 booleans"):
        active_latents(CODES, mask)


def test_an_unknown_rule_lists_the_known():
    with pytest.raises(ValueError, match=r"must be one of .*'nashae'.*'beta-vae'.*; got 'nash'"):
        named_rule("nash")


def test_a_rule_without_its_variances_says_how_to_give_them():
    with pytest.raises(ValueError, match=r"variances must be the posterior's for rule 'beta-vae'"):
        active_latents(CODES, "beta-vae")


@pytest.mark.parametrize(
    ("field", "value"), [("statistic", "mode"), ("relation", "<"), ("threshold", float("nan"))]
)
def test_a_rule_that_is_none_is_refused(field, value):
    fields = {"name": "x", "statistic": "range", "relation": ">", "threshold": 0.1}
    # The shape hook has its own error for a word that the type does not know.
    with pytest.raises(Exception, match=field):
        ActiveLatents(**(fields | {field: value}))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (("mine", "variance", ">", 0.1), "statistic must be"),
        (("mine", "range", "<", 0.1), "relation must be"),
        (("mine", "range", ">", float("nan")), "threshold must be finite"),
    ],
)
def test_every_field_of_a_rule_is_checked(fields, message):
    # By hand, because the tests' check of types refuses some of these before the rule does.
    rule = object.__new__(ActiveLatents)
    for name, value in zip(("name", "statistic", "relation", "threshold"), fields, strict=True):
        object.__setattr__(rule, name, value)
    with pytest.raises(ValueError, match=message):
        rule.__post_init__()
