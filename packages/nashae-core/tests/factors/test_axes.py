from dataclasses import replace

import pytest
import torch

from nashae_core import MLP, NashAE, NashAEConfig, Predictors, dependence, encode
from nashae_core.factors.aligning import align_axes
from nashae_core.factors.axes import AxesConfig, Stage
from nashae_core.factors.pruning import Pruning

pytestmark = pytest.mark.usefixtures("unchecked_steps")

QUICK = AxesConfig(
    batch_size=20,
    warm_up=5,
    pruning=Pruning(every=10, until=20),
    first=Stage(40, 0.2, 1e-3),
    merge=Stage(20, 0.1, 5e-4),
    last=Stage(20, 0.05, 1e-4),
    fit_steps=10,
    most_dependence=1.0,
)


def seeded(seed):
    return torch.Generator().manual_seed(seed)


def observed(factors, inputs=12, n=200):
    values = torch.rand(n, factors, generator=seeded(99)) - 0.5
    mixing = torch.randn(factors, inputs, generator=seeded(98))
    x = torch.sin(2 * values @ mixing)
    return x / x.std() + 0.1 * torch.randn(n, inputs, generator=seeded(97))


def builder(latents, inputs=12):
    def build(generator):
        return NashAE(
            MLP((inputs, 20, latents), generator=generator),
            MLP((latents, 20, inputs), generator=generator),
            Predictors(latents, 8, generator=generator),
            NashAEConfig(lam=0.5, autoencoder_lr=2e-3),
        )

    return build


@pytest.mark.parametrize("factors", [1, 2])
def test_the_model_has_a_latent_for_each_factor(factors):
    reports = []
    found = align_axes(
        builder(3), observed(2), factors, seeded(0), QUICK, on_progress=reports.append
    )
    assert found.model.predictors.latents == factors
    assert found.independent
    (tried,) = found.tries
    codes = encode(found.model, observed(2))
    assert tried == (factors, pytest.approx(float(dependence(codes, ranked=False).max())))
    words = list(dict.fromkeys(progress.doing for progress in reports))
    assert words[0] == "latents form"
    assert words[-2:] == [f"merged to {factors} latents", "less noise"]
    assert all(0 < progress.step <= progress.steps for progress in reports)
    assert {progress.tries for progress in reports} == {()}
    # The game is that of the data's variance, whatever the model came with; the rest is its own.
    config = found.model.config
    x = observed(2)
    variance = x.var(0, correction=0).mean() / x.var(correction=0) / 2
    assert config.lam / (1 - config.lam) == pytest.approx(0.9 * float(variance), rel=1e-5)
    assert (config.code_noise, config.autoencoder_lr) == (QUICK.last.code_noise, 2e-3)


def test_each_latent_is_dropped_and_the_least_missed_folded_into_each_other():
    reports = []
    keep_all = replace(QUICK, pruning=Pruning(every=10, until=20, least_range=0.0, last_range=0.0))
    align_axes(builder(3), observed(2), 2, seeded(0), keep_all, on_progress=reports.append)
    words = [progress.doing for progress in reports if progress.step == QUICK.fit_steps]
    dropped = [f"latent {i} of 3 dropped" for i in (1, 2, 3)]
    assert [word for word in words if "dropped" in word] == dropped
    folded = [word for word in words if "folded" in word]
    assert len(folded) == len(set(folded)) * 4 == 8  # two others, four shares each


def test_latents_beyond_the_spare_ones_are_taken_out_before():
    reports = []
    few = replace(
        QUICK, spare=1, pruning=Pruning(every=10, until=20, least_range=0.0, last_range=0.0)
    )
    align_axes(builder(9), observed(2), 2, seeded(0), few, on_progress=reports.append)
    assert {p.doing for p in reports} >= {"latent 1 of 3 dropped", "merged to 2 latents"}
    assert not any("of 4" in progress.doing for progress in reports)


def test_the_best_try_is_kept_and_says_that_it_is_not_good_enough():
    strict, reports = replace(QUICK, most_dependence=1e-9, tries=2), []
    found = align_axes(builder(4), observed(3), 2, seeded(0), strict, on_progress=reports.append)
    assert reports[-1].tries == found.tries[:1]
    assert len(found.tries) == 2
    assert not found.independent
    codes = encode(found.model, observed(3))
    least = min(tried.dependence for tried in found.tries)
    assert float(dependence(codes, ranked=False).max()) == pytest.approx(least)


def test_a_try_that_learns_too_few_latents_is_no_answer():
    harsh = replace(QUICK, pruning=Pruning(every=10, until=0, last_range=0.99), tries=2)
    found = align_axes(builder(5), observed(2), 2, seeded(0), harsh)
    assert [tried.latents for tried in found.tries] == [1, 1]
    assert not found.independent


def test_the_same_seed_gives_the_same_model():
    first, second = (align_axes(builder(4), observed(2), 2, seeded(7), QUICK) for _ in range(2))
    assert first.tries == second.tries
    for a, b in zip(first.model.parameters(), second.model.parameters(), strict=True):
        assert torch.equal(a, b)


@pytest.mark.parametrize(
    ("latents", "factors", "error"),
    [
        (4, 0, "factors must be at least 1; got 0"),
        (2, 3, "the model has 2 latents for 3 factors"),
    ],
)
def test_numbers_that_cannot_be_are_refused(latents, factors, error):
    with pytest.raises(ValueError, match=error):
        align_axes(builder(latents), observed(2), factors, seeded(0), QUICK)


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"tries": 0}, "tries must be at least 1"),
        ({"spare": 0}, "spare must be at least 1"),
        ({"most_dependence": 0.0}, "most_dependence must be in"),
        ({"covariance_weight": -1.0}, "covariance_weight must be at least 0"),
        ({"first": Stage(600, 0.2, 1e-3)}, "first must take at least pruning.last steps"),
        ({"merge": Stage(455, 0.1, 5e-4)}, "merge.steps must be a multiple of record_every"),
        ({"pruning": Pruning(every=15)}, "pruning.every must be a multiple of"),
    ],
)
def test_a_config_that_cannot_be_is_refused(options, error):
    with pytest.raises(ValueError, match=error):
        AxesConfig(**options)
