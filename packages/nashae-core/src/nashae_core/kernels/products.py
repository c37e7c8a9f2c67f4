"""Matrix products on the CPU, by the faster of the two libraries that PyTorch carries."""

import torch
from jaxtyping import Float
from torch import Tensor

from nashae_core.kernels.differentiation import transformed

# PyTorch multiplies float32 matrices by MKL, which keeps to 8 lanes on processors that are not
# Intel's; oneDNN takes the 16 that AVX-512 has and is then twice as fast. Below this many
# multiplications the call costs more than it saves.
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
        # Of the bias the kernel does not look at the strides.
        large: Tensor = torch.ops.mkldnn._linear_pointwise(
            x, weight, bias.contiguous(), "none", [], ""
        )
        return large
    return torch.addmm(bias, x, weight.mT)


def _has_onednn(*operands: Tensor) -> bool:
    """Whether oneDNN is there and takes these; what it takes besides, PyTorch refuses or rounds."""
    return (
        ONEDNN
        and all(t.is_cpu and t.dtype == torch.float32 for t in operands)
        and not transformed()
    )
