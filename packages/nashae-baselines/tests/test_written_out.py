"""The losses and what the discriminators are asked, against PyTorch's distributions and modules.

Over memory layouts, types and default devices; what they are handed is left as it was.
"""

import math
from collections.abc import Callable, Sequence

import pytest
import torch
from torch import Tensor, nn
from torch.distributions import Normal
from torch.nn import functional as F

from nashae_baselines import bernoulli_nll, gaussian_kl, gaussian_nll, kl_terms, sampled_kl
from nashae_baselines.discriminators import discriminator, logits_of
from nashae_baselines.losses import (
    code_covariance,
    code_nll,
    covariance_penalty,
    dip_penalty,
    discriminator_loss,
    generator_loss,
    permuted,
)

N = 50


def nans(tensor: Tensor) -> Tensor:
    return torch.full_like(tensor, torch.nan)


LAYOUTS: dict[str, Callable[[Tensor], Tensor]] = {
    "contiguous": torch.clone,
    "transposed": lambda t: t.movedim(0, -1).contiguous().movedim(-1, 0),
    "every second column": lambda t: torch.stack([t, nans(t)], -1)[..., 0],
    "negated when read": lambda t: torch._neg_view(-t),
    "one row, expanded": lambda t: t[:1].expand(t.shape),
    "one column, expanded": lambda t: t[..., :1].expand(t.shape),
}


def normal(mean: Tensor, log_variance: Tensor) -> Normal:
    return Normal(mean, (log_variance / 2).exp(), validate_args=False)


def plain_kl_terms(sample: Tensor, mean: Tensor, log_variance: Tensor) -> Tensor:
    sample, mean, log_variance = sample.double(), mean.double(), log_variance.double()
    log_q = normal(mean, log_variance).log_prob(sample[:, None])
    share = math.log(N * len(sample))
    joint = log_q.sum(2).logsumexp(1) - share
    marginals = (log_q.logsumexp(1) - share).sum(1)
    own = normal(mean, log_variance).log_prob(sample).sum(1)
    prior = Normal(0.0, 1.0, validate_args=False).log_prob(sample).sum(1)
    return torch.stack(
        [(own - joint).mean(), (joint - marginals).mean(), (marginals - prior).mean()]
    )


def plain_covariance(codes: Tensor) -> Tensor:
    return torch.cov(codes.mT, correction=0)


def off_diagonal(square: Tensor) -> Tensor:
    return square.masked_fill(torch.eye(len(square), dtype=torch.bool, device="cpu"), 0)


LOSSES: dict[str, tuple[Callable[..., Tensor], Callable[..., Tensor], int]] = {
    "gaussian_nll": (
        gaussian_nll,
        lambda y, x: -Normal(y, 1.0, validate_args=False).log_prob(x).sum(1).mean(),
        2,
    ),
    "bernoulli_nll": (
        lambda y, x: bernoulli_nll(y, x.sigmoid()),
        lambda y, x: F.binary_cross_entropy_with_logits(y, x.sigmoid()) * y.shape[1],
        2,
    ),
    "gaussian_kl": (
        gaussian_kl,
        lambda a, b: torch.distributions.kl_divergence(normal(a, b), normal(a * 0, b * 0)),
        2,
    ),
    "sampled_kl": (
        sampled_kl,
        lambda z, a, b: normal(a, b).log_prob(z) - normal(a * 0, b * 0).log_prob(z),
        3,
    ),
    "kl_terms": (lambda z, a, b: torch.stack(kl_terms(z, a, b, N)), plain_kl_terms, 3),
    "code_covariance": (code_covariance, plain_covariance, 1),
    "covariance_penalty": (
        covariance_penalty,
        lambda z: off_diagonal(plain_covariance(z)).abs().sum(),
        1,
    ),
    "dip_penalty": (
        lambda z: dip_penalty(code_covariance(z), 2.0, 3.0),
        lambda z: (
            2 * off_diagonal(plain_covariance(z)).square().sum()
            + 3 * (plain_covariance(z).diagonal() - 1).square().sum()
        ),
        1,
    ),
    "discriminator_loss": (
        lambda a, b: discriminator_loss(a[:, 0], b[:, 0]),
        lambda a, b: F.binary_cross_entropy_with_logits(
            torch.cat([a[:, 0], b[:, 0]]), torch.cat([a[:, 0] * 0 + 1, b[:, 0] * 0])
        ),
        2,
    ),
    "generator_loss": (
        lambda a: generator_loss(a[:, 0]),
        lambda a: F.binary_cross_entropy_with_logits(a[:, 0], a[:, 0] * 0 + 1),
        1,
    ),
    "code_nll": (code_nll, lambda z, a, b: -normal(a, b).log_prob(z).sum(1).mean(), 3),
}
each = pytest.mark.parametrize("name", LOSSES)


def passes(loss: Callable[..., Tensor], given: Sequence[Tensor]) -> list[Tensor]:
    leaves = [t.detach().requires_grad_() for t in given]
    output = loss(*leaves)
    weights = torch.linspace(1, 2, output.numel(), dtype=output.dtype, device="cpu")
    objective = (output * weights.view(output.shape)).sum()
    gradients = torch.autograd.grad(objective, leaves, allow_unused=True)
    return [output.detach(), *(g for g in gradients if g is not None)]


def drawn(number: int, rows: int, dtype: torch.dtype) -> list[Tensor]:
    generator = torch.Generator().manual_seed(0)
    shape = (rows, 4)
    return [torch.randn(shape, generator=generator, dtype=dtype) for _ in range(number)]


@each
@pytest.mark.parametrize("layout", LAYOUTS)
def test_it_is_pytorchs_in_any_layout_and_type(name, layout):
    ours, plain, number = LOSSES[name]
    for rows in (5,) if name == "kl_terms" else (5, 1):
        for dtype in (torch.float32, torch.float64):
            given = [LAYOUTS[layout](tensor) for tensor in drawn(number, rows, dtype)]
            kept = [t.clone() for t in given]
            eps = torch.finfo(dtype).eps
            exact = passes(plain, [t.double() for t in kept])
            for mine, expected in zip(passes(ours, given), exact, strict=True):
                assert mine.dtype == dtype
                bound = 32 * eps * max(1.0, expected.abs().max().item())
                torch.testing.assert_close(mine.double(), expected, rtol=0, atol=bound)
            assert all(torch.equal(a, b) for a, b in zip(given, kept, strict=True))


@each
def test_no_default_device_or_type_matters(name):
    ours, _, number = LOSSES[name]
    given = drawn(number, 5, torch.float32)
    expected, before = passes(ours, given), torch.get_default_dtype()
    try:
        torch.set_default_dtype(torch.float64)
        with torch.device("meta"):
            found = passes(ours, given)
    finally:
        torch.set_default_dtype(before)
    for mine, same in zip(found, expected, strict=True):
        assert mine.dtype == torch.float32
        assert torch.equal(mine, same)


@each
def test_shapes_can_be_asked_of_the_meta_device(name):
    ours, _, number = LOSSES[name]
    given = drawn(number, 5, torch.float32)
    assert ours(*(t.to("meta") for t in given)).shape == ours(*given).shape


@pytest.mark.parametrize("nll", [gaussian_nll, bernoulli_nll])
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_a_likelihood_of_a_whole_batch_stays_within_16_bits(seeded, nll, dtype):
    # 100 observations of a thousand elements add up to more than the largest float16, 65504.
    x, logits = (torch.rand(100, 1000, generator=seeded(s)).to(dtype) for s in (0, 1))
    found, exact = nll(logits, x), nll(logits.double(), x.double())
    assert found.dtype == dtype
    torch.testing.assert_close(found.double(), exact, atol=0, rtol=4 * torch.finfo(dtype).eps)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("rows", [7, 1, 0])
def test_permuted_codes_are_each_latents_own_in_another_order(seeded, rows, layout):
    if not rows and "expanded" in layout:
        pytest.skip("no row to expand")
    codes = LAYOUTS[layout](torch.randn(rows, 3, generator=seeded(0)))
    kept, found = codes.clone(), permuted(codes, seeded(1))
    assert torch.equal(found.sort(0).values, kept.sort(0).values)
    assert torch.equal(codes, kept)
    before = torch.get_default_dtype()
    try:  # the draws are of the generator alone
        torch.set_default_dtype(torch.float64)
        with torch.device("meta"):
            again = permuted(codes, seeded(1))
    finally:
        torch.set_default_dtype(before)
    assert torch.equal(again, found)


class Tied(nn.Module):
    """One layer used twice, under two names."""

    def __init__(self) -> None:
        super().__init__()
        self.one = nn.Linear(3, 3)
        self.two, self.last = self.one, nn.Linear(3, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(torch.tanh(self.two(torch.tanh(self.one(x)))))


JUDGES: dict[str, Callable[[], nn.Module]] = {
    "MLP": lambda: discriminator(3, 6, generator=torch.Generator().manual_seed(0)),
    "buffers": lambda: nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 1)),
    "parametrised": lambda: nn.utils.parametrizations.weight_norm(nn.Linear(3, 1)),
    "tied": Tied,
    "frozen": lambda: nn.Linear(3, 1).requires_grad_(False),
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("judge", JUDGES)
def test_logits_of_constant_weights_are_the_discriminators_and_move_its_inputs_alone(
    seeded, judge, layout
):
    network = JUDGES[judge]().double()
    x = torch.randn(6, 3, generator=seeded(1), dtype=torch.float64)
    given = LAYOUTS[layout](x).detach().requires_grad_()
    expected = network(given)[:, 0]
    (gradient,) = torch.autograd.grad(expected.square().sum(), given)
    for constant in (True, False):
        found = logits_of(network, given, constant=constant)
        torch.testing.assert_close(found, expected, atol=1e-15, rtol=1e-15)
        given.grad = None
        network.zero_grad()
        found.square().sum().backward()
        torch.testing.assert_close(given.grad, gradient, atol=1e-14, rtol=1e-14)
        moved = [p.grad is not None for p in network.parameters() if p.requires_grad]
        assert all(moved) if not constant else not any(moved)
