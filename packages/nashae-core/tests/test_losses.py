import numpy as np
import pytest
import torch

from nashae_core import covariance_loss, predictor_loss, reconstruction_loss, weighted_loss


def test_reconstruction_loss_by_hand():
    x = torch.tensor([[0.0, 1.0], [2.0, 3.0]])
    # Squared errors 1, 0 and 4, 1.
    reconstruction = torch.tensor([[1.0, 1.0], [0.0, 4.0]])
    assert reconstruction_loss(reconstruction, x).item() == 0.5 * 6 / 4
    assert reconstruction_loss(reconstruction, x, reduction="sum").item() == 0.5 * 6 / 2


def test_the_sum_is_the_mean_times_the_elements_of_an_observation(seeded):
    x = torch.randn(5, 3, 8, 8, dtype=torch.float64, generator=seeded(0))
    mean = reconstruction_loss(x.flip(0), x)
    total = reconstruction_loss(x.flip(0), x, reduction="sum")
    torch.testing.assert_close(total, mean * 3 * 8 * 8, atol=0, rtol=1e-14)


def test_predictor_loss_by_hand():
    codes = torch.tensor([[0.0, 1.0], [0.5, 0.5]])
    predictions = torch.tensor([[0.5, 1.0], [0.5, 1.5]])
    assert predictor_loss(predictions, codes).item() == 0.5 * (0.25 + 1) / 4


def test_covariance_loss_by_hand():
    # Latent 1: z = 0, 1 and z′ = 0, 2: E[z′z] − E[z′]E[z] = 1 − 1·½. Latent 2: z′ is constant.
    codes = torch.tensor([[0.0, 0.3], [1.0, 0.9]])
    predictions = torch.tensor([[0.0, 0.7], [2.0, 0.7]])
    assert covariance_loss(predictions, codes).item() == pytest.approx(0.5, abs=1e-7)


def test_covariance_loss_is_the_sum_of_numpys_biased_covariances(seeded):
    codes = torch.rand(30, 5, dtype=torch.float64, generator=seeded(0))
    predictions = torch.rand(30, 5, dtype=torch.float64, generator=seeded(1))
    columns = zip(predictions.T.numpy(), codes.T.numpy(), strict=True)
    expected = sum(np.cov(p, z, bias=True)[0, 1] for p, z in columns)
    assert covariance_loss(predictions, codes).item() == pytest.approx(expected, abs=1e-14)


def test_the_gradient_of_covariance_loss_is_the_other_argument_centred(seeded):
    codes = torch.rand(30, 5, dtype=torch.float64, generator=seeded(0), requires_grad=True)
    predictions = torch.rand(30, 5, dtype=torch.float64, generator=seeded(1), requires_grad=True)
    covariance_loss(predictions, codes).backward()
    # d/dz′ of E[z′z] − E[z′]E[z] is (z − E[z])/n, and the other way about.
    for argument, other in ((predictions, codes), (codes, predictions)):
        expected = (other - other.mean(0)).detach() / 30
        torch.testing.assert_close(argument.grad, expected, atol=1e-15, rtol=0)


def test_covariance_loss_does_not_see_a_shift_of_either_argument(seeded):
    codes = torch.rand(30, 5, dtype=torch.float64, generator=seeded(0))
    predictions = torch.rand(30, 5, dtype=torch.float64, generator=seeded(1))
    shifted = covariance_loss(predictions + 3, codes - 7)
    torch.testing.assert_close(shifted, covariance_loss(predictions, codes), atol=1e-12, rtol=0)


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_the_losses_of_stacked_runs_are_each_runs(seeded, reduction):
    a = torch.rand(3, 10, 4, dtype=torch.float64, generator=seeded(0))
    b = torch.rand(3, 10, 4, dtype=torch.float64, generator=seeded(1))
    stacked = (
        predictor_loss(a, b),
        covariance_loss(a, b),
        reconstruction_loss(a, b, reduction=reduction, runs=1),
    )
    alone = (
        [predictor_loss(a[run], b[run]) for run in range(3)],
        [covariance_loss(a[run], b[run]) for run in range(3)],
        [reconstruction_loss(a[run], b[run], reduction=reduction) for run in range(3)],
    )
    for all_at_once, one_by_one in zip(stacked, alone, strict=True):
        torch.testing.assert_close(all_at_once, torch.stack(one_by_one), atol=1e-14, rtol=0)


def test_weighted_loss_is_the_reconstruction_at_lambda_0_and_a_blend_above():
    reconstruction, covariance = torch.tensor(3.0), torch.tensor(-1.0)
    assert weighted_loss(reconstruction, covariance, 0.0).item() == 3
    assert weighted_loss(reconstruction, covariance, 0.25).item() == 0.75 * 3 - 0.25
