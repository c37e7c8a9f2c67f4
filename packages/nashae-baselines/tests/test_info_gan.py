import math

import pytest
import torch
from torch import Tensor, nn
from torch.distributions import Normal

from nashae_baselines import InfoGAN, InfoGANConfig
from nashae_core import MLP, TrainConfig, encode, train


class Noted(nn.Module):
    """A generator that keeps what it is given."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.layer, self.seen = nn.Linear(inputs, 12), list[Tensor]()

    def forward(self, inputs: Tensor) -> Tensor:
        self.seen.append(inputs)
        return self.layer(inputs)


def test_codes_and_noise_are_uniform_between_minus_1_and_1(make_model, rows, seeded):
    generator = Noted(5)
    model = make_model(InfoGAN, decoder=generator, noise=2)
    list(model.turns([rows.repeat(100, 1)], 0, seeded(1)))
    (inputs,) = generator.seen  # one generation serves both turns
    assert inputs.shape == (6000, 5)
    assert -1 <= inputs.min() < -0.99
    assert 0.99 < inputs.max() <= 1
    # Standard errors of a mean, and of the mean square, of uniform numbers.
    assert (inputs.mean(0).abs() < 4 * math.sqrt(1 / 3 / 6000)).all()
    assert ((inputs.square().mean(0) - 1 / 3).abs() < 4 * math.sqrt(4 / 45 / 6000)).all()


def test_the_turns_are_those_written_out(make_model, rows, seeded):
    """Observations are real; the generator deceives; Q reads the codes, but not the noise."""
    model = make_model(InfoGAN, lam=0.5, noise=1)
    turns = list(model.turns([rows], 0, seeded(1)))
    inputs = 2 * torch.rand(60, 4, generator=seeded(1), dtype=torch.float64) - 1
    x = model.decoder(inputs)
    real, made = (torch.sigmoid(model.discriminator(rows)) for rows in (rows, x))
    mean, log_variance = model.encoder(x).chunk(2, 1)
    q = Normal(mean, (log_variance / 2).exp()).log_prob(inputs[:, :3]).sum(1).mean()
    bound = 3 * math.log(2) + q
    first = -0.5 * (real.log().mean() + (1 - made).log().mean())
    second = -made.log().mean() - 0.5 * bound
    torch.testing.assert_close([turn.loss for turn in turns], [first, second])
    torch.testing.assert_close(turns[1].terms["mutual_information"], bound.detach())
    assert [turn.player for turn in turns] == ["discriminator", "generator"]


def test_the_bound_is_below_the_information_of_a_known_channel(make_model, seeded):
    """x = c + noise that is uniform on [−½, ½]; of Q's variances the noise's own is the best."""
    codes, noise = (
        2 * torch.rand(20_000, 1, generator=seeded(s), dtype=torch.float64) - 1 for s in (0, 1)
    )
    # The entropy of a trapezium from −1.5 to 1.5 with slopes of length 1, less H(x|c) = log 1.
    information = math.log(2) + 0.25
    model = make_model(InfoGAN, encoder=nn.Linear(1, 2))
    bounds = []
    for log_variance in (-4.0, math.log(1 / 12), 0.0):
        model.encoder.weight.data = torch.tensor([[1.0], [0.0]], dtype=torch.float64)
        model.encoder.bias.data = torch.tensor([0.0, log_variance], dtype=torch.float64)
        bounds.append(model.mutual_information(codes, codes + noise / 2).item())
    assert max(bounds) == bounds[1] < information
    assert bounds[1] > 0.5


def test_decode_has_the_noise_at_its_mean(make_model, rows):
    model = make_model(InfoGAN, noise=2)
    codes = encode(model, rows)
    inputs = torch.cat([codes, torch.zeros(60, 2, dtype=torch.float64)], 1)
    assert torch.equal(model.decode(codes), model.decoder(inputs))


def test_training_raises_the_mutual_information(make_model, rows, seeded):
    model = make_model(InfoGAN)
    history = train(model, rows, TrainConfig(steps=300, batch_size=30), seeded(1))
    assert history.terms.keys() == {"generator_loss", "discriminator_loss", "mutual_information"}
    information = history.terms["mutual_information"]
    assert information[-3:].mean() > information[0] + 1
    assert information[-1] > 0


def test_observations_may_have_any_shape(seeded):
    torch.manual_seed(0)
    encoder = nn.Sequential(nn.Flatten(), nn.Linear(30, 4))
    decoder = nn.Sequential(nn.Linear(3, 30), nn.Tanh(), nn.Unflatten(1, (2, 3, 5)))
    judge = nn.Sequential(nn.Flatten(), nn.Linear(30, 1))
    model = InfoGAN(encoder, decoder, judge, 2, InfoGANConfig(noise=1))
    observations = torch.rand(20, 2, 3, 5, generator=seeded(0))
    train(model, observations, TrainConfig(steps=3, batch_size=20), seeded(1))
    assert encode(model, observations).shape == (20, 2)


def test_an_encoder_for_another_number_of_latents_is_refused(make_model, rows, seeded):
    model = make_model(InfoGAN, encoder=MLP((12, 4), generator=seeded(0)))
    with pytest.raises(ValueError, match=r"encoder must give 3 means, .*; got 2"):
        train(model, rows, TrainConfig(steps=1), seeded(0))


def test_no_latent_is_refused():
    with pytest.raises(ValueError, match="latents must be at least 1; got 0"):
        InfoGAN(nn.Linear(1, 1), nn.Linear(1, 1), nn.Linear(1, 1), 0)
