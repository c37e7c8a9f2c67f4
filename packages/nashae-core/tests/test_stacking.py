import pytest
import torch
from torch import nn

from nashae_core import (
    MLP,
    NashAE,
    Predictors,
    TrainConfig,
    conv_decoder,
    conv_encoder,
    initialise,
    train,
    train_many,
)
from nashae_core.stacking import SideBySide, stack, unstack

CONFIG = TrainConfig(steps=45, batch_size=20)


def assert_each_is_what_it_is_alone(make, seeds, observations, config, seeded):
    together = [make(seed) for seed in seeds]
    histories = train_many(together, observations, config, [seeded(50 + seed) for seed in seeds])
    assert len(histories) == len(seeds)
    for seed, model, history in zip(seeds, together, histories, strict=True):
        alone = make(seed)
        expected = train(alone, observations, config, seeded(50 + seed))
        assert torch.equal(history.steps, expected.steps)
        assert history.terms.keys() == expected.terms.keys()
        for name, values in expected.terms.items():
            torch.testing.assert_close(history.terms[name], values, atol=1e-9, rtol=0)
        assert model.state_dict().keys() == alone.state_dict().keys()
        for name, weight in alone.state_dict().items():
            torch.testing.assert_close(model.state_dict()[name], weight, atol=1e-9, rtol=0)


@pytest.mark.parametrize(
    "options",
    [{}, {"lam": 0.0, "reconstruction": "sum"}, {"covariance": "through-both"}],
    ids=["default", "sum", "both"],
)
@pytest.mark.parametrize("runs", [1, 3])
def test_each_run_is_what_it_is_alone(make_game, seeded, rows, runs, options):
    assert_each_is_what_it_is_alone(
        lambda seed: make_game(seed, **options), range(runs), rows, CONFIG, seeded
    )


@pytest.mark.parametrize("part", ["encoder", "decoder", "predictors", "predictors.weight2"])
def test_what_is_frozen_in_a_run_is_what_is_frozen_in_it_alone(make_game, seeded, rows, part):
    def make(seed):
        game = make_game(seed)
        for name, parameter in game.named_parameters():
            # Of the autoencoders the first run's alone, of the predictors every run's.
            if name.startswith(part) and (seed == 0 or part.startswith("predictors")):
                parameter.requires_grad_(False)
        return game

    config = TrainConfig(steps=3, batch_size=20)
    assert_each_is_what_it_is_alone(make, range(2), rows, config, seeded)


def test_predictors_of_which_some_are_frozen_are_refused(make_game, rows):
    models = [make_game(0), make_game(1)]
    models[1].predictors.bias2.requires_grad_(False)
    refuse(models, rows, r"the same parameters of their .* got bias2 frozen in 1 of 2")


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


def test_models_with_predictors_of_other_sizes_are_refused(make_game, rows):
    refuse([make_game(0), make_game(1, latents=5)], rows, r"one size; got \[\(4, 6\), \(5, 6\)\]")
    wider = make_game(1)
    wider.predictors = Predictors(4, 7, generator=torch.Generator()).double()
    refuse([make_game(0), wider], rows, r"one size; got \[\(4, 6\), \(4, 7\)\]")


def image_game(seed: int) -> NashAE:
    """The convolutional networks on images of one channel."""
    generator = torch.Generator().manual_seed(seed)
    return NashAE(
        conv_encoder(3, channels=1, generator=generator),
        conv_decoder(3, channels=1, generator=generator),
        Predictors(3, 6, generator=generator),
    ).double()


def own_game(seed: int) -> NashAE:
    """Networks of one's own: buffers, a layer without bias, and a depth that differs with runs."""
    generator = torch.Generator().manual_seed(seed)
    encoder = nn.Sequential(
        nn.Linear(12, 8, bias=False), nn.BatchNorm1d(8), *[nn.Tanh()] * seed, nn.Linear(8, 4)
    )
    initialise(encoder, generator)
    decoder = MLP((4, *[9] * seed, 12), activation="tanh", generator=generator)
    return NashAE(encoder, decoder, Predictors(4, 6, generator=generator)).double()


def test_convolutional_runs_are_what_they_are_alone(seeded):
    images = torch.rand(10, 1, 64, 64, dtype=torch.float64, generator=seeded(0))
    config = TrainConfig(steps=6, batch_size=4, record_every=3)
    assert_each_is_what_it_is_alone(image_game, [0, 1], images, config, seeded)


def test_runs_of_ones_own_networks_are_what_they_are_alone(seeded, rows):
    assert_each_is_what_it_is_alone(own_game, [0, 1, 2], rows, CONFIG, seeded)


def test_networks_side_by_side_are_held_and_each_sees_its_own_batch(seeded):
    networks = [conv_encoder(3, channels=1, generator=seeded(seed)) for seed in (0, 1)]
    beside = SideBySide(networks)
    images = torch.rand(2, 5, 1, 64, 64, generator=seeded(2))
    expected = torch.stack([network(x) for network, x in zip(networks, images, strict=True)])
    assert torch.equal(beside(images), expected)
    assert all(a is b for a, b in zip(beside.networks, networks, strict=True))
    with pytest.raises(ValueError, match=r"zip\(\)"):
        beside(images[:1])


def test_models_are_trained_in_place_and_end_in_evaluation_mode(make_game, seeded, rows):
    models = [make_game(seed).train() for seed in range(2)]
    before = [{name: p.clone() for name, p in model.named_parameters()} for model in models]
    parameters = [dict(model.named_parameters()) for model in models]
    train_many(models, rows, CONFIG, [seeded(0), seeded(1)])
    for model, kept, held in zip(models, before, parameters, strict=True):
        assert not any(module.training for module in model.modules())
        for name, parameter in model.named_parameters():
            assert parameter is held[name], name
            assert not torch.equal(parameter, kept[name]), name


def test_stacked_and_unstacked_models_are_as_they_were(make_game, rows):
    models = [make_game(seed) for seed in range(3)]
    kept = [{name: p.clone() for name, p in model.state_dict().items()} for model in models]
    stacked = stack(models)
    output = stacked(torch.stack([rows] * 3))
    for run, model in enumerate(models):
        for mine, alone in zip(output, model(rows), strict=True):
            torch.testing.assert_close(mine[run], alone, atol=1e-13, rtol=0)
    unstack(stacked, models)
    for model, before in zip(models, kept, strict=True):
        assert all(torch.equal(p, before[name]) for name, p in model.state_dict().items())


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


def test_models_that_draw_noise_are_refused(make_game, rows):
    refuse([make_game(0, code_noise=0.1), make_game(1, code_noise=0.1)], rows, "no code_noise")


def test_a_stacked_model_is_not_stacked_again(seeded, rows):
    networks = MLP((12, 4), generator=seeded(0)), MLP((4, 12), generator=seeded(0))
    stacked = NashAE(*networks, Predictors(4, runs=2, generator=seeded(0)))
    refuse([stacked], rows, "cannot be stacked again")


def test_runs_that_share_a_network_are_refused(make_game, rows, seeded):
    models = [make_game(0), make_game(1)]
    models[1].decoder = models[0].decoder
    with pytest.raises(ValueError, match="must not share networks"):
        train_many(models, rows, CONFIG, [seeded(0), seeded(1)])


def test_an_interrupted_training_leaves_whole_models(make_game, rows, seeded):
    """Encoder, decoder and predictors of a run are of the same step, whatever ended it."""

    def interrupt(progress):
        if progress.step == 20:
            raise KeyboardInterrupt

    models = [make_game(seed) for seed in range(2)]
    generators = [seeded(50), seeded(51)]
    with pytest.raises(KeyboardInterrupt):
        train_many(models, rows, CONFIG, generators, on_record=interrupt)
    for seed, model in enumerate(models):
        alone = make_game(seed)
        train(alone, rows, TrainConfig(steps=20, batch_size=20), seeded(50 + seed))
        for name, weight in alone.state_dict().items():
            torch.testing.assert_close(model.state_dict()[name], weight, atol=1e-9, rtol=0)


def test_runs_whose_parameters_lie_otherwise_in_memory_are_what_they_are_alone(seeded, rows):
    def make(seed: int) -> NashAE:
        game = NashAE(
            MLP((12, 4), generator=seeded(seed)),
            MLP((4, 12), generator=seeded(seed)),
            Predictors(4, 6, generator=seeded(seed)),
        ).double()
        for parameter in game.parameters() if seed else ():
            last = torch.stack([parameter.data, torch.full_like(parameter, torch.nan)], -1)
            parameter.data = last[..., 0].movedim(0, -1).contiguous().movedim(-1, 0)
        return game

    assert_each_is_what_it_is_alone(make, [0, 1], rows, CONFIG, seeded)
