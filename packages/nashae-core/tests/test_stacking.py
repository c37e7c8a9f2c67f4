import pytest
import torch
from torch import nn

from nashae_core import (
    SELU,
    NashAE,
    Predictors,
    TrainConfig,
    conv_decoder,
    conv_encoder,
    mlp,
    train,
    train_many,
)

CONFIG = TrainConfig(steps=45, batch_size=20)


@pytest.mark.parametrize(
    "options",
    [{}, {"lam": 0.0, "reconstruction": "sum"}, {"covariance": "through both"}],
    ids=["default", "sum", "both"],
)
@pytest.mark.parametrize("runs", [1, 9])
def test_each_run_is_what_it_is_alone(make_game, seeded, rows, runs, options):
    together = [make_game(seed, **options) for seed in range(runs)]
    generators = [seeded(50 + seed) for seed in range(runs)]
    histories = train_many(together, rows, CONFIG, generators)
    assert len(histories) == runs
    for seed, (model, history) in enumerate(zip(together, histories, strict=True)):
        alone = make_game(seed, **options)
        expected = train(alone, rows, CONFIG, seeded(50 + seed))
        assert torch.equal(history.steps, expected.steps)
        assert history.terms.keys() == expected.terms.keys()
        for name, values in expected.terms.items():
            torch.testing.assert_close(history.terms[name], values, atol=1e-9, rtol=0)
        for name, weight in alone.state_dict().items():
            torch.testing.assert_close(model.state_dict()[name], weight, atol=1e-9, rtol=0)


def test_the_losses_of_every_run_are_reported_as_it_goes(make_game, seeded, rows):
    seen = []
    models = [make_game(seed) for seed in range(3)]
    histories = train_many(
        models, rows, CONFIG, [seeded(s) for s in range(3)], on_record=seen.append
    )
    assert [progress.step for progress in seen] == [10, 20, 30, 40, 45]
    last = seen[-1].terms["reconstruction_loss"]
    expected = [history.terms["reconstruction_loss"][-1] for history in histories]
    assert torch.equal(last, torch.stack(expected))


def refuse(models, rows, message):
    kept = [{name: p.clone() for name, p in m.state_dict().items()} for m in models]
    with pytest.raises(ValueError, match=message):
        train_many(models, rows, CONFIG, [torch.Generator() for _ in models])
    for model, before in zip(models, kept, strict=True):
        assert all(torch.equal(p, before[name]) for name, p in model.state_dict().items())


def test_models_with_other_configs_are_refused(make_game, rows):
    refuse([make_game(0), make_game(1, lam=0.3)], rows, "must have equal configs")


def test_models_of_other_shapes_are_refused(make_game, rows):
    refuse([make_game(0), make_game(1, latents=5)], rows, "networks of equal shape")


def test_models_of_other_lengths_are_refused(make_game, seeded, rows):
    longer = NashAE(
        mlp((12, 10, 10, 4), generator=seeded(0)),
        mlp((4, 10, 12), generator=seeded(0)),
        Predictors(4, 6, generator=seeded(0)),
    ).double()
    refuse([make_game(0), longer], rows, "networks of equal shape")


def test_models_with_other_activations_are_refused(make_game, rows):
    models = [make_game(0), make_game(1)]
    models[1].encoder[1] = nn.ReLU()
    refuse(models, rows, "only linear layers with bias and activations")
    models[0].encoder[1], models[1].encoder[1] = nn.LeakyReLU(0.1), nn.LeakyReLU(0.2)
    refuse(models, rows, "only linear layers with bias and activations")


def test_convolutions_are_refused(seeded):
    models = [
        NashAE(
            conv_encoder(4, channels=1, generator=seeded(seed)),
            conv_decoder(4, channels=1, generator=seeded(seed)),
            Predictors(4, generator=seeded(seed)),
        )
        for seed in range(2)
    ]
    refuse(models, torch.zeros(5, 1, 64, 64), "only linear layers with bias.*Conv2d")


@pytest.mark.parametrize(
    ("encoder", "message"),
    [
        (nn.Linear(12, 4), r"nn\.Sequential"),
        (nn.Sequential(nn.Linear(12, 4, bias=False)), "only linear layers with bias"),
        (
            nn.Sequential(nn.Linear(12, 4), nn.BatchNorm1d(4, affine=False)),
            "only linear layers.*BatchNorm1d",
        ),
        (nn.Sequential(nn.Sequential(nn.Linear(12, 4)), SELU()), "only linear layers"),
    ],
    ids=["no sequence", "no bias", "buffers", "nested"],
)
def test_networks_that_are_no_plain_perceptron_are_refused(seeded, rows, encoder, message):
    decoder = mlp((4, 12), generator=seeded(0))
    refuse([NashAE(encoder, decoder, Predictors(4, generator=seeded(0)))], rows, message)


@pytest.mark.parametrize(("models", "generators"), [(0, 0), (2, 1), (1, 2)])
def test_a_generator_is_wanted_for_each_model(make_game, rows, models, generators):
    message = f"got {models} models and {generators} generators"
    with pytest.raises(ValueError, match=message):
        train_many(
            [make_game(seed) for seed in range(models)],
            rows,
            CONFIG,
            [torch.Generator() for _ in range(generators)],
        )


def test_a_stacked_model_is_not_stacked_again(seeded, rows):
    networks = mlp((12, 4), generator=seeded(0)), mlp((4, 12), generator=seeded(0))
    stacked = NashAE(*networks, Predictors(4, runs=2, generator=seeded(0)))
    refuse([stacked], rows, "cannot be stacked again")
