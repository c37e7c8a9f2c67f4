import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from nashae_core.kernels import products
from nashae_core.kernels.products import LARGE, affine, product

# (rows, inner, columns): below what counts as large, and above.
SMALL, BIG, LONG = (5, 7, 3), (120, 300, 110), (4, 40_000, 9)
ORDERS = {
    "plain": lambda t: t,
    "transposed": lambda t: t.mT.contiguous().mT,
    "strided": lambda t: torch.stack([t, t], -1)[..., 0],
}


class Operators(TorchDispatchMode):
    """Notes which operators were called."""

    def __init__(self) -> None:
        super().__init__()
        self.names = set[str]()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        self.names.add(func._schema.name)
        return func(*args, **(kwargs or {}))


@pytest.fixture(params=[False, True], ids=["MKL", "oneDNN"])
def library(request, monkeypatch):
    if request.param and not products.ONEDNN:
        pytest.skip("this PyTorch has no oneDNN")
    monkeypatch.setattr(products, "ONEDNN", request.param)


def drawn(shape: tuple[int, int, int], seeded) -> tuple[Tensor, Tensor, Tensor]:
    rows, inner, columns = shape
    a = torch.randn(rows, inner, generator=seeded(0))
    return (
        a,
        torch.randn(inner, columns, generator=seeded(1)),
        torch.randn(columns, generator=seeded(2)),
    )


def assert_within_rounding(found: Tensor, a: Tensor, b: Tensor, bias: Tensor | None = None) -> None:
    """No element is further from the exact one than the sum's terms can round to."""
    shift = torch.zeros(()) if bias is None else bias
    exact = a.double() @ b.double() + shift
    bound = torch.finfo(torch.float32).eps * (a.abs().double() @ b.abs().double() + shift.abs())
    # The worst case is `inner` times this; a sum whose roundings are independent grows by its root.
    assert ((found - exact).abs() <= bound * a.shape[1] ** 0.5).all()
    assert found.dtype == torch.float32


@pytest.mark.usefixtures("library")
@pytest.mark.parametrize("of_b", ORDERS)
@pytest.mark.parametrize("of_a", ORDERS)
@pytest.mark.parametrize("shape", [SMALL, BIG, LONG], ids=["small", "big", "long"])
def test_products_and_affine_maps_are_float64s_within_rounding(seeded, shape, of_a, of_b):
    a, b, bias = drawn(shape, seeded)
    kept = a.clone(), b.clone()
    a, b, weight = ORDERS[of_a](a), ORDERS[of_b](b), ORDERS[of_b](b.mT.contiguous())
    assert_within_rounding(product(a, b), a, b)
    assert_within_rounding(affine(a, weight, bias), a, weight.mT, bias)
    assert torch.equal(a, kept[0])
    assert torch.equal(b, kept[1])


@pytest.mark.skipif(not products.ONEDNN, reason="this PyTorch has no oneDNN")
@pytest.mark.parametrize(
    ("shape", "dtype", "expected"),
    [
        (BIG, torch.float32, True),
        (SMALL, torch.float32, False),
        (BIG, torch.float64, False),
    ],
    ids=["large", "small", "float64"],
)
def test_onednn_takes_large_products_in_float32_and_no_others(seeded, shape, dtype, expected):
    assert (shape[0] * shape[1] * shape[2] >= LARGE) == (shape is BIG)
    a, b, bias = (t.to(dtype) for t in drawn(shape, seeded))
    for compute in (lambda: product(a, b), lambda: affine(a, b.mT, bias)):
        with Operators() as operators:
            compute()
        assert ("mkldnn::_linear_pointwise" in operators.names) == expected


@pytest.mark.usefixtures("library")
@pytest.mark.parametrize("shape", [SMALL, BIG], ids=["small", "big"])
def test_float64_is_pytorchs_to_the_bit(seeded, shape):
    a, b, bias = (t.double() for t in drawn(shape, seeded))
    assert torch.equal(product(a, b), a @ b)
    assert torch.equal(affine(a, b.mT, bias), torch.addmm(bias, a, b))


@pytest.mark.skipif(not products.ONEDNN, reason="this PyTorch has no oneDNN")
def test_both_libraries_give_close_results(seeded, monkeypatch):
    a, b, bias = drawn(BIG, seeded)
    results = []
    for onednn in (False, True):
        monkeypatch.setattr(products, "ONEDNN", onednn)
        results.append((product(a, b), affine(a, b.mT, bias)))
    for mkl, other in zip(*results, strict=True):
        torch.testing.assert_close(mkl, other, atol=1e-4, rtol=1e-5)


@pytest.mark.usefixtures("library")
@pytest.mark.parametrize("shape", [SMALL, BIG], ids=["small", "big"])
def test_nan_and_infinity_are_handed_on(seeded, shape):
    a, b, bias = drawn(shape, seeded)
    a[1, 2], a[3, 1] = torch.nan, torch.inf
    for found in (product(a, b), affine(a, b.mT, bias)):
        assert found[1].isnan().all()
        assert not found[3].isfinite().any()
        assert found[[0, 2, 4]].isfinite().all()


@pytest.mark.usefixtures("library")
@pytest.mark.parametrize("other", [torch.float64, torch.bfloat16])
def test_mixed_types_are_refused_as_pytorch_refuses_them(seeded, other):
    a, b, bias = drawn(BIG, seeded)
    for case in (
        lambda: product(a, b.to(other)),
        lambda: product(a.to(other), b),
        lambda: affine(a, b.mT.to(other), bias),
        lambda: affine(a, b.mT, bias.to(other)),
    ):
        with pytest.raises(RuntimeError, match="same dtype"):
            case()
