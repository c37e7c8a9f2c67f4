import math
from dataclasses import replace
from itertools import groupby

import pytest
import torch

from nashae_core import (
    MLP,
    CountConfig,
    Decision,
    NashAE,
    NashAEConfig,
    Predictors,
    Pruning,
    count_factors,
    encode,
)
from nashae_core.factors.count import assured
from nashae_core.factors.counting import DEAD, UNMISSED

pytestmark = pytest.mark.usefixtures("unchecked_steps")

QUICK = CountConfig(
    batch_size=20,
    pruning=Pruning(every=10, until=20),
    test_steps=50,
    growth_steps=70,
    growth_warm_up=20,
    record_every=10,
    warm_up=5,
)
SHORT = replace(QUICK, test_steps=10, growth_steps=20)
# The pruning leaves one latent: all others are to be added.
HARSH = replace(
    QUICK,
    pruning=Pruning(every=10, until=0, last_range=0.99),
    test_steps=20,
    growth_warm_up=30,
    growth_steps=300,
)


def seeded(seed):
    return torch.Generator().manual_seed(seed)


def observed(factors, inputs=12, n=200):
    """Observations that hang on so many independent, uniform factors, and a little noise."""
    values = torch.rand(n, factors, generator=seeded(99)) - 0.5
    mixing = torch.randn(factors, inputs, generator=seeded(98))
    x = torch.sin(2 * values @ mixing)
    return x / x.std() + 0.2 * torch.randn(n, inputs, generator=seeded(97))


def game(latents, seed=0, inputs=12):
    generator = seeded(seed)
    return NashAE(
        MLP((inputs, 30, latents), generator=generator),
        MLP((latents, 30, inputs), generator=generator),
        Predictors(latents, 8, generator=generator),
        NashAEConfig(lam=0.2),
    )


@pytest.mark.parametrize("latents", [3, 6])
def test_one_factor_is_found_whatever_m(latents):
    pruning = Pruning(every=50, until=200)
    config = replace(QUICK, pruning=pruning, growth_steps=100, growth_warm_up=50)
    found = count_factors(game(latents), observed(1), seeded(0), config)
    assert found.latents == found.model.predictors.latents == 1
    assert encode(found.model, observed(1)).std() > 0.1
    assert found.error < 0.05
    assert not found.near
    assert found.margin >= 1.2
    last = found.decisions[-1]
    assert (last.kind, last.latents, last.adopted) == ("add", 2, False)


def test_a_factor_that_is_missing_is_added():
    found = count_factors(game(6), observed(2), seeded(0), HARSH)
    assert found.decisions[0].latents == 2  # one, and one to be added
    assert found.decisions[0].adopted
    assert found.latents == 2


def test_every_decision_is_by_its_ratio(make_game):
    found = count_factors(game(6), observed(2), seeded(0), QUICK)
    thresholds = {"remove": QUICK.removal_ratio, "add": QUICK.growth_ratio}
    for decision in found.decisions:
        asked, least = thresholds[decision.kind], QUICK.least_share
        if decision.dependence > 1 and decision.latents > 2:
            asked *= 2
        elif decision.dependence > 1:
            least = QUICK.dependent_share
        if decision.kind == "remove":
            assert (decision.worth >= 1) == (decision.ratio >= asked and decision.share >= least)
        else:  # its range counts too
            assert decision.ratio >= asked or decision.worth < 1
        assert 0 <= decision.latent < decision.latents
    rounds = [list(tests) for _, tests in groupby(found.decisions, lambda d: (d.step, d.kind))]
    sure = set()
    for tests in rounds:
        removal = tests[0].kind == "remove"
        tested = [test.latent for test in tests]
        if removal:
            assert not sure & set(tested)
        # A latent that is not missed at all goes at once.
        if removal and tests[-1].ratio >= UNMISSED:
            assert sorted([*tested, *sure]) == list(range(tests[0].latents))
        assert removal or len(tests) == 1
        sure |= missed_in_any_case(tests)
        for gone in (test.latent for test in tests if test.adopted):
            sure = {latent - (latent > gone) for latent in sure - {gone}}
        assert all(test.ratio >= UNMISSED for test in tests[:-1])
        # Of those that are not worth their place the one that is missed least.
        changing = [test for test in tests if (test.worth < 1) == removal]
        least = min(changing, key=lambda test: test.ratio, default=None)
        assert [test.adopted for test in tests] == [test is least for test in tests]
    kinds = [decision.kind for decision in found.decisions]
    assert kinds == sorted(kinds, reverse=True)  # growth comes last, and nothing after it
    assert not found.decisions[-1].adopted
    assert found.margin == min(min(t, key=lambda test: test.worth).margin for t in rounds)
    last = found.decisions[-1]
    dead = last.worth < DEAD / QUICK.pruning.least_range
    steps = last.step + (QUICK.test_steps if dead else QUICK.growth_steps)
    assert found.history.steps.tolist() == list(range(10, steps + 1, 10))
    assert all(len(terms) == steps // 10 for terms in found.history.terms.values())
    assert set(found.history.terms) >= {"reconstruction_loss", "covariance_loss"}


def missed_in_any_case(tests):
    """The latents that would have stayed whatever they depend on."""
    return {test.latent for test in tests if test.ratio >= 3 and test.share >= 0.055}


def test_a_latent_that_is_missed_in_any_case_is_not_tested_again():
    def removed(step, latent, ratio, share=0.2, adopted=False):
        return Decision("remove", step, latent, 4, ratio, share, 0.0, 1.0, adopted)

    config = CountConfig()
    assert assured([], config) == set()
    decisions = [removed(700, 3, 4.0), removed(700, 1, 1.0, adopted=True), removed(700, 0, 3.0)]
    assert assured(decisions, config) == {0, 2}  # the last has moved up
    # Neither is missed enough: by its ratio, by its share.
    decisions += [removed(700, 2, 2.9), removed(1000, 1, 3.5, share=0.05)]
    assert assured(decisions, config) == {0, 2}
    decisions += [removed(1000, 0, 1.2, adopted=True)]
    assert assured(decisions, config) == {1}


def test_a_latent_that_is_dead_at_the_first_look_ends_the_search(monkeypatch):
    monkeypatch.setattr("nashae_core.factors.counting.DEAD", 2.0)  # whatever its range
    found = count_factors(game(6), observed(2), seeded(0), HARSH)
    (decision,) = found.decisions
    assert not decision.adopted
    assert int(found.history.steps[-1]) == decision.step + HARSH.growth_warm_up


def test_a_model_that_explains_too_little_is_never_sure():
    """It has seen a few batches, and a single latent is left: no test is close."""
    short = replace(HARSH, growth_steps=30, warm_up=0)
    found = count_factors(game(6), observed(2), seeded(0), short)
    assert found.explained < 0.3
    assert found.error == pytest.approx((1 - found.explained) * variance(observed(2)), rel=1e-4)
    assert found.margin >= 1.2
    assert found.near
    assert found.reason.startswith("the model explains")
    learned = found._replace(explained=0.9)
    assert not learned.near
    assert learned.reason == ""
    (test,) = found.decisions
    close = learned._replace(decisions=(test._replace(worth=1.1),))
    assert close.near
    assert close.reason == "a test was within a factor of 1.10 of its threshold"


def variance(x):
    return float((x - x.mean(0)).square().mean()) / 2


def test_a_margin_is_the_factor_by_which_a_latent_is_worth_its_place_or_not():
    decision = Decision("remove", 700, 0, 2, 3.0, 0.1, 0.0, 2.0, adopted=False)
    assert decision.margin == 2
    assert decision._replace(worth=0.5).margin == 2
    assert math.isfinite(decision._replace(worth=-0.1).margin)


def test_the_game_is_that_of_the_variance_of_standardised_data():
    x = observed(2)
    for data in (x, 100 * x + 5):
        lam = count_factors(game(4), data, seeded(0), SHORT).model.config.lam
        ratio = float(x.var(0, correction=0).mean() / x.var(correction=0))
        assert lam / (1 - lam) == pytest.approx(QUICK.covariance_weight * ratio / 2, rel=1e-4)


def test_observations_that_are_all_the_same_are_refused():
    with pytest.raises(ValueError, match="no factor to find"):
        count_factors(game(4), torch.ones(50, 12), seeded(0), QUICK)


def test_the_model_is_left_as_it_was_and_the_same_seed_finds_the_same():
    model, x = game(3), observed(2)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    first, second = (count_factors(model, x, seeded(0), SHORT) for _ in range(2))
    assert all(torch.equal(before[name], t) for name, t in model.state_dict().items())
    assert model.config == NashAEConfig(lam=0.2)
    assert first.decisions == second.decisions
    for a, b in zip(first.model.parameters(), second.model.parameters(), strict=True):
        assert torch.equal(a, b)


@pytest.mark.parametrize(("config", "kind"), [(QUICK, "remove"), (HARSH, "add")])
def test_a_search_that_was_cut_off_anywhere_ends_with_the_same_bits(config, kind):
    x, states = observed(2), {}

    def keep(progress):
        """Of each stage and round of tests one state: the others of a round are the same."""
        if (at := (progress.doing == "pruning", len(progress.decisions))) not in states:
            states[at] = progress.state()

    whole = count_factors(game(4), x, seeded(0), config, on_progress=keep)
    assert kind in {d.kind for d in whole.decisions if d.adopted}
    pruning, first, *_, last = states.values()
    for state in (pruning, first, last):
        again = count_factors(game(4, seed=9), x, seeded(5), config, resume=state)
        assert again.decisions == whole.decisions
        assert again.error == whole.error
        for name, terms in whole.history.terms.items():
            assert torch.equal(again.history.terms[name], terms)
        for a, b in zip(whole.model.parameters(), again.model.parameters(), strict=True):
            assert torch.equal(a, b)


def test_progress_says_what_is_being_done():
    reports = []
    found = count_factors(game(4), observed(1), seeded(0), QUICK, on_progress=reports.append)
    assert reports[0].doing == "pruning"
    assert (reports[0].step, reports[0].steps) == (10, 30)
    words = list(dict.fromkeys(progress.doing for progress in reports))
    assert words[1] == "nothing changed"
    assert words[-1] == f"latent {found.latents + 1} added"
    assert reports[-1].decisions == found.decisions[:-1]
    assert all(progress.step <= progress.steps for progress in reports)


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"batch_size": 0}, "batch_size must be at least 1"),
        ({"removal_ratio": 1.0}, "removal_ratio must be above 1"),
        ({"growth_ratio": 0.5}, "growth_ratio must be above 1"),
        ({"covariance_weight": -1.0}, "covariance_weight must be at least 0"),
        ({"least_share": 0.0}, "least_share must be in"),
        ({"test_steps": 305}, "test_steps must be a multiple of record_every"),
        ({"growth_steps": 905}, "growth_steps must be a multiple of record_every"),
        ({"growth_steps": 290}, "growth_steps must be at least test_steps; got 290 and 300"),
        ({"growth_warm_up": 905}, "growth_warm_up must be a multiple of record_every"),
        ({"growth_warm_up": 910}, "growth_steps must be at least growth_warm_up; got 900 and 910"),
        ({"pruning": Pruning(every=15)}, "pruning.every must be a multiple of record_every"),
    ],
)
def test_a_config_that_cannot_be_is_refused(options, error):
    with pytest.raises(ValueError, match=error):
        CountConfig(**options)


def test_a_foreign_state_is_refused():
    with pytest.raises((ValueError, KeyError)):
        count_factors(game(4), observed(1), seeded(0), QUICK, resume={"step": torch.tensor(3)})
