import dataclasses
import math
from collections.abc import Iterator, Sequence

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from nashae_core import (
    NashAE,
    NashAEConfig,
    Predictors,
    Trainable,
    TrainConfig,
    Turn,
    covariance_loss,
    reconstruction_loss,
    train,
)


class Seen:
    """Observations that note which batches they were asked for."""

    def __init__(self, rows: Tensor) -> None:
        self.rows, self.batches = rows, list[Tensor]()

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: Tensor) -> Tensor:
        if len(index) > 1:  # rows are looked at before training, one at a time
            self.batches.append(self.rows[index])
        return self.rows[index]


def plain_linear(weight: Tensor, bias: Tensor) -> nn.Linear:
    layer = nn.Linear(weight.shape[1], weight.shape[0], dtype=weight.dtype)
    layer.weight.data, layer.bias.data = weight.detach().clone(), bias.detach().clone()
    return layer


class Plain:
    """NashAE as its authors wrote it: m predictors in a loop, two encodings, default Adam."""

    def __init__(self, game: NashAE) -> None:
        self.config, self.m = game.config, game.predictors.latents
        self.encoder, self.decoder = (
            nn.Sequential(
                plain_linear(network.weights[0], network.biases[0]),
                nn.SELU(),
                plain_linear(network.weights[1], network.biases[1]),
            )
            for network in (game.encoder, game.decoder)
        )
        p = game.predictors
        self.predictors = nn.ModuleList(
            nn.Sequential(
                plain_linear(p.weight1[i].mT, p.bias1[i, 0]),
                nn.SELU(),
                plain_linear(p.weight2[i].mT, p.bias2[i, 0]),
                nn.SELU(),
                plain_linear(p.weight3[i].mT, p.bias3[i, 0]),
            )
            for i in range(self.m)
        )
        autoencoder = [*self.encoder.parameters(), *self.decoder.parameters()]
        self.autoencoder_adam = torch.optim.Adam(autoencoder, lr=1e-3)
        self.predictor_adam = torch.optim.Adam(self.predictors.parameters(), lr=1e-2)

    def predict(self, codes: Tensor) -> Tensor:
        columns = []
        for i, predictor in enumerate(self.predictors):
            masked = codes.clone()
            masked[:, i] = 0
            columns.append(predictor(masked))
        return torch.cat(columns, 1)

    def step(self, x: Tensor) -> dict[str, float]:
        codes = torch.sigmoid(self.encoder(x)).detach()
        for _ in range(5):
            predictor_loss = 0.5 * F.mse_loss(self.predict(codes), codes)
            self.predictor_adam.zero_grad()
            predictor_loss.backward()
            self.predictor_adam.step()
        codes = torch.sigmoid(self.encoder(x))
        predictions = self.predict(codes)
        truth = codes if self.config.covariance == "through-both" else codes.detach()
        covariance = sum(
            (predictions[:, i] * truth[:, i]).mean() - predictions[:, i].mean() * truth[:, i].mean()
            for i in range(self.m)
        )
        error = (self.decoder(codes) - x).square()
        if self.config.reconstruction == "sum":
            reconstruction = 0.5 * error.sum(1).mean()
        else:
            reconstruction = 0.5 * error.mean()
        lam = self.config.lam
        self.autoencoder_adam.zero_grad()
        ((1 - lam) * reconstruction + lam * covariance).backward()
        self.autoencoder_adam.step()
        return {
            "predictor_loss": predictor_loss.item(),
            "reconstruction_loss": reconstruction.item(),
            "covariance_loss": covariance.item(),
        }

    def weights(self) -> dict[str, Tensor]:
        result = {}
        for part in ("encoder", "decoder"):
            for i, layer in enumerate(getattr(self, part)[::2]):
                result[f"{part}.weights.{i}"] = layer.weight
                result[f"{part}.biases.{i}"] = layer.bias
        for layer in (1, 2, 3):
            linear = [net[2 * layer - 2] for net in self.predictors]
            result[f"predictors.weight{layer}"] = torch.stack([one.weight.mT for one in linear])
            result[f"predictors.bias{layer}"] = torch.stack([one.bias[None] for one in linear])
        return result


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"lam": 0.0},
        {"reconstruction": "sum"},
        {"covariance": "through-both", "lam": 0.6},
    ],
    ids=lambda options: "-".join(map(str, options.values())) or "default",
)
@pytest.mark.parametrize("latents", [2, 5])
def test_50_steps_are_the_plain_loops_in_losses_and_all_weights(make_game, rows, latents, options):
    game = make_game(latents=latents, **options)
    plain, seen = Plain(game), Seen(rows)
    generator = torch.Generator().manual_seed(1)
    config = TrainConfig(steps=50, batch_size=20, record_every=1)
    history = train(game, seen, config, generator)
    for step, x in enumerate(seen.batches):
        for name, expected in plain.step(x).items():
            assert abs(history.terms[name][step].item() - expected) < 1e-10, name
    assert len(seen.batches) == 50
    expected_weights = plain.weights()
    assert expected_weights.keys() == dict(game.named_parameters()).keys()
    for name, parameter in game.named_parameters():
        torch.testing.assert_close(parameter, expected_weights[name], atol=1e-10, rtol=0, msg=name)


class Watched(Trainable):
    """Notes which parameters each player's turns moved."""

    def __init__(self, game: NashAE) -> None:
        super().__init__()
        self.game, self.moved = game, dict[str, set[str]]()

    def optimizers(self):
        return self.game.optimizers()

    def turns(self, batches: Sequence[Tensor], step: int, generator) -> Iterator[Turn]:
        for turn in self.game.turns(batches, step, generator):
            before = {name: p.detach().clone() for name, p in self.game.named_parameters()}
            yield turn
            self.moved.setdefault(turn.player, set()).update(
                name for name, p in self.game.named_parameters() if not torch.equal(p, before[name])
            )


@pytest.mark.parametrize(
    ("player", "parts"),
    [("predictors", ("predictors.",)), ("autoencoder", ("encoder.", "decoder."))],
)
def test_a_turn_moves_all_of_its_players_parameters_and_no_others(make_game, rows, player, parts):
    watched = Watched(make_game())
    train(watched, rows, TrainConfig(steps=3, batch_size=20), torch.Generator())
    expected = {name for name, _ in watched.game.named_parameters() if name.startswith(parts)}
    assert watched.moved[player] == expected


def answer(game: NashAE, x: Tensor) -> dict[str, Tensor]:
    """The gradient of the autoencoder's turn, by parameter."""
    *_, turn = game.turns([x], 0, torch.Generator())
    game.zero_grad()
    turn.loss.backward()
    return {name: p.grad for name, p in game.named_parameters() if p.grad is not None}


def test_at_lambda_0_the_gradient_is_plain_reconstructions(make_game, rows):
    game = make_game(lam=0.0)
    gradients = answer(game, rows)
    game.zero_grad()
    reconstruction_loss(game.decode(game.encode(rows)), rows).backward()
    for name, parameter in game.named_parameters():
        if name.startswith("predictors."):
            assert name not in gradients
        else:
            torch.testing.assert_close(gradients[name], parameter.grad, atol=1e-15, rtol=0)


@pytest.mark.parametrize("lam", [0.2, 0.9])
def test_lambda_only_scales_the_decoders_gradient(make_game, rows, lam):
    plain, game = answer(make_game(lam=0.0), rows), answer(make_game(lam=lam), rows)
    for name in plain:
        scaled = torch.allclose(game[name], (1 - lam) * plain[name], atol=1e-15, rtol=1e-12)
        assert scaled == name.startswith("decoder."), name


def test_the_covariance_reaches_the_encoder_alone(make_game, rows):
    game = make_game()
    codes, _, predictions = game(rows)
    covariance_loss(predictions, codes.detach()).backward()
    for name, parameter in game.named_parameters():
        if name.startswith("encoder."):
            assert parameter.grad.abs().max() > 0, name
        else:
            assert parameter.grad is None, name


def test_through_both_adds_the_gradient_of_the_codes_themselves(make_game, rows):
    through_both = answer(make_game(covariance="through-both"), rows)
    through_predictions = answer(make_game(), rows)
    game = make_game()
    codes, _, predictions = game(rows)
    (0.2 * covariance_loss(predictions.detach(), codes)).backward()
    for name, parameter in game.encoder.named_parameters(prefix="encoder"):
        assert parameter.grad.abs().max() > 0
        expected = through_predictions[name] + parameter.grad
        torch.testing.assert_close(through_both[name], expected, atol=1e-14, rtol=0)


def test_noise_is_on_the_codes_that_the_decoder_is_given_alone(make_game, rows):
    game, generator = make_game(code_noise=0.3), torch.Generator().manual_seed(1)
    *_, turn = game.turns([rows], 0, generator)
    codes, _, predictions = game(rows)
    noise = torch.randn(codes.shape, generator=torch.Generator().manual_seed(1), dtype=codes.dtype)
    error = reconstruction_loss(game.decode(codes + 0.3 * noise), rows)
    torch.testing.assert_close(turn.terms["reconstruction_loss"], error.detach())
    covariance = covariance_loss(predictions, codes).detach()
    torch.testing.assert_close(turn.terms["covariance_loss"], covariance)


def test_without_noise_nothing_is_drawn(make_game, rows):
    generator = torch.Generator().manual_seed(1)
    before = generator.get_state()
    list(make_game().turns([rows], 0, generator))
    assert torch.equal(generator.get_state(), before)


def test_the_logits_weight_adds_half_their_square(make_game, rows):
    weighed, plain = answer(make_game(logit_weight=0.2), rows), answer(make_game(), rows)
    game = make_game()
    (0.2 * game.encoder(rows).square().sum(1).mean() / 2).backward()
    for name, gradient in plain.items():
        own = game.get_parameter(name).grad
        expected = gradient if own is None else gradient + own
        torch.testing.assert_close(weighed[name], expected, atol=1e-14, rtol=1e-12)


def test_forward_returns_all_that_it_made(make_game, rows):
    game = make_game()
    output = game(rows)
    assert output.codes.shape == output.predictions.shape == (60, 4)
    assert output.reconstruction.shape == rows.shape
    assert ((output.codes > 0) & (output.codes < 1)).all()
    assert torch.equal(output.codes, game.encode(rows))
    assert torch.equal(output.reconstruction, game.decode(output.codes))


class Images(nn.Module):
    """An encoder of one's own, with a layer that is neither linear nor SELU."""

    def __init__(self) -> None:
        super().__init__()
        self.normalise = nn.BatchNorm2d(2)
        self.head = nn.LazyLinear(3)
        self.head(torch.zeros(1, 2 * 5 * 5))

    def forward(self, x: Tensor) -> Tensor:
        return self.head(torch.tanh(self.normalise(x)).flatten(1))


def test_ones_own_encoder_and_decoder_of_images_train(seeded):
    torch.manual_seed(0)
    decoder = nn.Sequential(nn.Linear(3, 50), nn.Unflatten(1, (2, 5, 5)))
    config = NashAEConfig(autoencoder_lr=1e-2)
    game = NashAE(Images(), decoder, Predictors(3, generator=seeded(0)), config)
    images = torch.rand(40, 2, 5, 5, generator=seeded(1))
    history = train(game, images, TrainConfig(steps=60, batch_size=20), seeded(2))
    assert game(images).reconstruction.shape == images.shape
    assert history.terms["reconstruction_loss"][-1] < 0.5 * history.terms["reconstruction_loss"][0]


def test_in_bfloat16_the_covariance_is_still_that_of_the_codes(make_game, rows):
    # Codes rounded to 8 bits would shift it by more than it is large.
    game = make_game().float()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        *_, turn = game.turns([rows.float()], 0, torch.Generator())
        codes = game.encode(rows.float())
    assert codes.dtype == torch.float32
    centred = (codes - codes.mean(0)).double()
    expected = (game.predictors(codes).double() * centred).mean(0).sum()
    assert turn.terms["covariance_loss"].item() == pytest.approx(expected.item(), abs=1e-6)


@pytest.mark.parametrize("lam", [-0.1, 1.0, 1.5, math.nan, math.inf])
def test_lambda_outside_0_to_1_is_refused(lam):
    with pytest.raises(ValueError, match=rf"lam must be in \[0, 1\); got {lam}"):
        NashAEConfig(lam=lam)


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("predictor_updates", 0, "predictor_updates must be at least 1; got 0"),
        ("code_noise", -0.1, "code_noise must be at least 0; got -0.1"),
        ("logit_weight", float("nan"), "logit_weight must be at least 0; got nan"),
        ("autoencoder_lr", 0.0, "autoencoder_lr must be above 0; got 0.0"),
        ("predictor_lr", math.nan, "predictor_lr must be above 0; got nan"),
    ],
)
def test_a_game_that_cannot_be_played_is_refused(option, value, message):
    with pytest.raises(ValueError, match=message):
        NashAEConfig(**{option: value})


def test_a_config_is_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        NashAEConfig().lam = 0.5


def test_an_encoder_of_another_width_than_the_predictors_is_refused(seeded):
    game = NashAE(nn.Linear(12, 3), nn.Linear(4, 12), Predictors(4, generator=seeded(0)))
    with pytest.raises(ValueError, match=r"encoder must give \(batch, 4\).* got \(5, 3\)"):
        game(torch.zeros(5, 12))


def test_a_decoder_that_does_not_give_the_observations_shape_is_refused(seeded):
    game = NashAE(nn.Linear(12, 4), nn.Linear(4, 11), Predictors(4, generator=seeded(0)))
    config = TrainConfig(steps=1, batch_size=5)
    with pytest.raises(ValueError, match=r"decoder .* got \(5, 11\) for observations \(5, 12\)"):
        train(game, torch.rand(60, 12, generator=seeded(1)), config, seeded(0))
