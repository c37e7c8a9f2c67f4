"""What can be known before anything is trained is said before anything is trained."""

import jaxtyping
import pytest
import torch
from torch import nn

from nashae_core import (
    MLP,
    NashAE,
    PackedObservations,
    Predictors,
    Pruning,
    TrainConfig,
    align_axes,
    count_factors,
    stacking,
    train_many,
    train_pruned,
)
from nashae_core.factors import aligning, pruning

INPUTS, M = 12, 4
X = torch.randn(30, INPUTS, generator=torch.Generator().manual_seed(0))


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def game(seed=0, inputs=INPUTS, latents=M):
    generator = seeded(seed)
    encoder = MLP((inputs, 10, latents), generator=generator)
    decoder = MLP((latents, 10, inputs), generator=generator)
    return NashAE(encoder, decoder, Predictors(latents, 6, generator=generator))


class Bottleneck(nn.Module):
    """A decoder of one's own, no nn.Sequential."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(M, INPUTS)

    def forward(self, codes):
        return self.layer(codes)


def with_networks(encoder=None, decoder=None):
    model = game()
    return NashAE(encoder or model.encoder, decoder or model.decoder, model.predictors)


def with_an_infinite_one():
    x = X.clone()
    x[3, 4] = torch.inf
    return x


MODELS = {
    "a linear layer": (lambda: nn.Linear(INPUTS, M), "must be a NashAE; got"),
    "the class": (lambda: NashAE, "must be a NashAE; got"),
    "nothing": (lambda: None, "must be a NashAE; got"),
    "an encoder of one's own": (
        lambda: with_networks(encoder=nn.Sequential(nn.Linear(INPUTS, M), nn.Tanh())),
        "the last layer of Sequential must be .* got Tanh",
    ),
    "a decoder of one's own": (
        lambda: with_networks(decoder=Bottleneck()),
        "the first layer of Bottleneck must be .* got Bottleneck",
    ),
    "a decoder without a bias": (
        lambda: with_networks(decoder=nn.Linear(M, INPUTS, bias=False)),
        "an nn.Linear with a bias",
    ),
    "networks of other observations": (
        lambda: game(inputs=11),
        r"networks that take observations \(12,\)",
    ),
    "torch's networks of others": (
        lambda: with_networks(encoder=nn.Sequential(nn.Linear(11, M))),
        r"networks that take observations \(12,\)",
    ),
    "a decoder of other observations": (
        lambda: with_networks(decoder=nn.Linear(M, 7)),
        r"a decoder that gives observations \(12,\) back; got \(7,\)",
    ),
    "an encoder of fewer latents": (
        lambda: with_networks(encoder=nn.Linear(INPUTS, M - 1)),
        "the encoder must give",
    ),
    "a decoder of fewer latents": (
        lambda: with_networks(decoder=nn.Linear(M - 1, INPUTS)),
        "networks that take observations",
    ),
}
DATA = {
    "five rows": (X[:5], "at least 10, .*got 5"),
    "rows that are the same": (X[:1].expand(20, -1), "observations must differ"),
    "constants beside rounding": (
        torch.full((20, INPUTS), 0.1).double(),
        "observations must differ",
    ),
    "an infinite element": (with_an_infinite_one(), "must be finite"),
}


@pytest.fixture
def nothing_is_trained(monkeypatch):
    """`train` fails wherever a search would call it."""

    def train(*_, **__):
        raise AssertionError("training began")

    for module in (pruning, aligning, stacking):
        monkeypatch.setattr(module, "train", train)
    # Users have no checks of types but ours.
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)


def counted(model, x=X):
    return count_factors(model, x, seeded())


def aligned(model, x=X):
    return align_axes(lambda _: model, x, 2, seeded())


def pruned(model, x=X):
    return train_pruned(model, x, TrainConfig(steps=200), seeded())


RUNS = pytest.mark.parametrize("run", [counted, aligned, pruned])


@RUNS
@pytest.mark.parametrize("case", MODELS)
@pytest.mark.usefixtures("nothing_is_trained")
def test_a_model_that_cannot_be_searched_is_refused_before_training(run, case):
    make, words = MODELS[case]
    with pytest.raises((TypeError, ValueError), match=words) as error:
        run(make())
    assert len(str(error.value).splitlines()) == 1


@pytest.mark.parametrize("run", [counted, aligned])
@pytest.mark.parametrize("case", DATA)
@pytest.mark.usefixtures("nothing_is_trained")
def test_observations_that_cannot_be_searched_are_refused_before_training(run, case):
    x, words = DATA[case]
    with pytest.raises((TypeError, ValueError), match=words):
        run(game(), x)


@pytest.mark.parametrize(
    ("build", "factors", "words"),
    [
        (game(), 2, "build must be a function of a generator.*got NashAE:"),
        (None, 2, "build must be a function of a generator.*got None:"),
        (lambda _: game(latents=3), 4, "the model has 3 latents for 4 factors"),
        (lambda _: game(), 0, "factors must be at least 1; got 0"),
        (lambda _: game(), 2.0, "factors must be a whole number; got 2.0"),
        (lambda _: game(), None, "factors must be a whole number; got None"),
    ],
)
@pytest.mark.usefixtures("nothing_is_trained")
def test_what_axes_cannot_be_aligned_of_is_refused_before_training(build, factors, words):
    with pytest.raises((TypeError, ValueError), match=words):
        align_axes(build, X, factors, seeded())


def standardised(model):
    model.standardise(1.0, 2.0)
    return model


@pytest.mark.parametrize(
    ("models", "generators", "words"),
    [
        (lambda: [game(), nn.Linear(3, 3)], 2, r"models\[1\] must be a NashAE; got"),
        (game, 1, "models must be a list; got"),
        (lambda: [game()], seeded(), "generators must be a list; got"),
        (lambda: [game(0), standardised(game(1))], 2, "standardised by the same numbers"),
    ],
)
@pytest.mark.usefixtures("nothing_is_trained")
def test_models_that_cannot_be_trained_at_once_are_refused_before_training(
    models, generators, words
):
    draws = generators if isinstance(generators, torch.Generator) else [seeded()] * generators
    with pytest.raises((TypeError, ValueError), match=words):
        train_many(models(), X, TrainConfig(steps=5), draws)


def test_data_are_moved_and_checked_once_in_a_training(monkeypatch):
    moves = []
    plain = PackedObservations.to

    def to(self, *to):
        moves.append(to)
        return plain(self, *to)

    monkeypatch.setattr(PackedObservations, "to", to)
    bits = torch.randint(0, 256, (30, 2), dtype=torch.uint8, generator=seeded())
    config = TrainConfig(steps=8, batch_size=10, record_every=1)
    prunings = Pruning(every=2, until=6)
    train_pruned(game(inputs=16), PackedObservations(bits), config, seeded(), prunings)
    assert len(moves) == 1
