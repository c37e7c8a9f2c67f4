from dataclasses import replace

import pytest
import torch

from nashae_core import NashAEConfig, TrainConfig, encode, train
from nashae_core.factors.pruning import Pruning, train_pruned

pytestmark = pytest.mark.usefixtures("unchecked_steps")

CONFIG = TrainConfig(steps=70, batch_size=20, record_every=5)
PRUNING = Pruning(every=10, until=40, least_range=0.5, last_range=0.4)


def run(model, rows, **options):
    return train_pruned(model, rows, CONFIG, torch.Generator().manual_seed(1), PRUNING, **options)


@pytest.mark.parametrize(
    ("ranges", "step", "kept"),
    [
        ([0.9, 0.1, 0.6, 0.15], 10, [0, 2, 3]),  # the widest of the others is the spare
        ([0.1, 0.05, 0.15], 10, [2]),
        ([0.9, 0.8], 10, [0, 1]),
        ([0.9, 0.45, 0.3], 50, [0, 1]),  # the last pruning: a lower bound, and no spare
        ([0.9, 0.4, 0.3], 50, [0]),
        ([0.01, 0.02], 50, [1]),  # one always stays
    ],
)
def test_what_stays(ranges, step, kept):
    assert PRUNING.last == 50
    assert PRUNING.kept(torch.tensor(ranges), step) == kept


def test_the_model_shrinks_to_what_it_uses(make_game, rows):
    model, latents = make_game(latents=6, lam=0.5), []
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    pruned, history = run(
        model, rows, on_record=lambda p: latents.append(len(p.state()["model/predictors.weight3"]))
    )
    m = pruned.predictors.latents
    assert latents == sorted(latents, reverse=True)
    assert latents[0] == 6
    assert latents[-1] == m < 6
    assert encode(pruned, rows).shape == (60, m)
    assert history.steps.tolist() == list(range(5, 75, 5))
    assert all(torch.equal(before[name], t) for name, t in model.state_dict().items())


def test_until_the_first_pruning_it_is_plain_training(make_game, rows):
    plain, pruned = make_game(), None
    config = replace(CONFIG, steps=9, record_every=1)
    train(plain, rows, config, torch.Generator().manual_seed(1))
    pruned, _ = train_pruned(make_game(), rows, config, torch.Generator().manual_seed(1), PRUNING)
    for a, b in zip(plain.parameters(), pruned.parameters(), strict=True):
        assert torch.equal(a, b)


def test_a_run_that_was_cut_off_anywhere_ends_with_the_same_bits(make_game, rows):
    states = []
    whole, history = run(
        make_game(latents=6, lam=0.5), rows, on_record=lambda p: states.append(p.state())
    )
    assert len(states) == 14
    for state in states:
        model, again = run(make_game(7, latents=6, lam=0.5), rows, resume=state)
        assert model.predictors.latents == whole.predictors.latents
        for a, b in zip(whole.parameters(), model.parameters(), strict=True):
            assert torch.equal(a, b), int(state["step"])
        for name, terms in history.terms.items():
            assert torch.equal(again.terms[name], terms)


def test_states_are_taken_where_latents_are_pruned(make_game, rows):
    config = replace(CONFIG, record_every=4)
    with pytest.raises(ValueError, match=r"a multiple of config.record_every.* got 10 and 4"):
        train_pruned(make_game(), rows, config, torch.Generator(), PRUNING)


def test_a_foreign_state_is_refused(make_game, rows):
    with pytest.raises(ValueError, match="not of a NashAE"):
        run(make_game(), rows, resume={"step": torch.tensor(10)})


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"every": 0}, "every must be at least 1"),
        ({"until": -1}, "until must be at least 0"),
        ({"least_range": 1.0}, "least_range must be in"),
        ({"last_range": -0.1}, "last_range must be in"),
    ],
)
def test_a_pruning_that_cannot_be_is_refused(options, error):
    with pytest.raises(ValueError, match=error):
        Pruning(**options)


def test_the_weight_rises_from_where_it_is_told_to():
    config = NashAEConfig(lam=0.2, warm_up=50, warm_up_from=100)
    assert [config.weight(step) for step in (0, 100, 125, 150, 999)] == [0, 0, 0.1, 0.2, 0.2]
    assert NashAEConfig(lam=0.3).weight(0) == 0.3
    with pytest.raises(ValueError, match="warm_up must be at least 0"):
        NashAEConfig(warm_up=-1)


def test_without_weight_the_covariance_moves_nothing(make_game, rows):
    ends = []
    for options in ({"lam": 0.0}, {"lam": 0.5, "warm_up": 10, "warm_up_from": 20}):
        model = make_game(**options)
        train(model, rows, replace(CONFIG, steps=15), torch.Generator().manual_seed(1))
        ends.append(model.state_dict())
    assert all(torch.equal(ends[0][name], tensor) for name, tensor in ends[1].items())
