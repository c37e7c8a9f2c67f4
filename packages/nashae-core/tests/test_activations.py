import pytest
import torch
from torch.nn import functional as F

from nashae_core import SELU, selu


@pytest.mark.parametrize(
    ("dtype", "tolerance"), [(torch.float32, 5 * 2**-23), (torch.float64, 1e-12)]
)
def test_selu_is_pytorchs_within_a_few_units_in_the_last_place_of_one(dtype, tolerance):
    small = torch.logspace(-12, 0, 2000, dtype=dtype)
    x = torch.cat([torch.linspace(-40, 40, 20001, dtype=dtype), small, -small])
    torch.testing.assert_close(selu(x), F.selu(x), atol=tolerance, rtol=tolerance)


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
