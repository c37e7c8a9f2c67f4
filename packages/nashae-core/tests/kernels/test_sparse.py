import pytest
import torch
from torch.nn import functional as F

from nashae_core import MLP
from nashae_core.kernels import sparse
from nashae_core.kernels.sparse import by_input, sparse_affine, sparse_gradient, sparse_rows

BATCH, INPUTS, OUTPUTS = 9, 40, 11


@pytest.fixture(autouse=True)
def small_is_large(monkeypatch):
    monkeypatch.setattr(sparse, "LARGE", 0)


@pytest.fixture
def mostly_zero(seeded):
    """Rows of which 5 % are not zero, the first row and the first column empty."""

    def make(kind="binary", dtype=torch.float64):
        on = torch.rand(BATCH, INPUTS, generator=seeded(0)) < 0.05
        on[0], on[:, 0], on[3, 5] = False, False, True
        values = torch.randn(BATCH, INPUTS, generator=seeded(1), dtype=dtype)
        return on.to(dtype) if kind == "binary" else values * on

    return make


@pytest.mark.parametrize("laid_out", [by_input, torch.clone], ids=["by input", "by output"])
@pytest.mark.parametrize("kind", ["binary", "real"])
def test_the_sums_are_the_products(mostly_zero, seeded, kind, laid_out):
    x = mostly_zero(kind)
    weight = laid_out(torch.randn(OUTPUTS, INPUTS, dtype=x.dtype, generator=seeded(2)))
    bias = torch.randn(OUTPUTS, dtype=x.dtype, generator=seeded(3))
    at = torch.randn(BATCH, OUTPUTS, dtype=x.dtype, generator=seeded(4))
    entries = sparse_rows(x, OUTPUTS)
    close = {"atol": 1e-13, "rtol": 0}
    torch.testing.assert_close(
        sparse_affine(entries, weight, bias), F.linear(x, weight, bias), **close
    )
    torch.testing.assert_close(sparse_gradient(at, entries), at.mT @ x, **close)


def test_rows_of_zeros_alone_give_the_bias(seeded):
    entries = sparse_rows(torch.zeros(BATCH, INPUTS), OUTPUTS)
    bias = torch.randn(OUTPUTS, generator=seeded(0))
    out = sparse_affine(entries, torch.ones(OUTPUTS, INPUTS), bias)
    assert torch.equal(out, bias.expand(BATCH, OUTPUTS))
    assert not sparse_gradient(torch.ones(BATCH, OUTPUTS), entries).any()


def test_dense_rows_and_small_products_are_left_to_the_dense_one(mostly_zero, monkeypatch):
    x = mostly_zero()
    assert sparse_rows(x, OUTPUTS) is not None
    assert sparse_rows(torch.ones_like(x), OUTPUTS) is None
    monkeypatch.setattr(sparse, "LARGE", x.numel() * OUTPUTS + 1)
    assert sparse_rows(x, OUTPUTS) is None


@pytest.mark.parametrize("of_x", [False, True])
@pytest.mark.parametrize("depth", [1, 3])
def test_a_perceptron_is_the_same_either_way(mostly_zero, seeded, monkeypatch, depth, of_x):
    sizes = (INPUTS, *[8] * (depth - 1), OUTPUTS)
    network = MLP(sizes, activation="relu", generator=seeded(5)).double()
    x = mostly_zero().requires_grad_(of_x)
    cotangent = torch.randn(BATCH, OUTPUTS, dtype=x.dtype, generator=seeded(6))
    wanted = [x, *network.parameters()] if of_x else [*network.parameters()]
    used, found = [], []
    original = sparse.sparse_affine
    monkeypatch.setattr(
        "nashae_core.kernels.perceptron.sparse_affine", lambda *a: used.append(1) or original(*a)
    )
    for large in (0, 10**9):
        monkeypatch.setattr(sparse, "LARGE", large)
        output = network(x)
        found.append([output, *torch.autograd.grad(output, wanted, cotangent)])
    assert used == [1]
    for ours, dense in zip(*found, strict=True):
        torch.testing.assert_close(ours, dense, atol=1e-13, rtol=0)


def test_in_float32_the_sums_are_as_near_to_float64_as_the_products(seeded):
    x = (torch.rand(50, 4096, generator=seeded(0)) < 0.04).float()
    network = MLP((4096, 300), generator=seeded(1))
    weight, bias = network.weights[0].detach(), network.biases[0].detach()
    entries = sparse_rows(x, 300)
    at = torch.randn(50, 300, generator=seeded(2))
    for ours, theirs, exact in (
        (
            sparse_affine(entries, weight, bias),
            F.linear(x, weight, bias),
            F.linear(x.double(), weight.double(), bias.double()),
        ),
        (sparse_gradient(at, entries), at.mT @ x, at.double().mT @ x.double()),
    ):
        bound = 3 * (theirs - exact).abs().max() + 1e-6
        assert (ours - exact).abs().max() < bound


def test_a_large_first_layer_is_laid_out_by_input_and_drawn_alike(seeded, monkeypatch):
    monkeypatch.setattr("nashae_core.mlp.LARGE_LAYER", 10**9)
    plain = MLP((1000, 1000, 1000), generator=seeded(0))
    monkeypatch.setattr("nashae_core.mlp.LARGE_LAYER", 10**6)
    network = MLP((1000, 1000, 1000), generator=seeded(0))
    assert [w.is_contiguous() for w in network.weights] == [False, True]
    assert network.weights[0].mT.is_contiguous()
    assert all(torch.equal(a, b) for a, b in zip(network.weights, plain.weights, strict=True))
    x = torch.randn(5, 1000, generator=seeded(1))  # dense
    network(x).square().sum().backward()
    plain(x).square().sum().backward()
    for ours, theirs in zip(network.parameters(), plain.parameters(), strict=True):
        torch.testing.assert_close(ours.grad, theirs.grad, atol=1e-4, rtol=1e-4)
        assert ours.grad.stride() == ours.stride()  # else autograd would have copied it
