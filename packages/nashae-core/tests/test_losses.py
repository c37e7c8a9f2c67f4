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


@pytest.mark.parametrize("runs", [0, 1])
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_the_gradient_of_reconstruction_loss_is_autograds_of_the_composed(seeded, reduction, runs):
    x = torch.randn(3, 4, 5, 2, dtype=torch.float64, generator=seeded(0))
    ours, theirs = (
        torch.randn(x.shape, dtype=torch.float64, generator=seeded(1)).requires_grad_()
        for _ in range(2)
    )
    # Each run with a weight of its own, so that no gradient goes to another run.
    weights = torch.arange(1.0, 4.0, dtype=torch.float64) if runs else torch.tensor(2.0)
    (reconstruction_loss(ours, x, reduction=reduction, runs=runs) * weights).sum().backward()
    squares = 0.5 * (theirs - x).square().flatten(runs + 1)
    each = squares.mean(-1) if reduction == "mean" else squares.sum(-1)
    (each.mean(-1) * weights).sum().backward()
    torch.testing.assert_close(ours.grad, theirs.grad, atol=1e-15, rtol=1e-13)


def test_reconstruction_loss_passes_gradcheck_and_is_differentiable_once(seeded):
    x, other = (torch.randn(4, 3, dtype=torch.float64, generator=seeded(s)) for s in (0, 1))
    other.requires_grad_()
    assert torch.autograd.gradcheck(lambda y: reconstruction_loss(y, x), other)
    loss = reconstruction_loss(other, x).square()
    (first,) = torch.autograd.grad(loss, other, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        first.sum().backward()


def test_reconstruction_loss_has_no_gradient_in_the_observations(seeded):
    x, other = (torch.randn(4, 3, generator=seeded(s)).requires_grad_() for s in (0, 1))
    reconstruction_loss(other, x).backward()
    assert other.grad is not None
    assert x.grad is None


@pytest.mark.parametrize(
    "order",
    [
        lambda x: x.contiguous(memory_format=torch.channels_last),
        lambda x: x.mT.contiguous().mT,
        lambda x: x.transpose(0, 1).contiguous().transpose(0, 1),
    ],
    ids=["channels last", "transposed", "batch second"],
)
def test_reconstruction_loss_does_not_see_the_order_in_memory(seeded, order):
    x, other = (torch.randn(4, 3, 6, 5, dtype=torch.float64, generator=seeded(s)) for s in (0, 1))
    expected = reconstruction_loss(other, x)
    for first, second in ((order(other), x), (other, order(x)), (order(other), order(x))):
        first.requires_grad_()
        loss = reconstruction_loss(first, second)
        torch.testing.assert_close(loss, expected, atol=0, rtol=1e-14)
        (gradient,) = torch.autograd.grad(loss, first)
        torch.testing.assert_close(gradient, (other - x) / x.numel(), atol=1e-16, rtol=1e-14)


def test_reconstruction_loss_adds_up_in_float32_whatever_autocast_says(seeded):
    # A million elements: added up in sequence, or in bfloat16, they would miss this bound.
    x, other = (torch.randn(100, 12000, generator=seeded(s)) for s in (0, 1))
    expected = 0.5 * (other - x).double().square().mean().item()
    for enabled in (False, True):
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=enabled):
            loss = reconstruction_loss(other, x)
        assert loss.dtype == torch.float32
        assert loss.item() == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("runs", [0, 1])
def test_reconstruction_loss_of_a_whole_batch_stays_within_16_bits(seeded, dtype, runs):
    # The squares of this batch add up to 2·10⁵ and more, the largest float16 is 65504.
    x, other = (torch.randn(2, 50, 1000, generator=seeded(s)).to(dtype) for s in (0, 1))
    other.requires_grad_()
    for reduction, size in (("mean", 1), ("sum", 1000 if runs else 50_000)):
        loss = reconstruction_loss(other, x, reduction=reduction, runs=runs)
        squares = (other.double() - x.double()).square().flatten(runs).mean(-1) / 2 * size
        eps = torch.finfo(dtype).eps
        torch.testing.assert_close(loss.double(), squares, atol=0, rtol=2 * eps)
        (ours,) = torch.autograd.grad(loss.sum(), other)
        (exact,) = torch.autograd.grad(squares.sum(), other)
        torch.testing.assert_close(ours, exact, atol=eps * exact.abs().max().item(), rtol=4 * eps)


def test_predictor_loss_is_the_mean_over_i_of_the_loss_of_each_predictor(seeded):
    codes, predictions = (
        torch.rand(30, 5, dtype=torch.float64, generator=seeded(s)) for s in (0, 1)
    )
    each = [predictor_loss(predictions[:, [i]], codes[:, [i]]) for i in range(5)]
    expected = torch.stack(each).mean()
    torch.testing.assert_close(predictor_loss(predictions, codes), expected, atol=1e-15, rtol=0)


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
