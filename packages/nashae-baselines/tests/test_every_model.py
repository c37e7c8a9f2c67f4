"""What holds for every model: codes, determinism, resumption, who moves, what is refused."""

import pytest
import torch
from methods import CONFIGS, JUDGED
from torch import Tensor, nn

from nashae_baselines import (
    AAE,
    DIPVAE,
    VAE,
    AnnealedVAE,
    BetaTCVAE,
    BetaTCVAEConfig,
    CovarianceAutoencoder,
    FactorVAE,
    GaussianCoder,
    InfoGAN,
)
from nashae_core import TrainConfig, encode, read_tensors, save_tensors, train

CONFIG = TrainConfig(steps=12, batch_size=10, record_every=4)
MOVED = {
    "vae": ("encoder", "decoder"),
    "autoencoder": ("encoder", "decoder"),
    "generator": ("encoder", "decoder"),
    "discriminator": ("discriminator",),
}
# Larger steps than the default, and a constraint that leaves the likelihood its say. InfoGAN
# reconstructs nothing.
QUICK = {
    BetaTCVAE: {},
    CovarianceAutoencoder: {},
    FactorVAE: {"lr": 1e-2, "beta": 1.0},
    AnnealedVAE: {"lr": 1e-2, "gamma": 1.0},
    AAE: {"lr": 1e-2},
    VAE: {},
    DIPVAE: {"off_diagonal": 1.0, "diagonal": 1.0},
}


def test_codes_are_n_by_m_and_decode_to_observations(make_model, rows, method):
    model = make_model(method)
    codes = encode(model, rows)
    assert codes.shape == (60, 3)
    assert torch.equal(codes, model.encode(rows).detach())
    assert not isinstance(model, GaussianCoder) or codes.equal(model.posterior(rows).mean)
    assert model.decode(codes).shape == rows.shape


def test_a_turn_moves_its_player_alone(make_model, rows, seeded, method):
    model = make_model(method)
    optimizers = model.optimizers()
    batches = list(rows.split(10)[: model.batches_per_step])
    played = []
    for turn in model.turns(batches, 3, seeded(1)):
        before = {name: p.detach().clone() for name, p in model.named_parameters()}
        optimizer = optimizers[turn.player]
        players = [p for group in optimizer.param_groups for p in group["params"]]
        optimizer.zero_grad()
        turn.loss.backward(inputs=players)
        optimizer.step()
        played.append(turn.player)
        for name, parameter in model.named_parameters():
            moved = not torch.equal(parameter, before[name])
            assert moved == name.startswith(MOVED[turn.player]), (turn.player, name)
    assert sorted(played) == sorted(optimizers)


def test_one_seed_gives_one_run_and_noise_comes_from_it_alone(make_model, rows, seeded, method):
    everyone = torch.get_rng_state()
    runs = []
    for _ in range(2):
        model = make_model(method)
        history = train(model, rows, CONFIG, seeded(1))
        runs.append(dict(history.terms) | model.state_dict())
    assert all(torch.equal(runs[0][name], runs[1][name]) for name in runs[0])
    assert torch.equal(everyone, torch.get_rng_state())


def test_a_run_resumes_to_the_bit(make_model, rows, seeded, tmp_path, method):
    for options in ({}, {"kl": "closed"}) if method is VAE else ({},):
        whole, states = make_model(method, **options), []
        keep = lambda progress, kept=states: kept.append(progress.state())  # noqa: E731
        history = train(whole, rows, CONFIG, seeded(1), on_record=keep)
        for cut_off in states[:2]:
            save_tensors(cut_off, tmp_path / "state.safetensors")
            state = read_tensors(tmp_path / "state.safetensors")
            again, ends = make_model(method, 9, **options), []
            keep = lambda progress, kept=ends: kept.append(progress.state())  # noqa: E731
            resumed = train(again, rows, CONFIG, seeded(7), resume=state, on_record=keep)
            assert torch.equal(resumed.steps, history.steps)
            for found, expected in (
                (again.state_dict(), whole.state_dict()),
                (resumed.terms, history.terms),
                (ends[-1], states[-1]),
            ):
                assert found.keys() == expected.keys()
                assert all(torch.equal(found[name], expected[name]) for name in expected)


@pytest.mark.parametrize(("method", "options"), QUICK.items())
def test_training_lowers_the_reconstructions_error(make_model, rows, seeded, method, options):
    model = make_model(method, **options)
    terms = train(model, rows, TrainConfig(steps=60, batch_size=20), seeded(1)).terms
    term = terms.get("nll", terms.get("reconstruction_loss"))
    assert term[-1] < term[0]


def test_in_bfloat16_a_run_is_near_that_in_float32(make_model, rows, seeded, method):
    first = {}
    for precision in ("float32", "bfloat16"):
        config = TrainConfig(steps=1, batch_size=30, precision=precision)
        history = train(make_model(method).float(), rows.float(), config, seeded(1))
        first[precision] = history.terms
    assert all(values.dtype == torch.float32 for values in first["bfloat16"].values())
    torch.testing.assert_close(dict(first["bfloat16"]), dict(first["float32"]), atol=0.1, rtol=0.02)


class Reshaped(nn.Module):
    """An encoder that gives three dimensions."""

    def forward(self, x: Tensor) -> Tensor:
        return x.new_zeros(len(x), 2, 3)


def test_an_encoder_of_another_shape_is_refused(make_model, rows, method):
    model = make_model(method, encoder=Reshaped())
    with pytest.raises(
        ValueError, match=r"encoder must .*; got \(60, 2, 3\) for observations \(60, 12\)"
    ):
        model.encode(rows)


def test_a_decoder_of_another_shape_is_refused(make_model, rows, seeded, method):
    model = make_model(method, decoder=nn.Linear(3, 11))
    with pytest.raises(ValueError, match=r"decoder .*\(10, 11\).*\(10, 12\)"):
        train(model, rows, CONFIG, seeded(0))


@pytest.mark.parametrize(("game", "width"), JUDGED.items())
def test_a_discriminator_without_one_logit_is_refused(make_model, rows, seeded, game, width):
    model = make_model(game, judge=nn.Linear(width, 2))
    message = rf"discriminator must give \(\d+, 1\); got \(\d+, 2\) for inputs \(\d+, {width}\)"
    with pytest.raises(ValueError, match=message):
        train(model, rows, CONFIG, seeded(0))


@pytest.mark.parametrize(
    ("method", "options", "message"),
    [
        (DIPVAE, {"off_diagonal": -1.0}, "off_diagonal must be .* got -1.0"),
        (DIPVAE, {"diagonal": float("inf")}, "diagonal must be .* got inf"),
        (DIPVAE, {"lr": 0.0}, "lr must be .* got 0.0"),
        (AnnealedVAE, {"capacity": -1.0}, "capacity must be .* got -1.0"),
        (AnnealedVAE, {"gamma": float("nan")}, "gamma must be .* got nan"),
        (AnnealedVAE, {"warm_up": 0}, "warm_up must be at least 1; got 0"),
        (AnnealedVAE, {"lr": -1.0}, "lr must be .* got -1.0"),
        (BetaTCVAE, {"beta": -1.0}, "beta must be .* got -1.0"),
        (BetaTCVAE, {"lr": 0.0}, "lr must be .* got 0.0"),
        (FactorVAE, {"beta": float("nan")}, "beta must be .* got nan"),
        (FactorVAE, {"lr": -1.0}, "lr must be .* got -1.0"),
        (FactorVAE, {"discriminator_lr": 0.0}, "discriminator_lr must be .* got 0.0"),
        (AAE, {"beta": -1.0}, "beta must be .* got -1.0"),
        (AAE, {"discriminator_lr": 0.0}, "discriminator_lr must be .* got 0.0"),
        (InfoGAN, {"lam": float("inf")}, "lam must be .* got inf"),
        (InfoGAN, {"noise": -1}, "noise must be at least 0; got -1"),
        (InfoGAN, {"lr": 0.0}, "lr must be .* got 0.0"),
        (CovarianceAutoencoder, {"lam": 1.0}, r"lam \(λ\) must be in \[0, 1\); got 1.0"),
        (CovarianceAutoencoder, {"lam": float("nan")}, "lam .* got nan"),
        (CovarianceAutoencoder, {"lr": float("inf")}, "lr must be .* got inf"),
    ],
)
def test_a_config_that_cannot_be_is_refused(method, options, message):
    with pytest.raises(ValueError, match=message):
        CONFIGS[method](**options)


def test_beta_tcvae_wants_two_observations():
    with pytest.raises(ValueError, match="observations must be at least 2; got 1"):
        BetaTCVAEConfig(observations=1)
