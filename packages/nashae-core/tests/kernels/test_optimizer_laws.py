"""Our optimisers equal `torch.optim` for every way in which a parameter can lie in memory.

An Adagrad of ours once moved a copy of each channels-last weight, and so left it as it was.
"""

import copy
from collections.abc import Callable, Iterator

import pytest
import torch
from torch import Tensor, nn

from nashae_core import adagrad, adam
from nashae_core.kernels import optimizers

LR, STEPS = 1e-2, 4
OURS = {"adam": adam, "adagrad": adagrad}
PLAIN = {
    "adam": lambda parameters: torch.optim.Adam(parameters, lr=LR, foreach=False),
    "adagrad": lambda parameters: torch.optim.Adagrad(parameters, lr=LR, foreach=False),
}


def in_gaps(values: Tensor, dim: int) -> Tensor:
    """The same values, every second one of a larger tensor along `dim`."""
    return values.repeat_interleave(2, dim).unfold(dim, 1, 2).squeeze(-1)


# Each lays out a contiguous tensor in some other way, or leaves it.
LAYOUTS: dict[str, tuple[tuple[int, ...], Callable[[Tensor], Tensor]]] = {
    "contiguous": ((7, 30), lambda t: t),
    "a vector": ((33,), lambda t: t),
    "a number": ((), lambda t: t),
    "empty": ((0, 3), lambda t: t),
    "one row": ((1, 9), lambda t: t),
    "one column": ((9, 1), lambda t: t),
    "transposed": ((7, 30), lambda t: t.mT.contiguous().mT),
    "one row, transposed": ((1, 9), lambda t: t.mT.contiguous().mT),
    "channels last": ((6, 4, 3, 2), lambda t: t.to(memory_format=torch.channels_last)),
    "channels last, 1 × 1": ((6, 4, 1, 1), lambda t: t.to(memory_format=torch.channels_last)),
    "channels last, one channel": (
        (6, 1, 4, 4),
        lambda t: t.to(memory_format=torch.channels_last),
    ),
    "volumes, channels last": (
        (3, 2, 2, 3, 2),
        lambda t: t.to(memory_format=torch.channels_last_3d),
    ),
    "permuted": ((3, 4, 5), lambda t: t.permute(2, 0, 1).contiguous().permute(1, 2, 0)),
    "reversed": ((3, 4, 5), lambda t: t.permute(2, 1, 0).contiguous().permute(2, 1, 0)),
    "every second row": ((7, 6), lambda t: in_gaps(t, 0)),
    "every second column": ((7, 6), lambda t: in_gaps(t, 1)),
    "a part of a larger one": ((3, 4), lambda t: nn.functional.pad(t, (2, 1, 1, 2))[1:4, 2:6]),
}


def drawn(shape: tuple[int, ...], dtype: torch.dtype, seed: int) -> Tensor:
    generator = torch.Generator("cpu").manual_seed(seed)
    return torch.randn(shape, generator=generator, dtype=dtype, device="cpu")


def gradients(shape: tuple[int, ...], dtype: torch.dtype) -> Iterator[Tensor]:
    for step in range(STEPS):
        yield drawn(shape, dtype, 100 + step)


def walked(
    make: Callable[..., torch.optim.Optimizer], parameters: list[Tensor], slopes: list[list[Tensor]]
) -> torch.optim.Optimizer:
    """The optimiser after a step for each list of gradients, one a parameter."""
    optimizer = make(parameters)
    for step in slopes:
        for parameter, slope in zip(parameters, step, strict=True):
            parameter.grad = slope
        optimizer.step()
    return optimizer


def ours(name: str) -> Callable[[list[Tensor]], torch.optim.Optimizer]:
    return lambda parameters: OURS[name](parameters, LR)


def assert_equal(found: Tensor, expected: Tensor) -> None:
    # The kernel and the plain loop round some of their products differently.
    digits = 4 * torch.finfo(found.dtype).eps
    torch.testing.assert_close(found, expected, rtol=digits, atol=digits, check_stride=False)


@pytest.mark.parametrize("slope_layout", ["as the parameter", "contiguous"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", OURS)
def test_steps_are_those_of_the_plain_library_however_a_parameter_lies(
    name, layout, dtype, slope_layout, monkeypatch
):
    monkeypatch.setattr(optimizers, "PIECE", 11)  # several pieces, the last one short
    shape, laid_out = LAYOUTS[layout]
    start = drawn(shape, dtype, 1)
    mine = nn.Parameter(laid_out(start.clone()))
    theirs = nn.Parameter(start.clone())
    slopes = [[slope] for slope in gradients(shape, dtype)]
    turned = [[laid_out(s.clone()) if slope_layout[0] == "a" else s.clone()] for (s,) in slopes]
    first, second = walked(ours(name), [mine], turned), walked(PLAIN[name], [theirs], slopes)
    assert_equal(mine, theirs)
    for key, kept in second.state[theirs].items():
        assert_equal(first.state[mine][key].to(dtype), kept.to(dtype))
    assert (mine != start).all()


@pytest.mark.parametrize("layout", ["every second row", "every second column"])
@pytest.mark.parametrize("name", OURS)
def test_what_lies_between_the_elements_of_a_parameter_stays(name, layout):
    whole = drawn((14, 12), torch.float32, 1)
    before = whole.clone()
    index = (slice(None, None, 2),) if layout.endswith("row") else (slice(None), slice(0, None, 2))
    mine = nn.Parameter(whole[index])
    walked(ours(name), [mine], [[slope] for slope in gradients(tuple(mine.shape), torch.float32)])
    moved = whole != before
    assert moved[index].all()
    assert int(moved.sum()) == mine.numel()


@pytest.mark.parametrize("name", OURS)
def test_parameters_of_all_kinds_move_together(name):
    """Several types and layouts in one group, and one that has no gradient."""
    kinds = [(layout, dtype) for layout in LAYOUTS for dtype in (torch.float32, torch.float64)]
    mine, theirs, slopes = [], [], []
    for i, (layout, dtype) in enumerate(kinds):
        shape, laid_out = LAYOUTS[layout]
        start = drawn(shape, dtype, i)
        mine.append(nn.Parameter(laid_out(start.clone())))
        theirs.append(nn.Parameter(start.clone()))
        slopes.append(drawn(shape, dtype, 1000 + i))
    still = nn.Parameter(torch.ones(3, device="cpu"))
    walked(ours(name), [*mine, still], [[*slopes, None]])
    walked(PLAIN[name], theirs, [slopes])
    for a, b in zip(mine, theirs, strict=True):
        assert_equal(a, b)
    assert torch.equal(still, torch.ones(3, device="cpu"))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.complex64])
@pytest.mark.parametrize("layout", ["contiguous", "channels last", "every second row"])
@pytest.mark.parametrize("name", OURS)
def test_rare_types_are_those_of_the_plain_library_as_well(name, layout, dtype):
    shape, laid_out = LAYOUTS[layout]
    start = drawn(shape, torch.complex64 if dtype.is_complex else torch.float32, 1).to(dtype)
    mine, theirs = nn.Parameter(laid_out(start.clone())), nn.Parameter(start.clone())
    slopes = [[slope.to(dtype)] for slope in gradients(shape, torch.float32)]
    walked(ours(name), [mine], [[s.clone()] for (s,) in slopes])
    # The fused kernel is the library's own for half precision: its plain loop rounds in between.
    fused = name == "adam" and layout != "every second row" and not dtype.is_complex
    plain = (lambda p: torch.optim.Adam(p, lr=LR, fused=True)) if fused else PLAIN[name]
    walked(plain, [theirs], slopes)
    torch.testing.assert_close(mine, theirs, rtol=0, atol=0, check_stride=False)


@pytest.mark.parametrize("name", OURS)
def test_what_is_allocated_is_where_the_parameter_is(name):
    """Not where PyTorch's default device is, nor of its default type."""
    plain, other = (nn.Parameter(drawn((5, 4), torch.float32, 1)) for _ in range(2))
    slopes = [[slope] for slope in gradients((5, 4), torch.float32)]
    walked(PLAIN[name], [plain], slopes)
    torch.set_default_dtype(torch.float64)
    try:
        with torch.device("meta"):
            optimizer = walked(ours(name), [other], slopes)
    finally:
        torch.set_default_dtype(torch.float32)
    assert_equal(other, plain)
    assert {kept.device.type for kept in optimizer.state[other].values()} == {"cpu"}
    assert {kept.dtype for kept in optimizer.state[other].values()} == {torch.float32}


@pytest.mark.parametrize("name", OURS)
def test_a_layout_may_change_on_the_way_and_a_state_come_from_a_file(name):
    shape = (6, 4, 3, 2)
    slopes = [[slope] for slope in gradients(shape, torch.float32)]
    theirs = nn.Parameter(drawn(shape, torch.float32, 1))
    walked(PLAIN[name], [theirs], slopes)
    mine = nn.Parameter(drawn(shape, torch.float32, 1))
    first = walked(ours(name), [mine], slopes[:2])
    mine.data = mine.data.to(memory_format=torch.channels_last)
    again = OURS[name]([mine], LR)
    again.load_state_dict(copy.deepcopy(first.state_dict()))
    for (slope,) in slopes[2:]:
        mine.grad = slope
        again.step()
    assert_equal(mine, theirs)
    assert mine.is_contiguous(memory_format=torch.channels_last)


def test_adagrad_takes_a_sparse_gradient_as_pytorchs_does():
    start = drawn((5, 3), torch.float32, 1)
    mine, theirs = nn.Parameter(start.clone()), nn.Parameter(start.clone())
    with torch.sparse.check_sparse_tensor_invariants():
        rows = torch.tensor([[0, 3, 3]])
        slope = torch.sparse_coo_tensor(rows, drawn((3, 3), torch.float32, 2), (5, 3))
        walked(ours("adagrad"), [mine], [[slope]] * 3)
        walked(PLAIN["adagrad"], [theirs], [[slope]] * 3)
    assert_equal(mine, theirs)
    assert not torch.equal(mine, start)


@pytest.mark.parametrize("name", OURS)
def test_a_network_of_convolutions_is_trained_as_by_the_plain_library(name):
    """The fault as it was met: a convolution in channels-last memory and a gradient of its own."""

    def trained(make: Callable[..., torch.optim.Optimizer]) -> list[Tensor]:
        layer = nn.Conv2d(3, 4, 3).to(memory_format=torch.channels_last)
        with torch.no_grad():
            for i, parameter in enumerate(layer.parameters()):
                parameter.copy_(drawn(tuple(parameter.shape), torch.float32, i))
        optimizer, start = make(list(layer.parameters())), layer.weight.detach().clone()
        for step in range(STEPS):
            x = drawn((2, 3, 6, 6), torch.float32, step).to(memory_format=torch.channels_last)
            optimizer.zero_grad()
            layer(x).square().mean().backward()
            optimizer.step()
        assert (layer.weight != start).all()
        return [p.detach() for p in layer.parameters()]

    for found, expected in zip(trained(ours(name)), trained(PLAIN[name]), strict=True):
        torch.testing.assert_close(found, expected)
