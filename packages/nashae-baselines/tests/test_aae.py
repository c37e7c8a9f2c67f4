import math

import pytest
import torch
from torch import Tensor, nn

from nashae_baselines import AAE, discriminator_loss, gaussian_nll, generator_loss
from nashae_core import TrainConfig, train


class Undecided(nn.Module):
    """A discriminator that gives logits of 0."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(()))

    def forward(self, z: Tensor) -> Tensor:
        return self.weight * z[:, :1]


def test_of_a_discriminator_that_cannot_tell_both_losses_are_log_2():
    zeros = torch.zeros(5, dtype=torch.float64)
    assert generator_loss(zeros).item() == pytest.approx(math.log(2), rel=1e-15)
    assert discriminator_loss(zeros, zeros).item() == pytest.approx(math.log(2), rel=1e-15)


def test_the_turns_are_those_written_out(make_model, rows, seeded):
    """The prior is real, the codes are made, and the codes are samples of the posterior."""
    model = make_model(AAE, beta=3.0)
    turns = list(model.turns([rows], 0, seeded(1)))
    draw = seeded(1)
    mean, log_variance = model.encoder(rows).chunk(2, 1)
    noise, prior = (torch.randn(60, 3, generator=draw, dtype=torch.float64) for _ in range(2))
    z = mean + noise * (log_variance / 2).exp()
    real, made = (torch.sigmoid(model.discriminator(codes)) for codes in (prior, z))
    first = gaussian_nll(model.decoder(z), rows) - 3.0 * made.log().mean()
    second = -0.5 * (real.log().mean() + (1 - made).log().mean())
    torch.testing.assert_close([turn.loss for turn in turns], [first, second])
    assert [turn.player for turn in turns] == ["vae", "discriminator"]


def test_of_an_undecided_discriminator_the_loss_is_the_likelihoods_and_log_2(
    make_model, rows, seeded
):
    model = make_model(AAE, judge=Undecided(), beta=2.0)
    turn = next(model.turns([rows], 0, seeded(1)))
    assert turn.loss.item() == pytest.approx(turn.terms["nll"].item() + 2 * math.log(2))


class Central(nn.Module):
    """A discriminator that takes codes for the prior's where they are near 0."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(()))

    def forward(self, z: Tensor) -> Tensor:
        return -self.weight * z.square().sum(1, keepdim=True)


def test_the_codes_go_where_the_discriminator_takes_them_for_the_priors(make_model, rows, seeded):
    distances = []
    for beta in (0.0, 10.0):
        model = make_model(AAE, judge=Central(), beta=beta, lr=1e-2, discriminator_lr=1e-9)
        train(model, rows, TrainConfig(steps=60, batch_size=30), seeded(1))
        distances.append(model.encode(rows).square().sum(1).mean().item())
    assert distances[1] < 0.2 * distances[0]
