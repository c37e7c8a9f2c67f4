"""Denormal numbers, which many processors handle slowly."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

DENORMAL = 1e-39


@contextmanager
def flushed_denormals() -> Iterator[None]:
    """Within the block the calling thread flushes numbers below 1.2e-38 to zero, if it can.

    Adam's mean gradient of a weight without a gradient falls that far, and rounding keeps it above
    0. With a fifth of a model's weights like that, a step took twice as long on an Intel Xeon.
    """
    before = denormals_are_flushed()
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(before)


def denormals_are_flushed() -> bool:
    """Whether this thread flushes denormals to zero."""
    return bool(torch.full((), DENORMAL, dtype=torch.float32, device="cpu") * 1 == 0)
