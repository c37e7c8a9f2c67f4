"""Every kernel that is written out for speed is PyTorch's, in values and gradients.

Over all memory layouts, types, numbers of rows and special values; and it writes into nothing that
it was handed.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from nashae_core import MLP, Predictors, reconstruction_loss, selu
from nashae_core.kernels import products, sparse
from nashae_core.kernels.products import affine, product
from nashae_core.kernels.sparse import by_input, finite, sparse_affine, sparse_gradient, sparse_rows

M, HIDDEN = 3, 4
PLAIN = {"selu": F.selu, "relu": F.relu, "tanh": torch.tanh}


def nans(tensor: Tensor) -> Tensor:
    return torch.full_like(tensor, torch.nan)


LAYOUTS: dict[str, Callable[[Tensor], Tensor]] = {
    "contiguous": torch.clone,
    "first axis innermost": lambda t: t.movedim(0, -1).contiguous().movedim(-1, 0),
    "every second row": lambda t: torch.stack([t, nans(t)], 1)[:, 0],
    "every second column": lambda t: torch.stack([t, nans(t)], -1)[..., 0],
    "part of larger rows": lambda t: torch.cat([t, nans(t)], -1)[..., : t.shape[-1]],
    "at an offset": lambda t: (
        torch.cat([nans(t).flatten()[:3], t.flatten()])[-t.numel() :].view(t.shape)
        if t.numel()
        else t
    ),
    "negated when read": lambda t: torch._neg_view(-t),
    "one row, expanded": lambda t: t[:1].expand(t.shape),
    "one column, expanded": lambda t: t[..., :1].expand(t.shape),
    "one number, expanded": lambda t: t.flatten()[0].expand(t.shape) if t.numel() else t,
}


class Kernel(NamedTuple):
    """`ours` and `plain` of arguments of `shapes`; gradients go into those of `leaves`."""

    ours: Callable[..., Tensor]
    plain: Callable[..., Tensor]
    shapes: Callable[[int], Sequence[tuple[int, ...]]]
    leaves: Sequence[int] = ()


def perceptron(activation: str) -> Callable[..., Tensor]:
    network = MLP((5, HIDDEN, 3), activation=activation, generator=torch.Generator())
    names = ["weights.0", "biases.0", "weights.1", "biases.1"]

    def call(x: Tensor, *parameters: Tensor) -> Tensor:
        return torch.func.functional_call(network, dict(zip(names, parameters, strict=True)), x)

    return call


def plain_perceptron(activation: str) -> Callable[..., Tensor]:
    def call(x: Tensor, w0: Tensor, b0: Tensor, w1: Tensor, b1: Tensor) -> Tensor:
        return F.linear(PLAIN[activation](F.linear(x, w0, b0)), w1, b1)

    return call


def perceptron_shapes(rows: int) -> list[tuple[int, ...]]:
    return [(rows, 5), (HIDDEN, 5), (HIDDEN,), (3, HIDDEN), (3,)]


def ensemble(*weights: Tensor) -> tuple[Predictors, dict[str, Tensor]]:
    predictors = Predictors(M, HIDDEN, generator=torch.Generator())
    names = [name for name, _ in predictors.named_parameters()]
    return predictors, dict(zip(names, weights, strict=True))


def predictions(codes: Tensor, *weights: Tensor) -> Tensor:
    predictors, named = ensemble(*weights)
    return torch.func.functional_call(predictors, named, codes)


def plain_predictions(codes: Tensor, *weights: Tensor) -> Tensor:
    w1, b1, w2, b2, w3, b3 = weights
    hidden = F.selu(torch.stack([codes @ net for net in w1]) + b1)
    hidden = F.selu(torch.stack([rows @ net for rows, net in zip(hidden, w2, strict=True)]) + b2)
    columns = [rows @ net for rows, net in zip(hidden, w3, strict=True)]
    return (torch.stack(columns) + b3).squeeze(2).mT


def ensemble_shapes(rows: int) -> list[tuple[int, ...]]:
    weights = [(M, M, HIDDEN), (M, 1, HIDDEN), (M, HIDDEN, HIDDEN), (M, 1, HIDDEN)]
    return [(rows, M), *weights, (M, HIDDEN, 1), (M, 1, 1)]


def sums(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    entries = sparse_rows(x, len(weight))
    if entries is None or not finite(weight):
        return affine(x, weight, bias)
    return sparse_affine(entries, weight, bias)


def gradient_sums(at: Tensor, x: Tensor) -> Tensor:
    entries = sparse_rows(x, at.shape[1])
    if entries is None or not finite(at):
        return product(at.mT, x)
    return sparse_gradient(at, entries)


def one_round(codes: Tensor, *weights: Tensor) -> Tensor:
    """The loss and its gradients, one after the other."""
    predictors, named = ensemble(*weights)
    for name, weight in named.items():
        predictors.get_parameter(name).data = weight
    ((loss, gradients),) = predictors.rounds(codes, 1)
    return torch.cat([t.flatten() for t in (loss, *gradients)])


def plain_round(codes: Tensor, *weights: Tensor) -> Tensor:
    leaves = [weight.clone().requires_grad_() for weight in weights]
    loss = F.mse_loss(plain_predictions(codes, *leaves), codes) / 2
    gradients = torch.autograd.grad(loss, leaves)
    gradients[0].diagonal().zero_()  # the weights by which a network would see its own latent
    return torch.cat([t.detach().flatten() for t in (loss, *gradients)])


# By name: those that hang on size, which are also taken as if they were large, and the others.
SIZED = {
    "product": Kernel(product, torch.matmul, lambda rows: [(rows, 5), (5, 3)]),
    "product of one column": Kernel(product, torch.matmul, lambda rows: [(rows, 1), (1, 3)]),
    "product to one column": Kernel(product, torch.matmul, lambda rows: [(rows, 5), (5, 1)]),
    "affine": Kernel(affine, F.linear, lambda rows: [(rows, 5), (3, 5), (3,)]),
    "affine of one column": Kernel(affine, F.linear, lambda rows: [(rows, 1), (3, 1), (3,)]),
    "sums": Kernel(sums, F.linear, lambda rows: [(rows, 5), (3, 5), (3,)]),
    "gradient of sums": Kernel(gradient_sums, lambda a, x: a.mT @ x, lambda n: [(n, 3), (n, 5)]),
    **{
        f"perceptron of {name}": Kernel(
            perceptron(name), plain_perceptron(name), perceptron_shapes, range(5)
        )
        for name in PLAIN
    },
    "perceptron, frozen": Kernel(
        perceptron("selu"), plain_perceptron("selu"), perceptron_shapes, [0]
    ),
    "perceptron, frozen in part": Kernel(
        perceptron("selu"), plain_perceptron("selu"), perceptron_shapes, [2, 3]
    ),
}
OTHERS = {
    "layout by input": Kernel(by_input, torch.clone, lambda rows: [(rows, 5)]),
    "selu": Kernel(selu, F.selu, lambda rows: [(rows, 5)], [0]),
    "selu of one column": Kernel(selu, F.selu, lambda rows: [(rows, 1)], [0]),
    "selu of images": Kernel(selu, F.selu, lambda rows: [(rows, 3, 4, 2)], [0]),
    "predictions": Kernel(predictions, plain_predictions, ensemble_shapes, [0]),
    "round": Kernel(one_round, plain_round, ensemble_shapes),
    "reconstruction loss": Kernel(
        reconstruction_loss,
        lambda y, x: F.mse_loss(y, x) / 2,
        lambda rows: [(rows, 5)] * 2,
        [0],
    ),
    "reconstruction loss of images": Kernel(
        lambda y, x: reconstruction_loss(y, x, reduction="sum"),
        lambda y, x: F.mse_loss(y, x) * 12,
        lambda rows: [(rows, 3, 4, 2)] * 2,
        [0],
    ),
}
KERNELS = {
    **{name: (kernel, False) for name, kernel in (SIZED | OTHERS).items()},
    **{f"{name}, as if large": (kernel, True) for name, kernel in SIZED.items()},
}


@pytest.fixture(params=KERNELS.values(), ids=list(KERNELS))
def case(request, monkeypatch) -> tuple[Kernel, bool]:
    kernel, large = request.param
    if large:  # oneDNN's products, and sums of what is not zero, also of small and dense ones
        monkeypatch.setattr(products, "LARGE", 0)
        monkeypatch.setattr(sparse, "LARGE", 0)
        monkeypatch.setattr(sparse, "DENSEST", 1.0)
    return kernel, large


def drawn(kernel: Kernel, rows: int, dtype: torch.dtype) -> list[Tensor]:
    generator = torch.Generator().manual_seed(0)
    shapes = kernel.shapes(rows)
    return [torch.randn(s, generator=generator, dtype=torch.float64).to(dtype) for s in shapes]


def passes(
    compute: Callable[..., Tensor],
    given: Sequence[Tensor],
    leaves: Sequence[int],
    cotangents: Sequence[Callable[[Tensor], Tensor]],
) -> Iterator[Tensor]:
    """The output, and the gradients for each cotangent in turn, of one graph."""
    tensors = [t.detach().requires_grad_(i in leaves) for i, t in enumerate(given)]
    output = compute(*tensors)
    yield output.detach().clone()
    for cotangent in cotangents if leaves else ():
        at_output = cotangent(output)
        kept = at_output.clone()
        wanted = [tensors[i] for i in leaves]
        yield from torch.autograd.grad(output, wanted, at_output, retain_graph=True)
        assert torch.equal(at_output, kept)


def of_sum(like: Tensor) -> Tensor:
    """The gradient of a sum: one number, expanded."""
    return torch.ones((), dtype=like.dtype).expand(like.shape)


def other_gradient(layout: str) -> Callable[[Tensor], Tensor]:
    def draw(like: Tensor) -> Tensor:
        numbers = torch.linspace(-2, 3, like.numel(), dtype=torch.float64).view(like.shape)
        return LAYOUTS[layout](numbers.to(like.dtype)) if like.dim() else numbers.to(like.dtype)

    return draw


def assert_is_plain(kernel: Kernel, given: list[Tensor], layout: str = "contiguous") -> None:
    """Within 8 units in the last place of what is added up; NaN and infinities in their places."""
    kept = [t.clone() for t in given]
    gradients = [other_gradient(layout), of_sum]
    ours = list(passes(kernel.ours, given, kernel.leaves, gradients))
    plain = list(passes(kernel.plain, kept, kernel.leaves, gradients))
    # The same of absolute values has the size of the terms.
    sizes = list(passes(kernel.plain, [t.abs() for t in kept], kernel.leaves, [of_sum] * 2))
    assert len(ours) == len(plain)
    for mine, expected, size in zip(ours, plain, sizes, strict=True):
        assert (mine.dtype, mine.shape) == (expected.dtype, expected.shape)
        bound = 8 * torch.finfo(mine.dtype).eps * (3 * size.abs().double() + 1)
        near = (mine - expected).abs() <= bound.nan_to_num(torch.inf)
        both = mine.isfinite() & expected.isfinite(), mine.isnan() & expected.isnan()
        assert (near & both[0] | (mine == expected) | both[1]).all(), (mine, expected)
    assert all(t.equal(k) or k.isnan().any() for t, k in zip(given, kept, strict=True))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_it_is_pytorchs_in_any_layout_type_and_number_of_rows(case, layout):
    kernel, large = case
    cases = [(6, torch.float64), (6, torch.float32), (1, torch.float32), (0, torch.float32)]
    for rows, dtype in cases[:-1] if large else cases:  # no rows are never large
        given = [LAYOUTS[layout](tensor) for tensor in drawn(kernel, rows, dtype)]
        assert_is_plain(kernel, given, layout)
    for at in range(len(given)):  # one among others that are contiguous
        given = drawn(kernel, 6, torch.float32)
        given[at] = LAYOUTS[layout](given[at])
        assert_is_plain(kernel, given)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_it_is_pytorchs_in_16_bits(case, dtype):
    kernel, _ = case
    assert_is_plain(kernel, drawn(kernel, 6, dtype))


@pytest.mark.parametrize("value", [torch.nan, torch.inf, -torch.inf, 1e30, -1e30])
def test_special_values_end_where_pytorch_has_them(case, value):
    kernel, _ = case
    for at in range(len(kernel.shapes(6))):
        # Zeros beside them: 0 · ∞ is NaN.
        given = [t.where(t > 0, 0.0) for t in drawn(kernel, 6, torch.float32)]
        given[at].view(-1)[1] = value
        assert_is_plain(kernel, given)
