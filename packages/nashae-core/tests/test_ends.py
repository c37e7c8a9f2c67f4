"""How a run ends early: it diverges, `on_record` ends it, or it is of another run."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from nashae_core import (
    MLP,
    CountConfig,
    ImageObservations,
    NashAE,
    NashAEConfig,
    Predictors,
    Pruning,
    TrainConfig,
    count_factors,
    read_tensors,
    save_tensors,
    train,
    train_many,
    train_pruned,
)
from nashae_core.divergence import finite

CONFIG = TrainConfig(steps=60, batch_size=10, record_every=3)


class Poisoned(NashAE):
    """NashAE that counts its steps and gives NaN from one of them on: in a loss, or in a weight."""

    at, where = 10, "loss"

    def turns(self, batches, step, generator):
        self._steps = step + 1
        for turn in super().turns(batches, step, generator):
            terms = {n: t.detach() for n, t in turn.terms.items()}
            if self.where == "weight":
                terms = {"loss": torch.zeros(())}
            elif step + 1 >= self.at:
                terms = {n: t * torch.nan for n, t in terms.items()}
            yield turn._replace(terms=terms)
        if self.where == "weight" and step + 1 >= self.at:
            # The turns are taken: no loss has seen this yet.
            with torch.no_grad():
                self.decoder.weights[0][0, 0] = torch.nan


def poisoned(make_game, where="loss", **options):
    game = make_game(**options)
    game.__class__ = Poisoned
    game.where = where
    return game


# Divergence


def test_a_run_that_diverges_ends_an_entry_later(make_game, rows, seeded):
    game, reports = poisoned(make_game), []
    with pytest.raises(FloatingPointError, match=r"diverged: predictor_loss is .* up to step 12"):
        train(game, rows, CONFIG, seeded(0), on_record=lambda p: reports.append(p.step))
    assert reports == [3, 6, 9, 12]
    assert game._steps == 15  # not 60


@pytest.mark.filterwarnings("ignore:observations should be about 0")
@pytest.mark.parametrize("scale", [1.0, 1000.0])
def test_the_message_has_the_scale_the_rates_and_the_precision(make_game, rows, seeded, scale):
    with pytest.raises(FloatingPointError) as error:
        train(poisoned(make_game), scale * rows, CONFIG, seeded(0))
    message = str(error.value)
    sample = scale * rows[torch.arange(16) * 59 // 15]
    assert f"root mean square {sample.square().mean().sqrt():.3g}, at most" in message
    assert f"{sample.abs().max():.3g}, in a sample of 16" in message
    assert "learning rate (predictors 0.01, autoencoder 0.001" in message
    assert "float32" in message


@pytest.mark.parametrize("where", ["loss", "weight"])
def test_no_state_is_kept_of_a_run_that_diverged(make_game, rows, seeded, tmp_path, where):
    path, seen = tmp_path / "state.safetensors", []

    def keep(progress):
        seen.append(progress.step)
        save_tensors(progress.state(), path)

    with pytest.raises(FloatingPointError, match="training diverged: "):
        train(poisoned(make_game, where), rows, CONFIG, seeded(0), on_record=keep)
    state = read_tensors(path)
    assert seen == [3, 6, 9, 12]
    assert int(state["step"]) == 9
    assert all(t.isfinite().all() for t in state.values() if t.is_floating_point())


def test_of_runs_side_by_side_the_one_that_diverged_is_named(make_game, rows, seeded):
    games = [make_game(seed) for seed in range(3)]
    with torch.no_grad():
        games[1].decoder.weights[0].fill_(1e308)
    reports = []
    with pytest.raises(FloatingPointError, match=r"diverged: [a-z_]+ of run 1 is not finite"):
        train_many(
            games,
            rows,
            CONFIG,
            [seeded(i) for i in range(3)],
            on_record=lambda p: reports.append(p.step),
        )
    assert reports == [3]


@pytest.mark.parametrize("search", ["pruned", "counted"])
def test_a_search_ends_where_its_training_diverges(make_game, rows, seeded, search):
    game, every = poisoned(make_game), Pruning(every=12, until=24)
    reports = []
    config = CountConfig(pruning=every, record_every=3, test_steps=6)
    searches = {
        "pruned": lambda: train_pruned(
            game, rows, CONFIG, seeded(0), every, on_record=reports.append
        ),
        "counted": lambda: count_factors(game, rows, seeded(0), config, on_progress=reports.append),
    }
    with pytest.raises(FloatingPointError, match=r"diverged: .* up to step 12: likely causes"):
        searches[search]()
    assert len(reports) <= 4


@pytest.mark.parametrize("value", [torch.nan, torch.inf, -torch.inf])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_finite_sees_every_kind_of_number(value, dtype):
    good = torch.full((3,), 1e30, dtype=dtype)
    assert finite([good, good[0], torch.tensor(3)])()
    assert finite([])()
    bad = good.clone()
    bad[2] = value
    assert not finite([good, bad])()
    asked = finite([good])
    good[0] = value  # what comes later is of the next entry
    assert asked()


# An early end


@pytest.mark.parametrize("at", [3, 12, 60])
def test_on_record_can_end_the_training(make_game, rows, seeded, at):
    game, reports = make_game(), []

    def on_record(progress):
        reports.append(progress.step)
        return progress.step == at

    history = train(game, rows, CONFIG, seeded(0), on_record=on_record)
    assert reports == list(range(3, at + 1, 3)) == history.steps.tolist()
    assert {len(values) for values in history.terms.values()} == {at // 3}
    assert not game.training
    same = make_game()
    short = train(same, rows, replace(CONFIG, steps=at), seeded(0))
    assert torch.equal(short.terms["reconstruction_loss"], history.terms["reconstruction_loss"])
    for name, tensor in same.state_dict().items():
        assert torch.equal(game.state_dict()[name], tensor)


def test_only_true_ends_it(make_game, rows, seeded):
    returned = iter([None, 1, "yes", False, [1]] * 4)
    history = train(make_game(), rows, CONFIG, seeded(0), on_record=lambda _: next(returned))
    assert len(history.steps) == 20


def test_runs_side_by_side_end_together(make_game, rows, seeded):
    games, generators = [make_game(0), make_game(1)], [seeded(0), seeded(1)]
    histories = train_many(games, rows, CONFIG, generators, on_record=lambda p: p.step >= 6)
    assert [h.steps.tolist() for h in histories] == [[3, 6], [3, 6]]


@pytest.mark.parametrize("at", [6, 12, 24, 30])
def test_pruning_ends_there_too(make_game, rows, seeded, at):
    reports = []

    def on_record(progress):
        reports.append(progress.step)
        return progress.step == at

    model, history = train_pruned(
        make_game(), rows, CONFIG, seeded(0), Pruning(every=12, until=12), on_record=on_record
    )
    assert reports == list(range(3, at + 1, 3)) == history.steps.tolist()
    assert not model.training


# Another run


def state_at(step, model, x, config=CONFIG, seed=0):
    states = []

    def keep(progress):
        if progress.step == step:
            states.append(progress.state())
            return True
        return None

    train(model, x, config, torch.Generator().manual_seed(seed), on_record=keep)
    return states[0]


OTHERS = {
    "batch": (lambda g, x: (g(), x, replace(CONFIG, batch_size=11)), "train.batch_size is 10"),
    "record_every": (lambda g, x: (g(), x, replace(CONFIG, record_every=6)), "record_every is 3"),
    "precision": (lambda g, x: (g(), x, replace(CONFIG, precision="bfloat16")), "precision is fl"),
    "layout": (lambda g, x: (g(), x, replace(CONFIG, channels_last=True)), "channels_last is F"),
    "fewer rows": (lambda g, x: (g(), x[:-1], CONFIG), "observations.rows is 60 there and 59"),
    "other rows": (lambda g, x: (g(), x + 1, CONFIG), "observations.sample is "),
    "last row": (lambda g, x: (g(), x + (torch.arange(60) > 58)[:, None], CONFIG), "sample is "),
    "order": (lambda g, x: (g(), x.flip(0), CONFIG), "observations.sample is "),
    "frozen": (lambda g, x: (frozen(g()), x, CONFIG), r"frozen is \[\] there and \['encoder"),
    "activation": (lambda g, x: (relu(g()), x, CONFIG), "modules.encoder is MLP"),
    "type": (lambda g, x: (g().float(), x, CONFIG), "dtype is torch.float64 there"),
}


def frozen(game):
    game.encoder.requires_grad_(False)
    return game


def relu(game):
    game.encoder.activation = "relu"
    return game


@pytest.mark.parametrize("other", OTHERS)
def test_a_state_of_another_run_is_refused_by_the_one_difference(
    make_game, rows, seeded, tmp_path, other
):
    path = tmp_path / "state.safetensors"
    save_tensors(state_at(6, make_game(), rows), path)
    make, message = OTHERS[other]
    model, x, config = make(lambda: make_game(5), rows)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    with pytest.raises(ValueError, match=f"resume from is of another run: .*{message}") as error:
        train(model, x, config, seeded(0), resume=read_tensors(path))
    assert len(str(error.value)) < 350
    for name, tensor in before.items():
        assert torch.equal(model.state_dict()[name], tensor)  # left as it was


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"{}"])
def test_a_damaged_entry_is_named(make_game, rows, seeded, content):
    state = state_at(6, make_game(), rows)
    state["about"] = torch.tensor([*content], dtype=torch.uint8)
    with pytest.raises(ValueError, match="the state to resume from does not fit this model: "):
        train(make_game(), rows, CONFIG, seeded(0), resume=state)


def other_values(config):
    """Every field of a config with another value, by its name."""
    texts = {"sum": "mean", "mean": "sum", "through-both": "through-predictions"}
    for name, value in vars(config).items():
        if isinstance(value, str):
            yield name, texts.get(value, "through-both")
        else:
            yield name, 0.5 if isinstance(value, float) else value + 1


@pytest.mark.parametrize(("field", "value"), [*other_values(NashAEConfig())])
def test_every_field_of_the_models_config_is_compared(make_game, rows, seeded, field, value):
    state = state_at(6, make_game(), rows)
    with pytest.raises(ValueError, match=rf"config\.{field} is .* there and {value} here"):
        train(make_game(**{field: value}), rows, CONFIG, seeded(0), resume=state)


def test_what_may_differ_is_no_difference(make_game, rows, seeded):
    """More steps, weights and generators, the same rows in another type or in another object."""
    state = state_at(6, make_game(), rows.float().double())
    for x in (rows.float(), rows.float().numpy()):
        history = train(make_game(8), x, replace(CONFIG, steps=9), seeded(3), resume=dict(state))
        assert history.steps.tolist() == [3, 6, 9]
    other = make_game(lam=0.6)
    left_out = {name: tensor for name, tensor in state.items() if name != "about"}
    train(other, rows, replace(CONFIG, batch_size=20), seeded(0), resume=left_out)


def test_images_of_another_scale_are_another_run(seeded):
    def game():
        draw = seeded(0)
        networks = (nn.Sequential(nn.Flatten(), MLP((48, 3), generator=draw)), Unflat(draw))
        return NashAE(*networks, Predictors(3, 4, generator=draw))

    images = torch.randint(256, (20, 4, 4, 3), generator=seeded(1), dtype=torch.uint8).numpy()
    state = state_at(6, game(), ImageObservations(images, (0.5,) * 3, (0.2,) * 3))
    other = ImageObservations(images, (0.4,) * 3, (0.2,) * 3)
    with pytest.raises(ValueError, match=r"another run: observations\.sample"):
        train(game(), other, CONFIG, seeded(0), resume=state)


class Unflat(nn.Module):
    def __init__(self, draw):
        super().__init__()
        self.mlp = MLP((3, 48), generator=draw)

    def forward(self, codes):
        return self.mlp(codes).unflatten(1, (3, 4, 4))


def test_a_module_that_counts_its_own_steps_goes_on(make_game, rows, seeded):
    class Counting(NashAE):
        calls = 0

        def turns(self, batches, step, generator):
            self.calls += 1
            yield from super().turns(batches, step, generator)

    def counting():
        game = make_game()
        game.__class__ = Counting
        game.calls = 0
        return game

    state = state_at(6, counting(), rows)
    assert len(train(counting(), rows, CONFIG, seeded(0), resume=state).steps) == 20


def test_a_search_that_another_began_is_refused(make_game, rows, seeded):
    states = []
    pruning = Pruning(every=12, until=12)
    train_pruned(
        make_game(), rows, CONFIG, seeded(0), pruning, on_record=lambda p: states.append(p.state())
    )
    for state in (states[0], states[6]):
        with pytest.raises(ValueError, match=r"another run: config\.lam is 0\.2 there and 0\.5"):
            train_pruned(make_game(lam=0.5), rows, CONFIG, seeded(0), pruning, resume=state)
        with pytest.raises(ValueError, match=r"another run: observations\."):
            train_pruned(make_game(), rows[:30], CONFIG, seeded(0), pruning, resume=state)


class SeenError(Exception):
    """A search has gone on far enough."""


def test_a_search_keeps_the_state_of_the_moment_that_was_told(make_game, rows, seeded):
    states, calls = [], []
    config = CountConfig(
        pruning=Pruning(every=6, until=6),
        record_every=3,
        test_steps=6,
        growth_warm_up=3,
        growth_steps=6,
    )

    def keep(progress):
        if progress.doing == "pruning":
            return
        states.append(progress.state())
        calls.append(progress.state)
        # The search has decided something since the first.
        if len(states[-1]["tests"]) > len(states[0]["tests"]) or len(states) == 60:
            raise SeenError

    with pytest.raises(SeenError):
        count_factors(make_game().float(), rows.float(), seeded(0), config, on_progress=keep)
    assert len(states[-1]["tests"]) > len(states[0]["tests"])
    for state, late in zip(states, calls, strict=True):
        again = late()
        assert again.keys() == state.keys()
        assert all(torch.equal(again[name], tensor) for name, tensor in state.items())
