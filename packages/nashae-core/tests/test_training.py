from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from itertools import product

import pytest
import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from nashae_core import (
    MLP,
    Progress,
    Trainable,
    TrainConfig,
    Turn,
    read_tensors,
    save_tensors,
    train,
)


class Copy(Trainable):
    """A model of one's own: a linear layer that learns to give back what it is given."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = MLP((12, 12), generator=torch.Generator().manual_seed(0)).double()

    def optimizers(self):
        return {"copy": torch.optim.SGD(self.parameters(), 0.1)}

    def turns(self, batches: Sequence[Tensor], _step: int, _generator) -> Iterator[Turn]:
        loss = (self.layer(batches[0]) - batches[0]).square().mean()
        yield Turn("copy", loss, {"loss": loss.detach()})


class Counter(Trainable):
    """Reports what it was given, so that the loop can be watched."""

    def __init__(self, batches_per_step: int = 1) -> None:
        super().__init__()
        self.batches_per_step = batches_per_step
        self.weight = nn.Parameter(torch.zeros(()))
        self.batches, self.noise = list[list[Tensor]](), list[Tensor]()

    def optimizers(self):
        return {"counter": torch.optim.SGD(self.parameters(), 1.0)}

    def turns(self, batches, step, generator) -> Iterator[Turn]:
        self.batches.append(batches)
        self.noise.append(torch.rand(3, generator=generator))
        yield Turn("counter", self.weight, {"step": torch.tensor(float(step))})


class Duel(Trainable):
    """Two players in one saddle, a·b + (a² − b²)/10: one goes down, the other up; noise between."""

    batches_per_step = 2

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = (nn.Parameter(torch.tensor(v)) for v in (1.0, 0.5))

    def optimizers(self):
        return {
            "down": torch.optim.Adagrad([self.a], 0.2),
            "up": torch.optim.Adam([self.b], 0.05, betas=(0.5, 0.9)),
        }

    def value(self, x: Tensor) -> Tensor:
        return (self.a * self.b + (self.a.square() - self.b.square()) / 10) * (1 + x.mean())

    def turns(self, batches, _step, generator) -> Iterator[Turn]:
        one, two = batches
        down = self.value(one + 0.1 * torch.rand(one.shape, generator=generator))
        yield Turn("down", down, {"down": down.detach()})
        up = -self.value(two)
        yield Turn("up", up, {"up": up.detach()})


class Late(Duel):
    """A duel whose second player comes late: its optimiser has nothing to keep until then."""

    def turns(self, batches, step, generator) -> Iterator[Turn]:
        turns = super().turns(batches, step, generator)
        yield next(turns)
        if step >= 16:
            yield next(turns)._replace(terms={})


def seeded_run(model, rows, seed=0, **config):
    return train(model, rows, TrainConfig(**config), torch.Generator().manual_seed(seed))


def test_a_model_of_ones_own_trains(rows):
    loss = seeded_run(Copy(), rows, steps=200).terms["loss"]
    assert loss[-1] < 0.1 * loss[0]


def test_a_game_of_two_goes_to_its_saddle():
    duel = Duel()
    history = seeded_run(duel, torch.zeros(10, 1), steps=1500)
    assert abs(duel.a.item()) < 0.05 > abs(duel.b.item())
    assert set(history.terms) == {"down", "up"}


def test_each_player_is_moved_by_its_own_turn_alone():
    duel, seen = Duel(), []
    turns = duel.turns([torch.zeros(5, 1)] * 2, 0, torch.Generator())
    duel.turns = lambda *_: note(turns)

    def note(turns):
        for turn in turns:
            before = duel.a.item(), duel.b.item()
            yield turn
            seen.append((duel.a.item() != before[0], duel.b.item() != before[1]))

    seeded_run(duel, torch.zeros(10, 1), steps=1)
    assert seen == [(True, False), (False, True)]


def test_a_turn_leaves_no_gradient_in_another_players_parameters():
    class OneSided(Duel):
        def turns(self, batches, step, generator):
            yield next(super().turns(batches, step, generator))

    duel = OneSided()
    seeded_run(duel, torch.zeros(10, 1), steps=3)
    assert duel.a.grad is not None
    assert duel.b.grad is None


def test_gradients_that_a_turn_brings_are_taken_as_they_are():
    class Own(Counter):
        def turns(self, *_):
            yield Turn("counter", self.weight.detach(), {}, [torch.tensor(-3.0)])

    model = Own()
    seeded_run(model, torch.zeros(10, 1), steps=2)
    assert model.weight.item() == 6.0


def test_every_batch_of_a_step_is_drawn_for_itself(rows):
    model = Counter(batches_per_step=2)
    seeded_run(model, rows.float(), steps=3, batch_size=20)
    flat = [batch for step in model.batches for batch in step]
    assert [len(step) for step in model.batches] == [2, 2, 2]
    assert all(batch.shape == (20, 12) for batch in flat)
    assert not any(torch.equal(flat[i], flat[j]) for i, j in product(range(6), repeat=2) if i < j)
    for batch in flat:
        distances = (batch[:, None] - rows.float()[None]).abs().sum(-1)
        assert (distances.min(1).values == 0).all()


def test_rows_are_drawn_evenly_and_with_replacement():
    model = Counter()
    seeded_run(model, torch.arange(10.0)[:, None], steps=100, batch_size=100)
    drawn = torch.cat([batch for (batch,) in model.batches]).flatten().long()
    # 10,000 draws of ten rows: 1000 each, with a standard deviation of 30.
    assert (drawn.bincount(minlength=10) - 1000).abs().max() < 150
    # Of two draws that follow each other every tenth pair is equal, and half of the rest ascend.
    assert (drawn[1:] == drawn[:-1]).float().mean().item() == pytest.approx(0.1, abs=0.015)
    assert (drawn[1:] > drawn[:-1]).float().mean().item() == pytest.approx(0.45, abs=0.025)


def test_a_batch_may_be_larger_than_the_data(rows):
    model = Counter()
    seeded_run(model, rows.float()[:3], steps=1, batch_size=50)
    assert model.batches[0][0].shape == (50, 12)


def test_an_entry_of_the_history_is_the_mean_of_the_steps_since_the_one_before():
    history = seeded_run(Counter(), torch.zeros(10, 1), steps=25, record_every=10)
    assert history.steps.tolist() == [10, 20, 25]
    assert history.terms["step"].tolist() == [4.5, 14.5, 22.0]


def test_on_record_is_told_where_the_run_is():
    seen: list[Progress] = []
    config = TrainConfig(steps=5, record_every=2)
    history = train(Counter(), torch.zeros(10, 1), config, torch.Generator(), on_record=seen.append)
    assert [(p.step, p.steps) for p in seen] == [(2, 5), (4, 5), (5, 5)]
    assert [p.terms["step"].item() for p in seen] == history.terms["step"].tolist()


@pytest.mark.parametrize("record_every", [1, 7, 100])
def test_how_often_it_records_does_not_change_a_run(rows, make_game, record_every):
    games = make_game(), make_game()
    for game, every in zip(games, (10, record_every), strict=True):
        seeded_run(game, rows, steps=30, record_every=every)
    ours, theirs = (game.state_dict() for game in games)
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_one_seed_gives_the_same_bits_and_another_does_not(rows, make_game):
    runs = []
    for global_seed, seed in ((0, 5), (1, 5), (0, 6)):
        torch.manual_seed(global_seed)
        before = torch.random.get_rng_state()
        game = make_game().float()
        history = seeded_run(game, rows, seed, steps=30)
        assert torch.equal(before, torch.random.get_rng_state())
        runs.append({**game.state_dict(), **history.terms})
    for name, first in runs[0].items():
        assert torch.equal(first, runs[1][name])
        assert not torch.equal(first, runs[2][name])


def test_one_seeded_run(rows, make_game):
    # The only number here that is our own output: it may change where PyTorch changes a generator,
    # a kernel or Adam in more than rounding, or where we change the order of draws or the method.
    history = seeded_run(make_game(), rows, steps=300, batch_size=30)
    assert history.terms["reconstruction_loss"][-1].item() == pytest.approx(FROZEN, rel=1e-3)


FROZEN = 0.11104


def test_a_model_ends_in_evaluation_mode_and_trains_in_training_mode(rows):
    modes = []

    class Mode(Copy):
        def turns(self, batches, step, generator):
            modes.append(self.training)
            yield from super().turns(batches, step, generator)

    model = Mode().eval()
    seeded_run(model, rows, steps=1)
    assert modes == [True]
    assert not model.training


# Resuming


class CutOffError(Exception):
    """What cuts a run off."""


def run_to_the_end(model, observations, seed, resume=None):
    """A run's last state, which holds its weights, optimisers, generators and history."""
    states = []
    history = train(
        model,
        observations,
        TrainConfig(steps=25, batch_size=20, record_every=4),
        torch.Generator().manual_seed(seed),
        resume=resume,
        on_record=lambda progress: states.append(progress.state()),
    )
    return states[-1] | {f"returned/{name}": term for name, term in history.terms.items()}


@pytest.mark.parametrize("kind", ["NashAE", "Duel", "Late", "Copy"])
def test_a_run_that_goes_on_ends_with_the_bits_of_one_that_was_not_cut_off(
    kind, rows, make_game, tmp_path
):
    observations = rows.float()
    make = {
        "NashAE": lambda seed: make_game(seed).float(),
        "Duel": lambda _: Duel(),
        "Late": lambda _: Late(),
        "Copy": lambda _: Copy().float(),
    }[kind]
    whole = run_to_the_end(make(0), observations, seed=1)
    path = tmp_path / "state.safetensors"

    def cut(progress: Progress) -> None:
        save_tensors(progress.state(), path)
        if progress.step == 12:
            raise CutOffError

    config = TrainConfig(steps=25, batch_size=20, record_every=4)
    generator = torch.Generator().manual_seed(1)
    with pytest.raises(CutOffError):
        train(make(0), observations, config, generator, on_record=cut)
    # Neither the new model's weights nor the new generator's seed matter.
    resumed = run_to_the_end(make(7), observations, seed=8, resume=read_tensors(path))
    assert whole.keys() == resumed.keys()
    for name, tensor in whole.items():
        assert torch.equal(tensor, resumed[name]), name
    assert any(name.startswith("optimizer/") for name in whole) == (kind != "Copy")


def test_a_state_does_not_change_as_the_run_goes_on(rows, make_game):
    states, calls = [], []

    def keep(progress):
        # The call of the entry before, within that of this one.
        for late in calls:
            with pytest.raises(ValueError, match=r"before on_record returns; .* of step 2, when"):
                late()
        states.append(progress.state())
        calls.append(progress.state)

    train(
        make_game(), rows, TrainConfig(steps=4, record_every=2), torch.Generator(), on_record=keep
    )
    first, later = states
    assert (int(first["step"]), int(later["step"])) == (2, 4)
    assert not torch.equal(first["model/encoder.weights.0"], later["model/encoder.weights.0"])
    for late in calls:
        with pytest.raises(ValueError, match="before on_record returns"):
            late()


def test_a_state_can_be_resumed_from_twice(rows, make_game):
    states = []
    config = TrainConfig(steps=4, record_every=2)
    train(
        make_game(), rows, config, torch.Generator(), on_record=lambda p: states.append(p.state())
    )
    before = {name: tensor.clone() for name, tensor in states[0].items()}
    ends = []
    for _ in range(2):
        model = make_game()
        train(model, rows, config, torch.Generator(), resume=states[0])
        ends.append(model.state_dict())
    assert all(torch.equal(before[name], tensor) for name, tensor in states[0].items())
    assert all(torch.equal(ends[0][name], tensor) for name, tensor in ends[1].items())


def test_a_finished_run_resumes_to_its_history(rows):
    whole = run_to_the_end(Copy().float(), rows.float(), seed=1)
    state = {name: t for name, t in whole.items() if not name.startswith("returned/")}
    config = TrainConfig(steps=25, batch_size=20, record_every=4)
    history = train(Copy().float(), rows, config, torch.Generator(), resume=state)
    assert torch.equal(history.terms["loss"], whole["returned/loss"])


@pytest.mark.parametrize(
    ("foreign", "message"),
    [
        (lambda _: {}, "does not fit this model"),
        (lambda state: state | {"model/a": torch.zeros(3)}, "does not fit this model.*a"),
        (lambda state: state | {"model/c": torch.zeros(())}, "does not fit this model.*c"),
        (lambda state: state | {"optimizer/left/0/sum": torch.zeros(())}, "players .*left"),
        (lambda state: {k: v for k, v in state.items() if k != "step"}, "does not fit this model"),
        (lambda state: state | {"step": torch.tensor(13)}, "13 steps in 7 entries"),
        (lambda state: state | {"step": torch.tensor(50)}, "50 steps in 7 entries"),
    ],
    ids=["empty", "shape", "weight", "player", "step", "record_every", "longer"],
)
def test_a_state_that_is_not_this_runs_is_refused(foreign, message):
    state = run_to_the_end(Duel(), torch.ones(10, 1), seed=0)
    with pytest.raises(ValueError, match=f"(?s)the state to resume from.*{message}"):
        run_to_the_end(Duel(), torch.ones(10, 1), seed=0, resume=foreign(state))


class OtherOptimizers(Duel):
    """The duel with its players' optimisers exchanged."""

    def optimizers(self):
        return {
            "down": torch.optim.Adam([self.a], 0.2),
            "up": torch.optim.Adagrad([self.b], 0.05),
        }


@pytest.mark.parametrize(
    ("one", "other", "message"),
    [
        (Duel, OtherOptimizers, r"for 'down'.*keeps \['step', 'sum'\].*Adam \['exp_avg', "),
        (OtherOptimizers, Duel, r"for 'down'.*keeps \['exp_avg', .*Adagrad \['step', 'sum'\]"),
    ],
    ids=["Adagrad into Adam", "Adam into Adagrad"],
)
def test_the_state_of_another_optimiser_is_refused(one, other, message):
    state = run_to_the_end(one(), torch.ones(10, 1), seed=0)
    with pytest.raises(ValueError, match=f"another optimiser {message}"):
        run_to_the_end(other(), torch.ones(10, 1), seed=0, resume=state)


# What the loop must not do on a device that works ahead of its host


class NoSynchronisation(TorchDispatchMode):
    """Raises at every operator that would have the host wait for the device."""

    WAITS = ("_local_scalar_dense", "item", "nonzero", "is_nonzero", "masked_select", "equal")
    WAITS += ("unique", "_unique2", "unique_dim", "unique_consecutive", "bincount")

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        name = func._schema.name.removeprefix("aten::")
        if name in self.WAITS:
            raise AssertionError(f"{name} waits for the device")
        # Indexing by a mask counts its elements.
        masks = (torch.bool, torch.uint8)
        if name.startswith("index") and any(
            isinstance(i, Tensor) and i.dtype in masks for a in args[1:2] for i in a or ()
        ):
            raise AssertionError(f"{name} by a mask waits for the device")
        return func(*args, **(kwargs or {}))


def train_within(context, model, observations, **config) -> None:
    """Train with `context` entered at the first record and left at the last."""
    stack = ExitStack()

    def on_record(progress: Progress) -> None:
        if progress.step == 1:
            stack.enter_context(context)
        if progress.step == progress.steps:
            stack.close()

    with stack:
        settings = TrainConfig(steps=6, record_every=1, **config)
        train(model, observations, settings, torch.Generator(), on_record=on_record)


PRECISIONS = ["float32", "bfloat16"]


@pytest.mark.parametrize("precision", PRECISIONS)
def test_nothing_waits_for_the_device_between_two_records(make_game, rows, precision):
    train_within(NoSynchronisation(), make_game().float(), rows, precision=precision)


@pytest.mark.parametrize("precision", PRECISIONS)
def test_every_tensor_is_made_on_the_models_device(make_game, rows, precision):
    # A tensor that is made without a device lands on "meta" here and cannot meet the model's.
    train_within(torch.device("meta"), make_game().float(), rows, precision=precision)


@pytest.mark.parametrize(
    "waits",
    [
        lambda x: x.sum().item(),
        lambda x: float(x.sum()),
        lambda x: x[x > 0],
        lambda x: bool((x > 0).any()),
        lambda x: torch.unique(x),
    ],
    ids=["item", "float", "mask", "bool", "unique"],
)
def test_a_model_that_waits_for_the_device_is_seen(rows, waits):
    class Waits(Copy):
        def turns(self, batches, step, generator):
            waits(batches[0])
            yield from super().turns(batches, step, generator)

    with pytest.raises(AssertionError, match="waits for the device"):
        train_within(NoSynchronisation(), Waits(), rows)


@pytest.mark.parametrize(
    "make",
    [lambda: torch.zeros(12), lambda: torch.tensor(1.0), lambda: torch.arange(12.0)],
    ids=["zeros", "tensor", "arange"],
)
def test_a_model_that_makes_a_tensor_elsewhere_is_seen(rows, make):
    class Elsewhere(Copy):
        def turns(self, batches, step, generator):
            yield from super().turns([batches[0] + make()], step, generator)

    with pytest.raises((RuntimeError, NotImplementedError), match=r"(?i)meta"):
        train_within(torch.device("meta"), Elsewhere(), rows)


def test_bfloat16_leaves_weights_and_optimisers_in_float32(make_game, rows):
    states = []
    game = make_game().float()
    history = train(
        game,
        rows,
        TrainConfig(steps=300, batch_size=30, precision="bfloat16"),
        torch.Generator(),
        on_record=lambda progress: states.append(progress.state()),
    )
    kept = {n: t for n, t in states[-1].items() if n.startswith(("model/", "optimizer/"))}
    assert {tensor.dtype for tensor in kept.values()} == {torch.float32}
    loss = history.terms["reconstruction_loss"]
    assert loss[-1] < 0.7 * loss[0]


# What it is given


def test_a_term_that_is_not_finite_is_named_at_the_end(rows):
    class Diverges(Copy):
        def turns(self, batches, step, generator):
            (turn,) = super().turns(batches, step, generator)
            bad = torch.tensor(torch.inf if step == 13 else 0.0)
            yield turn._replace(terms={"loss": turn.loss.detach(), "other": bad})

    with pytest.raises(FloatingPointError, match=r"diverged: other .* 10 steps up to step 20"):
        seeded_run(Diverges(), rows, steps=40)


def test_the_losses_of_a_run_with_a_huge_rate_are_named(rows):
    class Fast(Copy):
        def optimizers(self):
            return {"copy": torch.optim.SGD(self.parameters(), 1e9)}

    with pytest.raises(FloatingPointError, match="training diverged: loss is not finite"):
        seeded_run(Fast(), rows, steps=100)


def test_a_loss_that_depends_on_no_parameter_of_its_player_is_refused(rows):
    class Detached(Copy):
        def turns(self, batches, step, generator):
            (turn,) = super().turns(batches, step, generator)
            yield turn._replace(loss=turn.loss.detach())

    with pytest.raises(ValueError, match=r"loss of player 'copy' must depend .* none of the 2 "):
        seeded_run(Detached(), rows, steps=1)


def test_an_optimiser_that_shrinks_weights_leaves_a_frozen_one(rows):
    class Shrinking(Copy):
        def optimizers(self):
            return {"copy": torch.optim.AdamW(self.parameters(), 0.1, weight_decay=1.0)}

    model = Shrinking()
    model.layer.biases.requires_grad_(False)
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    seeded_run(model, rows, steps=3)
    moved = [name for name, p in model.named_parameters() if not torch.equal(p, before[name])]
    assert moved == ["layer.weights.0"]


def test_a_turn_of_an_unknown_player_is_refused(rows):
    class Stranger(Copy):
        def turns(self, batches, step, generator):
            (turn,) = super().turns(batches, step, generator)
            yield turn._replace(player="stranger")

    with pytest.raises(ValueError, match=r"an optimiser, one of .*copy.* got 'stranger'"):
        seeded_run(Stranger(), rows, steps=1)


def test_a_model_without_parameters_is_refused(rows):
    class Nothing(Copy):
        def __init__(self):
            Trainable.__init__(self)

    with pytest.raises(ValueError, match="Nothing has no parameters"):
        seeded_run(Nothing(), rows, steps=1)


def test_no_generator_at_all_is_refused(rows):
    model = Copy()
    with pytest.raises(ValueError, match="got an empty sequence"):
        train(model, rows, TrainConfig(steps=1), [])


@pytest.mark.parametrize(
    ("spoilt", "message"),
    [
        (lambda x: x[:0], "observations must be at least one"),
        (lambda x: x.long(), "must be floating point; got torch.int64"),
        (lambda x: x.numpy().astype(int), "must be floating point; got torch.int64"),
        (lambda x: x.where(x > x.min(), torch.nan), "must be finite"),
        (lambda x: x.where(x > x.min(), torch.inf), "must be finite"),
    ],
    ids=["empty", "integer", "integer array", "nan", "infinite"],
)
def test_observations_that_are_none_are_refused(rows, spoilt, message):
    with pytest.raises(ValueError, match=message):
        seeded_run(Copy(), spoilt(rows), steps=1)


def test_an_array_a_tensor_and_lazy_rows_are_the_same_observations(rows):
    class Lazy:
        def __len__(self):
            return len(rows)

        def __getitem__(self, index):
            return rows[index]

    runs = [seeded_run(Copy(), given, steps=20) for given in (rows, rows.numpy(), Lazy())]
    assert torch.equal(runs[0].terms["loss"], runs[1].terms["loss"])
    assert torch.equal(runs[0].terms["loss"], runs[2].terms["loss"])


@pytest.mark.parametrize("name", ["steps", "batch_size", "record_every"])
def test_a_config_of_nothing_is_refused(name):
    with pytest.raises(ValueError, match=f"{name} must be at least 1; got 0"):
        TrainConfig(**{name: 0})


def test_the_noise_is_another_for_another_seed_and_the_same_for_the_same(rows):
    noise = []
    for seed in (0, 0, 1):
        model = Counter()
        seeded_run(model, rows.float(), seed, steps=3)
        noise.append(torch.stack(model.noise))
    assert torch.equal(noise[0], noise[1])
    assert not torch.equal(noise[0], noise[2])
