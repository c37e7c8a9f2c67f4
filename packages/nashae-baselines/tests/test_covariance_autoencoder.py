import itertools

import pytest
import torch

from nashae_baselines import CovarianceAutoencoder, covariance_penalty
from nashae_core import MLP, NashAE, NashAEConfig, Predictors, TrainConfig, train


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_the_penalty_by_hand(sign):
    # Cov(z₀, z₁) = ±¼, and each pair counts twice; the variances do not count.
    codes = torch.tensor([[0.0, 0.0], [1.0, sign]])
    assert covariance_penalty(codes).item() == 0.5


def test_the_penalty_of_a_full_grid_is_zero():
    grid = torch.tensor([*itertools.product([0.0, 0.5, 1.0, 0.5], repeat=3)])
    assert covariance_penalty(grid).item() == 0.0


def test_the_penalty_is_that_of_the_pairs_one_by_one(seeded):
    codes = torch.rand(9, 4, generator=seeded(0), dtype=torch.float64)
    expected = sum(
        torch.cov(codes[:, [i, j]].T, correction=0)[0, 1].abs()
        for i, j in itertools.permutations(range(4), 2)
    )
    torch.testing.assert_close(covariance_penalty(codes), expected)


def test_codes_are_between_0_and_1_as_nashaes(make_model, rows):
    model = make_model(CovarianceAutoencoder)
    codes = model.encode(100 * rows)
    assert torch.equal(codes, torch.sigmoid(model.encoder(100 * rows)))


def test_without_weight_it_is_the_plain_autoencoder_that_nashae_is_then(make_model, rows, seeded):
    ours, theirs = (make_model(CovarianceAutoencoder, lam=0.0) for _ in range(2))
    predictors = Predictors(3, generator=seeded(5)).double()
    nashae = NashAE(theirs.encoder, theirs.decoder, predictors, NashAEConfig(lam=0.0))
    config = TrainConfig(steps=20, batch_size=20)
    history, other = (train(model, rows, config, seeded(1)) for model in (ours, nashae))
    assert history.terms.keys() == {"reconstruction_loss", "covariance_loss"}
    torch.testing.assert_close(
        history.terms["reconstruction_loss"], other.terms["reconstruction_loss"]
    )
    for name, weight in ours.state_dict().items():
        torch.testing.assert_close(nashae.state_dict()[name], weight, atol=1e-10, rtol=0)


def test_the_loss_weighs_the_two_by_lambda(make_model, rows, seeded):
    (turn,) = make_model(CovarianceAutoencoder, lam=0.3).turns([rows], 0, seeded(0))
    reconstruction, covariance = turn.terms["reconstruction_loss"], turn.terms["covariance_loss"]
    torch.testing.assert_close(turn.loss.detach(), 0.7 * reconstruction + 0.3 * covariance)


def test_a_larger_weight_leaves_smaller_covariances(make_model, rows, seeded):
    covariances = []
    for lam in (0.0, 0.5):
        model = make_model(CovarianceAutoencoder, lam=lam)
        train(model, rows, TrainConfig(steps=300, batch_size=30), seeded(1))
        covariances.append(covariance_penalty(model.encode(rows)).item())
    assert covariances[1] < 0.2 * covariances[0]


def test_an_encoder_that_mixes_up_the_batch_is_refused(make_model, rows, seeded):
    encoder = MLP((12, 3), generator=seeded(0))
    model = make_model(CovarianceAutoencoder, encoder=encoder)
    encoder.register_forward_hook(lambda *call: call[-1].view(30, 6))
    with pytest.raises(ValueError, match=r"encoder must give \(batch, m\); got \(30, 6\)"):
        model.encode(rows)
