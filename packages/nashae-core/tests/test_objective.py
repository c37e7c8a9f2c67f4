"""A run that has not lowered what it had to says so."""

import warnings

import pytest
import torch
from torch import nn

from nashae_core import Trainable, TrainConfig, Turn, train
from nashae_core.stacking import stack

ROWS = torch.randn(20, 3, generator=torch.Generator().manual_seed(0))


class Climber(Trainable):
    """Each step adds `slope` to a loss of `first`; its terms go under other names."""

    def __init__(self, slope: float, first: float = 1.0, players: int = 1) -> None:
        super().__init__()
        self.height, self.slope = nn.Parameter(torch.tensor(first)), slope
        self.other, self.players = nn.Parameter(torch.zeros(())), players

    def optimizers(self):
        players = {"climber": self.height, "other": self.other}
        return {
            name: torch.optim.SGD([parameter], abs(self.slope), maximize=self.slope > 0)
            for name, parameter in list(players.items())[: self.players]
        }

    def turns(self, _batches, _step, _generator):
        yield Turn("climber", self.height, {"height": self.height.detach().clone()})


class Named(Climber):
    objective = "height"


def climb(model, steps=40, record_every=10, **options):
    config = TrainConfig(steps=steps, batch_size=2, record_every=record_every)
    return train(model, ROWS, config, torch.Generator().manual_seed(0), **options)


@pytest.mark.parametrize(("slope", "first"), [(1.0, 1.0), (1e20, 1.0), (0.1, -2.0), (1.0, 0.0)])
def test_a_loss_that_rises_is_told(slope, first):
    with pytest.warns(UserWarning, match=r"the loss must fall in training; got .* lower the le"):
        climb(Climber(slope, first))


def test_the_term_that_a_model_declares_is_told_by_its_name():
    with pytest.warns(UserWarning, match=r"height must fall in training; got 1 in .* and 35\.5 at"):
        climb(Named(1.0))


@pytest.mark.parametrize("slope", [-1.0, 0.0, 0.01])
def test_one_that_falls_or_stays_within_what_batches_differ_by_is_not(slope):
    climb(Climber(slope))  # a warning is an error


def test_of_a_game_that_declares_nothing_nothing_is_told():
    climb(Climber(1.0, players=2))


def test_the_first_step_is_what_counts_though_the_first_entry_was_higher_still():
    class Peak(Climber):
        def turns(self, batches, step, generator):
            (turn,) = super().turns(batches, step, generator)
            yield turn._replace(loss=turn.loss * (1e28 if step == 2 else 1))

    with pytest.warns(UserWarning, match="must fall"):
        climb(Peak(1.0))


def test_a_run_that_was_cut_off_and_goes_on_remembers_where_it_began():
    states = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        climb(Climber(1.0), on_record=lambda progress: states.append(progress.state()))
    with pytest.warns(UserWarning, match=r"got 1 in the first step and 35\.5 at the end"):
        climb(Climber(1.0), resume=states[2])


def test_of_models_side_by_side_the_run_is_named(make_game, rows, seeded):
    games = [make_game(seed, autoencoder_lr=3.0) for seed in range(2)]
    config = TrainConfig(steps=10, batch_size=10)
    with pytest.warns(
        UserWarning, match=r"reconstruction_loss must fall.*end, in 2 of 2 runs: lower"
    ):
        train(stack(games), rows, config, [seeded(0), seeded(1)])
