import math
from itertools import pairwise

import pytest
import torch
from torch import Tensor, nn

from nashae_core import MLP
from nashae_core.kernels import products

ACTIVATIONS = {"selu": nn.SELU, "relu": nn.ReLU, "tanh": nn.Tanh}
DEPTHS = {1: (7, 3), 2: (7, 5, 3), 5: (7, 6, 5, 4, 6, 3)}


def plain(network: MLP) -> nn.Sequential:
    """The definition: `nn.Linear` layers with copies of the weights, the activation between."""
    layers: list[nn.Module] = []
    for weight, bias in zip(network.weights, network.biases, strict=True):
        linear = nn.Linear(weight.shape[1], weight.shape[0], dtype=weight.dtype)
        linear.weight.data, linear.bias.data = weight.detach().clone(), bias.detach().clone()
        layers += [linear, ACTIVATIONS[network.activation]()]
    return nn.Sequential(*layers[:-1])


def in_order(network: nn.Module) -> list[Tensor]:
    """Weights and biases by layer."""
    if isinstance(network, MLP):
        pairs = zip(network.weights, network.biases, strict=True)
        return [parameter for pair in pairs for parameter in pair]
    return list(network.parameters())


def passes(network: nn.Module, x: Tensor, cotangent: Tensor) -> list[Tensor]:
    """The output and its gradients, in x first where x asks for one."""
    wanted = [x, *in_order(network)] if x.requires_grad else in_order(network)
    output = network(x)
    return [output, *torch.autograd.grad(output, wanted, cotangent)]


@pytest.fixture
def case(seeded):
    def make(depth, activation, batch=9):
        network = MLP(DEPTHS[depth], activation=activation, generator=seeded(0)).double()
        x = torch.randn(batch, 7, dtype=torch.float64, generator=seeded(1))
        cotangent = torch.randn(batch, 3, dtype=torch.float64, generator=seeded(2))
        return network, x, cotangent

    return make


@pytest.mark.parametrize("within_autocast", [False, True], ids=["as one node", "plain"])
@pytest.mark.parametrize("of_x", [False, True])
@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_an_mlp_is_linear_layers_with_the_activation_between(
    case, activation, depth, of_x, within_autocast
):
    network, x, cotangent = case(depth, activation)
    x.requires_grad_(of_x)
    # Autocast leaves float64 as it is, so that the path that it takes can be held to the same.
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=within_autocast):
        ours, theirs = passes(network, x, cotangent), passes(plain(network), x, cotangent)
    assert ("Perceptron" in type(ours[0].grad_fn).__name__) != within_autocast
    assert len(ours) == 1 + of_x + 2 * depth
    for mine, expected in zip(ours, theirs, strict=True):
        torch.testing.assert_close(mine, expected, atol=1e-12, rtol=0)


@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_gradients_pass_gradcheck(case, activation, depth):
    network, x, _ = case(depth, activation, batch=3)
    names = [name for name, _ in network.named_parameters()]

    def call(x: Tensor, *parameters: Tensor) -> Tensor:
        return torch.func.functional_call(network, dict(zip(names, parameters, strict=True)), x)

    leaves = [t.detach().clone().requires_grad_() for t in (x, *network.parameters())]
    assert torch.autograd.gradcheck(call, tuple(leaves))


@pytest.mark.parametrize("onednn", [False, True])
def test_in_float32_large_layers_are_as_near_to_float64_as_pytorchs(seeded, monkeypatch, onednn):
    if onednn and not products.ONEDNN:
        pytest.skip("this PyTorch has no oneDNN")
    monkeypatch.setattr(products, "ONEDNN", onednn)
    network = MLP((1000, 200, 80, 40, 4), generator=seeded(0))
    x = torch.randn(100, 1000, generator=seeded(1)).requires_grad_()
    cotangent = torch.randn(100, 4, generator=seeded(2))
    ours = passes(network, x, cotangent)
    reference = plain(network).double()
    exact = passes(reference, x.detach().double().requires_grad_(), cotangent.double())
    theirs = passes(plain(network), x, cotangent)
    for mine, pytorchs, expected in zip(ours, theirs, exact, strict=True):
        scale = expected.abs().max()
        error = (mine - expected).abs().max() / scale
        assert error < max(3 * (pytorchs - expected).abs().max() / scale, 5e-7)


def test_under_autocast_it_stays_near_and_trains_all_of_itself(seeded):
    network = MLP((20, 16, 8, 4), generator=seeded(0))
    x = torch.randn(30, 20, generator=seeded(1))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        output = network(x)
    assert output.dtype == torch.bfloat16
    torch.testing.assert_close(output.float(), network(x), atol=0.05, rtol=0.05)
    exact = torch.autograd.grad(network(x).square().sum(), list(network.parameters()))
    rounded = torch.autograd.grad(output.float().square().sum(), list(network.parameters()))
    for near, gradient in zip(rounded, exact, strict=True):
        assert near.dtype == torch.float32
        assert (near - gradient).norm() < 0.05 * gradient.norm()


def test_it_is_differentiable_once(case):
    network, x, _ = case(2, "selu")
    x.requires_grad_()
    (first,) = torch.autograd.grad(network(x).square().sum(), x, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        first.sum().backward()


def test_the_graph_gives_its_gradient_as_often_as_it_is_asked(case):
    network, x, _ = case(5, "selu")
    loss = network(x).square().sum()
    first, second = (
        torch.autograd.grad(loss, list(network.parameters()), retain_graph=True) for _ in range(2)
    )
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


def test_two_calls_before_one_backward_pass_add_up(case):
    network, x, cotangent = case(2, "relu")
    halves = torch.cat([network(x[:4]), network(x[4:])])
    expected = passes(network, x, cotangent)[1:]
    ours = torch.autograd.grad(halves, in_order(network), cotangent)
    for mine, whole in zip(ours, expected, strict=True):
        torch.testing.assert_close(mine, whole, atol=1e-12, rtol=0)


def test_the_gradient_of_a_sum_and_inputs_and_cotangents_of_any_strides(case):
    network, x, _ = case(2, "tanh")
    strided = torch.stack([x, x], -1)[..., 0].requires_grad_()
    ones = torch.ones(3, 9, dtype=torch.float64).mT
    expected = passes(plain(network), x.clone().requires_grad_(), ones)[1:]
    wanted = [strided, *in_order(network)]
    for ours in (
        torch.autograd.grad(network(strided).sum(), wanted),
        torch.autograd.grad(network(strided), wanted, ones),
    ):
        for mine, theirs in zip(ours, expected, strict=True):
            torch.testing.assert_close(mine, theirs, atol=1e-12, rtol=0)


def test_it_leaves_its_input_and_its_cotangent_alone(case):
    network, x, cotangent = case(5, "relu")
    kept = x.clone(), cotangent.clone()
    passes(network, x.requires_grad_(), cotangent)
    assert torch.equal(x, kept[0])
    assert torch.equal(cotangent, kept[1])


def test_frozen_parameters_get_no_gradient_and_the_others_theirs(case):
    network, x, cotangent = case(2, "selu")
    expected = passes(network, x, cotangent)[1:]
    network.weights[0].requires_grad_(False)
    network(x).backward(cotangent)
    assert network.weights[0].grad is None
    for parameter, gradient in zip(in_order(network)[1:], expected[1:], strict=True):
        assert torch.equal(parameter.grad, gradient)


def test_weights_that_move_before_the_backward_pass_are_seen(case):
    network, x, _ = case(2, "selu")
    loss = network(x).sum()
    with torch.no_grad():
        network.weights[1].mul_(2)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


def test_weights_are_kaiming_normal_with_gain_1_and_biases_pytorchs_default(seeded):
    sizes = (1000, 300, 200)
    network = MLP(sizes, generator=seeded(0))
    shapes = [tuple(weight.shape) for weight in network.weights]
    assert shapes == [(outputs, inputs) for inputs, outputs in pairwise(sizes)]
    for weight, bias in zip(network.weights, network.biases, strict=True):
        variance = 1 / weight.shape[1]
        # Five standard deviations of the estimate of a normal variable's variance.
        error = 5 * math.sqrt(2 / weight.numel())
        assert weight.var().item() == pytest.approx(variance, rel=error)
        assert bias.shape == weight.shape[:1]
        assert bias.abs().max().item() <= math.sqrt(variance)
        assert weight.abs().max() / math.sqrt(variance) > 2.5
    pairs = zip(network.biases, sizes, strict=False)
    spread = torch.cat([bias.detach() * math.sqrt(inputs) for bias, inputs in pairs])
    assert spread.var().item() == pytest.approx(1 / 3, rel=0.15)


def test_weights_come_from_the_generator_alone_and_leave_the_global_one_alone(seeded):
    first = MLP((20, 10, 5), generator=seeded(3))
    torch.manual_seed(123)
    before = torch.random.get_rng_state()
    second, other = (MLP((20, 10, 5), generator=seeded(seed)) for seed in (3, 4))
    assert torch.equal(before, torch.random.get_rng_state())
    for one, same, different in zip(*(n.parameters() for n in (first, second, other)), strict=True):
        assert torch.equal(one, same)
        assert not torch.equal(one, different)


def test_its_activation_is_selu_unless_another_is_asked_for(seeded):
    assert "(7, 5, 3), activation='selu'" in repr(MLP((7, 5, 3), generator=seeded(0)))
    assert "activation='relu'" in repr(MLP((7, 3), activation="relu", generator=seeded(0)))


@pytest.mark.parametrize("sizes", [(), (5,), (5, 0), (5, -1, 3)])
def test_an_mlp_without_two_positive_sizes_is_refused(sizes):
    with pytest.raises(ValueError, match=r"sizes must be at least two positive integers; got \("):
        MLP(sizes, generator=torch.Generator())


def test_inputs_of_another_width_are_refused(seeded):
    with pytest.raises(ValueError, match=r"x must be \(batch, 7\); got \(2, 6\)"):
        MLP((7, 3), generator=seeded(0))(torch.zeros(2, 6))


def test_hidden_layers_are_drawn_with_their_gain_and_the_last_with_1(seeded):
    plain_draw, scaled = (
        MLP((300, 200, 100, 40), hidden_gain=gain, generator=seeded(0)) for gain in (1.0, 5 / 3)
    )
    for i, gain in enumerate((5 / 3, 5 / 3, 1.0)):
        torch.testing.assert_close(scaled.weights[i], gain * plain_draw.weights[i])
        assert torch.equal(scaled.biases[i], plain_draw.biases[i])
    assert scaled.weights[0].std().item() == pytest.approx(5 / 3 / math.sqrt(300), rel=0.02)


@pytest.mark.parametrize("gain", [0.0, -1.0, math.inf, math.nan])
def test_a_gain_that_is_not_positive_is_refused(seeded, gain):
    with pytest.raises(ValueError, match="hidden_gain must be a finite number above 0; got"):
        MLP((3, 2), hidden_gain=gain, generator=seeded(0))
