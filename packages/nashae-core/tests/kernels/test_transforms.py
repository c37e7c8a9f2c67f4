"""What is written out under PyTorch's transforms, and how it is kept from being misused."""

import threading
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.autograd import forward_ad
from torch.func import (
    functional_call,
    grad,
    hessian,
    jacfwd,
    jacrev,
    jvp,
    stack_module_state,
    vjp,
    vmap,
)
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

from nashae_core import MLP, SELU, Predictors, reconstruction_loss, selu

# Of PyTorch's own making, when forward mode is first used.
pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit.script.*:FutureWarning")

Map = Callable[[Tensor], Tensor]
DTYPE = torch.float64


def generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def numbers(*shape: int, seed: int = 9) -> Tensor:
    return torch.randn(shape, generator=generator(seed), dtype=DTYPE)


class Loop(nn.Module):
    """Networks of three layers, each on all codes, whose parameters are those of `Predictors`."""

    def __init__(self, predictors: Predictors) -> None:
        super().__init__()
        for name, parameter in predictors.named_parameters():
            self.register_buffer(name, parameter.detach())

    def forward(self, codes: Tensor) -> Tensor:
        columns = []
        for net in range(len(self.weight1)):
            hidden = codes
            for layer in "12":
                weight, bias = (getattr(self, f"{kind}{layer}") for kind in ("weight", "bias"))
                hidden = F.selu(hidden @ weight[net] + bias[net])
            columns.append(hidden @ self.weight3[net] + self.bias3[net])
        return torch.cat(columns, 1)


def linear_layers(network: MLP) -> nn.Sequential:
    layers: list[nn.Module] = []
    for weight, bias in zip(network.weights, network.biases, strict=True):
        layers.append(nn.Linear(*weight.shape[::-1]))
        layers[-1].weight, layers[-1].bias = weight, bias
        layers.append({"selu": nn.SELU, "relu": nn.ReLU, "tanh": nn.Tanh}[network.activation]())
    return nn.Sequential(*layers[:-1])


def perceptron(activation: str = "selu", seed: int = 0) -> MLP:
    return MLP((4, 5, 3), activation=activation, generator=generator(seed)).to(DTYPE)


def ensemble(seed: int = 0) -> Predictors:
    return Predictors(3, 5, generator=generator(seed)).to(DTYPE)


def loss(reconstruction: Tensor) -> Tensor:
    return reconstruction_loss(reconstruction, observations(reconstruction))


def plain_loss(reconstruction: Tensor) -> Tensor:
    return F.mse_loss(reconstruction, observations(reconstruction)) / 2


def observations(like: Tensor) -> Tensor:
    index = torch.arange(like.numel(), dtype=like.dtype, device=like.device)
    return index.sin().view(like.shape)


def case(name: str) -> tuple[Map, Map, Tensor]:
    """What is written out, the same by PyTorch, and where."""
    if name in ("relu", "tanh"):
        return perceptron(name), linear_layers(perceptron(name)), numbers(2, 4)
    return {
        "MLP": lambda: (perceptron(), linear_layers(perceptron()), numbers(2, 4)),
        "selu": lambda: (selu, F.selu, numbers(2, 4)),
        "SELU": lambda: (SELU(), nn.SELU(), numbers(2, 3, 2, 2)),
        "Predictors": lambda: (ensemble(), Loop(ensemble()), numbers(2, 3)),
        "reconstruction_loss": lambda: (loss, plain_loss, numbers(2, 4)),
    }[name]()


each = pytest.mark.parametrize(
    "name", ["MLP", "relu", "tanh", "selu", "SELU", "Predictors", "reconstruction_loss"]
)


def scalar(function: Map) -> Map:
    return lambda x: function(x).square().sum()


def forward_mode(function: Map, x: Tensor) -> Tensor:
    with forward_ad.dual_level():
        return forward_ad.unpack_dual(function(forward_ad.make_dual(x, torch.ones_like(x))))[1]


def batched_backward(function: Map, x: Tensor) -> Tensor:
    """Several gradients of one graph at once."""
    leaf = x.clone().requires_grad_()
    output = function(leaf)
    some = numbers(3, *output.shape, seed=3)
    return vmap(lambda at: torch.autograd.grad(output, leaf, at, retain_graph=True)[0])(some)


TRANSFORMS: dict[str, Callable[[Map, Tensor], Tensor]] = {
    "grad": lambda f, x: grad(scalar(f))(x),
    "jacrev": lambda f, x: jacrev(f)(x),
    "jacfwd": lambda f, x: jacfwd(f)(x),
    "jvp": lambda f, x: jvp(f, (x,), (torch.ones_like(x),))[1],
    "vjp": lambda f, x: vjp(f, x)[1](torch.ones_like(f(x)))[0],
    "hessian": lambda f, x: hessian(scalar(f))(x),
    "vmap": lambda f, x: vmap(f)(torch.stack([x, 2 * x])),
    "vmap over the last axis": lambda f, x: vmap(f, -1, -1)(torch.stack([x, 2 * x], -1)),
    "vmap of grad": lambda f, x: vmap(grad(scalar(f)))(torch.stack([x, -x])),
    "forward mode": forward_mode,
    "vmap of the backward pass": batched_backward,
    "gradient twice": lambda f, x: grad(lambda y: grad(scalar(f))(y).square().sum())(x),
}


@each
@pytest.mark.parametrize("transform", TRANSFORMS.values(), ids=list(TRANSFORMS))
def test_a_transform_gives_what_it_gives_of_pytorchs(name, transform):
    ours, plain, x = case(name)
    torch.testing.assert_close(transform(ours, x), transform(plain, x), atol=1e-13, rtol=1e-12)


@pytest.mark.parametrize("make", [perceptron, lambda seed: perceptron("relu", seed), ensemble])
@pytest.mark.parametrize("randomness", [False, True], ids=["values", "gradients"])
def test_networks_of_stacked_parameters_are_each_what_it_is_alone(make, randomness):
    networks = [make(seed=seed) for seed in range(3)]
    parameters, buffers = stack_module_state(networks)
    x = numbers(2, 4 if isinstance(networks[0], MLP) else 3)

    def call(parameters: dict[str, Tensor], buffers: dict[str, Tensor], x: Tensor) -> Tensor:
        return functional_call(networks[0], (parameters, buffers), (x,))

    def gradients(*given: Tensor) -> Tensor:
        return grad(lambda p, b, x: call(p, b, x).square().sum(), 2)(*given)

    together = vmap(gradients if randomness else call, (0, 0, None))(parameters, buffers, x)
    alone = [grad(scalar(n))(x) if randomness else n(x) for n in networks]
    torch.testing.assert_close(together, torch.stack(alone), atol=1e-13, rtol=0)


def test_gradients_of_each_observation_are_those_of_it_alone():
    network, x = perceptron(), numbers(4, 4)
    parameters = dict(network.named_parameters())

    def of_one(parameters: dict[str, Tensor], row: Tensor) -> Tensor:
        return functional_call(network, parameters, (row[None],)).square().sum()

    each = vmap(grad(of_one), (None, 0))(parameters, x)
    for i, row in enumerate(x):
        alone = torch.autograd.grad(network(row[None]).square().sum(), list(network.parameters()))
        for (name, _), expected in zip(network.named_parameters(), alone, strict=True):
            torch.testing.assert_close(each[name][i], expected, atol=1e-13, rtol=0)


@each
def test_a_penalty_on_the_gradient_is_refused_and_never_left_out(name):
    ours, _, x = case(name)
    leaf = x.requires_grad_()
    (gradient,) = torch.autograd.grad(ours(leaf).sum(), leaf, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        (ours(leaf).square().sum() + gradient.square().sum()).backward()


@each
def test_gradients_pass_gradcheck_with_and_without_forward_mode(name):
    ours, _, x = case(name)
    assert torch.autograd.gradcheck(ours, x.requires_grad_(), check_forward_ad=True)


@each
def test_a_checkpoint_gives_the_same_gradients(name):
    ours, _, x = case(name)
    leaf = x.requires_grad_()
    expected, found = (
        torch.autograd.grad(output.square().sum(), leaf)[0]
        for output in (ours(leaf), checkpoint(ours, leaf, use_reentrant=False))
    )
    assert torch.equal(found, expected)


@each
def test_no_default_device_or_type_matters(name):
    """What is made goes where the input is, and is of its type."""
    ours, _, x = case(name)
    x = x.float().requires_grad_()
    ours = ours.float() if isinstance(ours, nn.Module) else ours
    expected = ours(x)
    (gradient,) = torch.autograd.grad(expected.sum(), x)
    before = torch.get_default_dtype()
    try:
        torch.set_default_dtype(torch.float64)
        with torch.device("meta"):
            found = ours(x)
            (again,) = torch.autograd.grad(found.sum(), x)
    finally:
        torch.set_default_dtype(before)
    for mine, same in ((found, expected), (again, gradient)):
        assert mine.dtype == torch.float32
        assert torch.equal(mine, same)


@each
def test_shapes_can_be_asked_of_the_meta_device(name):
    ours, _, x = case(name)
    expected = ours(x)
    ours = ours.to("meta") if isinstance(ours, nn.Module) else ours
    leaf = x.to("meta").requires_grad_()
    output = ours(leaf)
    assert output.shape == expected.shape
    assert output.is_meta
    assert torch.autograd.grad(output.sum(), leaf)[0].shape == x.shape


@each
def test_without_gradients_the_values_are_the_same(name):
    ours, _, x = case(name)
    expected = ours(x)
    for mode in (torch.no_grad, torch.inference_mode):
        with mode():
            found = ours(x)
        assert not found.requires_grad
        assert torch.equal(found.clone(), expected)


def test_threads_do_not_disturb_each_other():
    """Each with networks of its own, at once, against one after the other."""

    def work(seed: int) -> list[Tensor]:
        network, predictors = perceptron(seed=seed), ensemble(seed)
        found = list[Tensor]()
        for step in range(20):
            codes = network(numbers(6, 4, seed=step)).sigmoid()
            for _, gradients in predictors.rounds(codes, 2):
                found += [g.clone() for g in gradients]
            objective = predictors(codes).square().sum() + loss(codes)
            found += torch.autograd.grad(objective, list(network.parameters()))
        return found

    expected = [work(seed) for seed in range(2)]
    found = [list[Tensor](), list[Tensor]()]
    threads = [
        threading.Thread(target=lambda seed=seed: found[seed].extend(work(seed)))
        for seed in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for mine, alone in zip(found, expected, strict=True):
        assert len(mine) == len(alone)
        assert all(torch.equal(a, b) for a, b in zip(mine, alone, strict=True))


@each
def test_a_compiler_is_given_pytorchs_operators(name, monkeypatch):
    """Which differentiate any number of times: a second derivative tells them apart."""
    ours, plain, x = case(name)
    leaf = x.requires_grad_()
    monkeypatch.setattr(torch.compiler, "is_compiling", lambda: True)
    penalties = []
    for function in (ours, plain):
        (gradient,) = torch.autograd.grad(function(leaf).square().sum(), leaf, create_graph=True)
        penalties += torch.autograd.grad(gradient.square().sum(), leaf)
    torch.testing.assert_close(*penalties, atol=1e-12, rtol=0)
