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


REFERENCES = {
    "adam": (adam, torch.optim.Adam, {"betas": (0.9, 0.999)}, {"fused": True}),
    "adam, other betas": (adam, torch.optim.Adam, {"betas": (0.5, 0.9)}, {"fused": True}),
    "adagrad": (adagrad, torch.optim.Adagrad, {}, {}),
}


@pytest.mark.parametrize("name", REFERENCES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_step_is_pytorchs_to_the_bit(seeded, monkeypatch, dtype, name):
    monkeypatch.setattr(optimizers, "PIECE", 999)  # neither of the sizes is a multiple
    make, plain, options, fused = REFERENCES[name]
    ours, theirs = networks(seeded, dtype)
    mine = make(ours.parameters(), 1e-2, **options)
    reference = plain(theirs.parameters(), lr=1e-2, **options, **fused)
    take(20, ours, mine, seeded)
    take(20, theirs, reference, seeded)
    assert isinstance(mine, FusedAdam | CachedAdagrad)
    for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert torch.equal(a, b)
        assert mine.state[a].keys() == reference.state[b].keys()
        assert all(torch.equal(mine.state[a][k], reference.state[b][k]) for k in mine.state[a])


def test_what_has_no_gradient_stays(seeded):
    network, before = networks(seeded, torch.float32)
    optimizer = adam(network.parameters(), 1e-2)
    optimizer.step()
    network.weight.grad = torch.ones_like(network.weight)
    optimizer.step()
    assert torch.equal(network.bias, before.bias)
    # The first step of Adam is lr against the gradient's sign.
    torch.testing.assert_close(before.weight - network.weight, torch.full((7, 300), 1e-2))


@pytest.mark.parametrize("lr", [0.0, -1.0, float("nan")])
@pytest.mark.parametrize("make", [adam, adagrad])
def test_a_rate_that_does_not_lower_and_a_closure_are_refused(make, lr):
    still = nn.Parameter(torch.ones(2))
    with pytest.raises(ValueError, match=f"lr must be above 0; got {lr}"):
        make([still], lr)
    optimizer = make([still], 1.0)
    optimizer.step()
    assert torch.equal(still, torch.ones(2))
    with pytest.raises(ValueError, match="closure is not supported"):
        optimizer.step(lambda: 0.0)


def test_betas_out_of_range_are_refused():
    with pytest.raises(ValueError, match=r"betas must be in \[0, 1\); got \(0.9, 1.0\)"):
        adam([torch.zeros(1, requires_grad=True)], 0.1, (0.9, 1.0))


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
