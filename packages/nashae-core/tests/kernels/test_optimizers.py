import copy

import pytest
import torch
from torch import nn

from nashae_core import adagrad, adam
from nashae_core.kernels import optimizers
from nashae_core.kernels.optimizers import CachedAdagrad, FusedAdam


def networks(seeded, dtype: torch.dtype) -> tuple[nn.Linear, nn.Linear]:
    one = nn.Linear(300, 7, dtype=dtype)
    with torch.no_grad():
        for parameter in one.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=seeded(1), dtype=dtype))
    return one, copy.deepcopy(one)


def take(steps: int, network: nn.Linear, optimizer: torch.optim.Optimizer, seeded) -> None:
    draw = seeded(2)
    for _ in range(steps):
        x = torch.randn(9, 300, generator=draw).to(network.weight.dtype)
        optimizer.zero_grad()
        network(x).square().mean().backward()
        optimizer.step()


@pytest.mark.parametrize("betas", [(0.9, 0.999), (0.5, 0.9)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_step_is_pytorchs_fused_step_to_the_bit(seeded, dtype, betas):
    ours, theirs = networks(seeded, dtype)
    mine = adam(ours.parameters(), 1e-2, betas)
    reference = torch.optim.Adam(theirs.parameters(), lr=1e-2, betas=betas, fused=True)
    take(20, ours, mine, seeded)
    take(20, theirs, reference, seeded)
    assert isinstance(mine, FusedAdam)
    for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert torch.equal(a, b)
        assert mine.state[a].keys() == reference.state[b].keys()
        assert all(torch.equal(mine.state[a][k], reference.state[b][k]) for k in mine.state[a])


def test_a_step_is_the_papers_in_float64(seeded):
    """Against the plain loop of `torch.optim.Adam`, which is written after the paper."""
    ours, theirs = networks(seeded, torch.float64)
    take(20, ours, adam(ours.parameters(), 1e-2), seeded)
    plain = torch.optim.Adam(theirs.parameters(), lr=1e-2, foreach=False)
    take(20, theirs, plain, seeded)
    for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(a, b, atol=1e-12, rtol=0)


def test_it_goes_on_from_a_state(seeded):
    whole, parts = networks(seeded, torch.float32)
    take(10, whole, first := adam(whole.parameters(), 1e-2), seeded)
    again = adam(parts.parameters(), 1e-2)
    parts.load_state_dict(whole.state_dict())
    again.load_state_dict(copy.deepcopy(first.state_dict()))
    take(5, whole, first, seeded)
    take(5, parts, again, seeded)
    assert all(
        torch.equal(a, b) for a, b in zip(whole.parameters(), parts.parameters(), strict=True)
    )


def test_what_has_no_gradient_stays(seeded):
    network, before = networks(seeded, torch.float32)
    optimizer = adam(network.parameters(), 1e-2)
    optimizer.step()
    network.weight.grad = torch.ones_like(network.weight)
    optimizer.step()
    assert torch.equal(network.bias, before.bias)
    # The first step of Adam is lr against the gradient's sign.
    torch.testing.assert_close(before.weight - network.weight, torch.full((7, 300), 1e-2))


@pytest.mark.parametrize(("lr", "betas"), [(0.0, (0.9, 0.9)), (-1.0, (0.9, 0.9))])
def test_a_rate_that_does_not_lower_is_refused(lr, betas):
    with pytest.raises(ValueError, match=f"lr must be above 0; got {lr}"):
        adam([torch.zeros(1, requires_grad=True)], lr, betas)


def test_betas_out_of_range_are_refused():
    with pytest.raises(ValueError, match=r"betas must be in \[0, 1\); got \(0.9, 1.0\)"):
        adam([torch.zeros(1, requires_grad=True)], 0.1, (0.9, 1.0))


def test_a_closure_is_refused(seeded):
    network, _ = networks(seeded, torch.float32)
    with pytest.raises(ValueError, match="closure is not supported"):
        adam(network.parameters(), 0.1).step(lambda: 0.0)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_step_of_adagrad_is_pytorchs_to_the_bit(seeded, monkeypatch, dtype):
    monkeypatch.setattr(optimizers, "PIECE", 999)  # neither of the sizes is a multiple
    ours, theirs = networks(seeded, dtype)
    mine = adagrad(ours.parameters(), 1e-2)
    reference = torch.optim.Adagrad(theirs.parameters(), lr=1e-2)
    take(20, ours, mine, seeded)
    take(20, theirs, reference, seeded)
    assert isinstance(mine, CachedAdagrad)
    for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert torch.equal(a, b)
        assert mine.state[a].keys() == reference.state[b].keys()
        assert all(torch.equal(mine.state[a][k], reference.state[b][k]) for k in mine.state[a])


@pytest.mark.parametrize("make", [adam, adagrad])
def test_how_weights_lie_in_memory_does_not_matter(seeded, make):
    """Kernels go through memory: weights, gradients and state must lie alike in it."""
    plain, turned = networks(seeded, torch.float32)
    turned.weight.data = turned.weight.data.mT.contiguous().mT
    first, second = (make(network.parameters(), 1e-2) for network in (plain, turned))
    draw = seeded(3)

    def step(alike: bool) -> None:
        for one, other in zip(plain.parameters(), turned.parameters(), strict=True):
            one.grad = torch.randn(one.shape, generator=draw)
            other.grad = torch.empty_like(other).copy_(one.grad) if alike else one.grad.clone()
        first.step()
        second.step()
        assert torch.equal(plain.weight, turned.weight)
        assert turned.weight.stride() == (1, 7)

    step(alike=True)
    # A state from a file lies in order, and so may a gradient that was set by hand.
    second.load_state_dict(copy.deepcopy(first.state_dict()))
    step(alike=True)
    step(alike=False)


@pytest.mark.parametrize("lr", [0.0, -1.0, float("nan")])
def test_adagrad_refuses_a_rate_that_is_not_positive(lr):
    with pytest.raises(ValueError, match="lr must be above 0; got"):
        adagrad([nn.Parameter(torch.zeros(2))], lr)


def test_adagrad_leaves_alone_what_has_no_gradient_and_refuses_a_closure():
    still = nn.Parameter(torch.ones(2))
    optimizer = adagrad([still], 1.0)
    optimizer.step()
    assert torch.equal(still, torch.ones(2))
    with pytest.raises(ValueError, match="closure is not supported"):
        optimizer.step(lambda: 0.0)
