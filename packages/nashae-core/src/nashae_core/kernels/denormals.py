"""Numbers so near to 0 that many processors handle them slowly."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

DENORMAL = 1e-39


@contextmanager
def flushed_denormals() -> Iterator[None]:
    """Let this thread take numbers below 1.2e-38 for 0 until the block ends.

    Adam's mean gradient of a weight that gets no gradient any more falls that far and, being
    rounded, never to 0. Where a fifth of a model's weights are so, a step took twice as long on an
    Intel Xeon. A processor that cannot do it goes on as it is.
    """
    before = denormals_are_flushed()
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(before)


def denormals_are_flushed() -> bool:
    """Whether this thread takes denormal numbers for 0."""
    return bool(torch.full((), DENORMAL, dtype=torch.float32, device="cpu") * 1 == 0)
