"""Checks of a sample of the observations before training."""

import math
import warnings
from typing import NamedTuple

import torch
from torch import Tensor, nn

from nashae_core.observations.access import OURS, Observations, batches, evenly
from nashae_core.observations.arrays import check_finite, check_floating

# The sample, evenly spaced in the data's order: at most so many observations, and elements.
ROWS, ELEMENTS = 1000, 1 << 21
# Of a class of the caller's own, which may be slow: one at a time.
ROWS_OF_A_CALLERS = 16
# Deviations and root mean squares outside these bounds are warned of.
LEAST, MOST = 1 / 30, 30.0
# Numbers may be outside `Demands.within` by this much.
ROUNDING = 1e-6


class Demands(NamedTuple):
    """What a model requires of its observations, beside finite floating-point numbers."""

    within: tuple[float, float] = (-math.inf, math.inf)
    """The least and the greatest number."""
    because: str = ""
    """The reason for `within`, and what to do: the end of the error's text."""
    varied: bool = False
    """Whether observations must not all be equal."""
    standardised_by: tuple[float, float] = (0.0, 1.0)
    """The shift and the scale by which the model itself standardises them."""


@torch.no_grad()
def inspect(
    rows: Tensor | Observations, model: nn.Module, demands: Demands, device: torch.device
) -> None:
    """Check a sample of the observations for training; of a tensor `demands.within` for all.

    Raises:
        ValueError: Not finite or not floating point; what `demands` excludes; channels last before
            a convolution.

    Warns:
        UserWarning: Bytes as floating point; a scale far from 1; over nine in ten columns constant.
    """
    index = evenly(len(rows), ROWS if isinstance(rows, Tensor | OURS) else ROWS_OF_A_CALLERS)
    (first,) = batches(rows, [index[:1]], device)
    check_floating(first.dtype, "observations")
    if isinstance(rows, Tensor | OURS):
        index = evenly(len(rows), min(ROWS, max(1, ELEMENTS // max(1, first.numel()))))
        (sample,) = batches(rows, [index], device)
    else:
        sample = torch.cat([first, *batches(rows, index[1:, None], device)])
    check_finite(sample, "observations", index)
    _check_order(sample, model)
    least, greatest = (float(v) for v in (rows if isinstance(rows, Tensor) else sample).aminmax())
    if least < demands.within[0] - ROUNDING or greatest > demands.within[1] + ROUNDING:
        low, high = demands.within
        raise ValueError(
            f"observations must be in [{low:g}, {high:g}]; got {least:.4g} ... {greatest:.4g}: "
            f"{demands.because}"
        )
    if demands.varied and len(rows) > 1 and _all_same(rows, sample, device):
        raise ValueError(
            f"observations must differ; got {len(rows)} that are all the same: check how they were "
            "read"
        )
    shift, scale = demands.standardised_by
    _warn_of_scale((sample.to(torch.float64) - shift) / scale)


def _all_same(rows: Tensor | Observations, sample: Tensor, device: torch.device) -> bool:
    """Whether all observations equal the first; all are read only if those of the sample do."""
    first = sample[0]
    if not bool((sample == first).all()):
        return False
    pieces = torch.split(torch.arange(len(rows), device="cpu"), len(sample))
    return all(bool((piece == first).all()) for piece in batches(rows, pieces, device))


def _check_order(sample: Tensor, model: nn.Module) -> None:
    """Raises `ValueError` for images with channels last before a convolution."""
    convolution = next((m for m in model.modules() if isinstance(m, nn.Conv2d)), None)
    if convolution is None or sample.dim() != 4:
        return
    wanted, shape = convolution.in_channels, tuple(sample.shape[1:])
    if shape[0] == wanted or shape[2] != wanted or _takes(model, sample[:1]):
        return
    raise ValueError(
        f"observations must be (n, {wanted}, height, width), channels first; got "
        f"(n, {', '.join(map(str, shape))}): give observations.permute(0, 3, 1, 2)"
    )


def _takes(model: nn.Module, row: Tensor) -> bool:
    """Whether a model encodes a row, as one does that permutes the axes itself."""
    encode = getattr(model, "encode", model)
    modes = {module: module.training for module in model.modules()}
    try:
        encode(row) if callable(encode) and model.eval() else None
    except (RuntimeError, ValueError):
        return False
    finally:
        for module, mode in modes.items():
            module.training = mode
    return True


def _warn_of_scale(sample: Tensor) -> None:
    centred = sample - sample.mean(0)
    size, deviation = float(sample.square().mean().sqrt()), float(centred.square().mean().sqrt())
    least, greatest = (float(v) for v in sample.aminmax())
    constant = (sample == sample[0]).all(0)
    message = None
    if least >= 0 and 127 < greatest <= 255 and bool((sample == sample.round()).all()):
        message = (
            f"observations look like bytes, whole numbers {least:g} ... {greatest:g}: divide them "
            "by 255, or give images as bytes to ImageObservations"
        )
    elif len(sample) > 1 and (size > MOST or 0 < deviation < LEAST):
        message = (
            f"observations should be about 0 with a deviation of about 1; got a mean of "
            f"{float(sample.mean()):.4g} and a deviation of {deviation:.4g}, "
            f"{least:.4g} ... {greatest:.4g}: subtract their mean and divide by their deviation"
        )
    elif len(sample) >= 10 and not constant.all() and constant.double().mean() > 0.9:
        message = (
            f"observations are constant in {int(constant.sum())} of {constant.numel()} columns: "
            "check how they were read, or leave those columns out"
        )
    if message:
        warnings.warn(message, stacklevel=4)
