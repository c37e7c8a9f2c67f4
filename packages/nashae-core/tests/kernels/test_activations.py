import pytest
import torch
from torch.nn import functional as F

from nashae_core import SELU, selu
from nashae_core.kernels.activations import ACTIVATIONS, selu_, selu_backward_


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_selus_error_is_below_5_units_in_the_last_place_of_1_or_the_output(dtype):
    small = torch.logspace(-12, 0, 2000, dtype=dtype)
    x = torch.cat([torch.linspace(-40, 40, 200001, dtype=dtype), small, -small])
    expected = F.selu(x.double())
    units = (selu(x) - expected).abs() / expected.abs().clamp(min=1) / torch.finfo(dtype).eps
    assert units.max().item() < 5


def test_selu_in_bfloat16_is_pytorchs_within_the_spacing_of_bfloat16():
    x = torch.linspace(-8, 8, 4001).bfloat16()
    # Both round to 8 bits, ours more often.
    torch.testing.assert_close(selu(x).float(), F.selu(x.float()), atol=0.02, rtol=0.01)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_selu_keeps_pytorchs_limits_and_hands_nan_on(dtype):
    big = torch.finfo(dtype).max / 2
    x = torch.tensor([-torch.inf, -big, -0.0, 0.0, big, torch.inf, torch.nan], dtype=dtype)
    torch.testing.assert_close(selu(x), F.selu(x), equal_nan=True)


def test_the_gradient_of_selu_is_autograds_of_pytorchs_and_passes_gradcheck(seeded):
    x = 3 * torch.randn(500, dtype=torch.float64, generator=seeded(0))
    x.requires_grad_()
    cotangent = torch.randn(500, dtype=torch.float64, generator=seeded(1))
    (ours,) = torch.autograd.grad(selu(x), x, cotangent)
    (theirs,) = torch.autograd.grad(F.selu(x), x, cotangent)
    torch.testing.assert_close(ours, theirs, atol=1e-14, rtol=1e-13)
    assert torch.autograd.gradcheck(selu, x[:40].detach().requires_grad_())


def test_selu_leaves_its_input_alone_and_the_layer_is_the_function(seeded):
    x = torch.randn(7, 3, generator=seeded(0))
    kept = x.clone()
    assert torch.equal(SELU()(x), selu(x))
    assert torch.equal(x, kept)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_selu_in_place_is_selu_with_scratch_or_without(seeded, dtype):
    x = (3 * torch.randn(7, 30, generator=seeded(0))).to(dtype)
    alone, with_scratch = x.clone(), x.clone()
    assert selu_(alone) is alone
    # What scratch holds does not matter.
    assert selu_(with_scratch, torch.full_like(x, torch.nan)) is with_scratch
    assert torch.equal(alone, selu(x))
    assert torch.equal(with_scratch, selu(x))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_selu_in_place_keeps_pytorchs_limits_and_hands_nan_on(dtype):
    big = torch.finfo(dtype).max / 2
    x = torch.tensor([-torch.inf, -big, -1e4, 0.0, 1e4, big, torch.inf, torch.nan], dtype=dtype)
    for scratch in (None, torch.empty_like(x)):
        torch.testing.assert_close(selu_(x.clone(), scratch), F.selu(x), equal_nan=True)


def test_selu_is_differentiable_once(seeded):
    x = torch.randn(5, generator=seeded(0)).requires_grad_()
    (first,) = torch.autograd.grad(selu(x).square().sum(), x, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        first.sum().backward()


def test_selus_gradient_of_a_sum_is_selus_gradient_of_ones(seeded):
    # The gradient of a sum is one number that stands for all: it must not be written into.
    x = torch.randn(7, 3, dtype=torch.float64, generator=seeded(0)).requires_grad_()
    (of_sum,) = torch.autograd.grad(selu(x).sum(), x)
    (theirs,) = torch.autograd.grad(F.selu(x), x, torch.ones(7, 3, dtype=torch.float64))
    torch.testing.assert_close(of_sum, theirs, atol=1e-14, rtol=1e-13)


THEIRS = {"selu": F.selu, "relu": F.relu, "tanh": torch.tanh}


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_every_activation_and_its_gradient_are_autograds_of_pytorchs(seeded, name):
    activation = ACTIVATIONS[name]
    x = 2 * torch.randn(40, 9, dtype=torch.float64, generator=seeded(0))
    x[0] = 0
    cotangent = torch.randn(40, 9, dtype=torch.float64, generator=seeded(1))
    leaf = x.clone().requires_grad_()
    theirs = THEIRS[name](leaf)
    (at_x,) = torch.autograd.grad(theirs, leaf, cotangent)
    torch.testing.assert_close(activation.plain(x), theirs, atol=1e-14, rtol=1e-13)
    output, gradient = x.clone(), cotangent.clone()
    assert activation.apply_(output) is output
    torch.testing.assert_close(output, theirs, atol=1e-14, rtol=1e-13)
    kept = output.clone()
    assert activation.backward_(gradient, output) is gradient
    torch.testing.assert_close(gradient, at_x, atol=1e-14, rtol=1e-13)
    assert torch.equal(output, kept)


def test_the_backward_pass_of_selu_may_be_strided(seeded):
    gradient = torch.randn(9, 40, generator=seeded(0)).mT
    output = selu(torch.randn(40, 9, generator=seeded(1)))
    expected = selu_backward_(gradient.contiguous(), output)
    assert torch.equal(selu_backward_(gradient, output), expected)


@pytest.mark.parametrize("flush", [False, True])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_gradient_of_selu_is_pytorchs_at_an_input_within_a_rounding_of_1(dtype, flush):
    """The slope jumps at 0, where rounding to 0 decides which of the two sides it is."""
    eps, tiny = torch.finfo(dtype).eps, torch.finfo(dtype).tiny
    small = torch.cat([torch.logspace(-12, 0, 500, dtype=dtype), torch.tensor([tiny, tiny / 8])])
    x = torch.cat([small, -small, torch.tensor([0.0, -0.0, 1e30, -1e30])]).to(dtype)
    torch.set_flush_denormal(flush)
    try:
        leaf = x.clone().requires_grad_()
        (ours,) = torch.autograd.grad(selu(leaf).sum(), leaf)
        nearby = []
        for shift in (-2 * eps, 0.0, 2 * eps):
            leaf = (x + shift).requires_grad_()
            nearby += torch.autograd.grad(F.selu(leaf).sum(), leaf)
    finally:
        torch.set_flush_denormal(False)
    nearest = (torch.stack(nearby) - ours).abs().min(0).values
    assert nearest.max() <= 4 * eps
