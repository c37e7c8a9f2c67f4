"""Matrix products on the CPU, by the faster of PyTorch's two libraries."""

import torch
from jaxtyping import Float
from torch import Tensor

from nashae_core.kernels.differentiation import transformed

# PyTorch multiplies float32 matrices by MKL, which uses 8 lanes on processors that are not Intel's;
# oneDNN uses the 16 of AVX-512 and is then twice as fast, from this many multiplications on.
LARGE = 1_000_000
ONEDNN = torch.backends.mkldnn.is_available() and hasattr(  # type: ignore[no-untyped-call]
    torch.ops.mkldnn, "_linear_pointwise"
)


def product(
    a: Float[Tensor, "rows inner"], b: Float[Tensor, "inner columns"]
) -> Float[Tensor, "rows columns"]:
    """`a @ b`, without a graph; either may be transposed."""
    if a.numel() * b.shape[1] >= LARGE and _has_onednn(a, b):
        large: Tensor = torch.ops.mkldnn._linear_pointwise(a, b.mT, None, "none", [], "")
        return large
    return a @ b


def affine(
    x: Float[Tensor, "rows inputs"],
    weight: Float[Tensor, "outputs inputs"],
    bias: Float[Tensor, "outputs"],
) -> Float[Tensor, "rows outputs"]:
    """`x @ weight.mT + bias`, without a graph."""
    if x.numel() * len(weight) >= LARGE and _has_onednn(x, weight, bias):
        # The kernel ignores the bias's strides.
        large: Tensor = torch.ops.mkldnn._linear_pointwise(
            x, weight, bias.contiguous(), "none", [], ""
        )
        return large
    return torch.addmm(bias, x, weight.mT)


def _has_onednn(*operands: Tensor) -> bool:
    """Whether oneDNN multiplies these: float32 on the CPU, outside a transform."""
    return (
        ONEDNN
        and all(t.is_cpu and t.dtype == torch.float32 for t in operands)
        and not transformed()
    )
