"""A look at the observations before training.

What cannot be meant is refused, what is likely wrong is warned of, each with its cure.
"""

import math
import warnings
from typing import NamedTuple

import torch
from torch import Tensor, nn

from nashae_core.observations.access import OURS, Observations, batches, evenly
from nashae_core.observations.arrays import check_finite, check_floating

# What is looked at, evenly spaced in the data's order: at most so many observations, and elements.
ROWS, ELEMENTS = 1000, 1 << 21
# Of a class of the caller's, which may be slow, or count what it is asked for: one at a time.
ROWS_OF_A_CALLERS = 16
# Deviations and root mean squares within these bounds are near enough to 1.
LEAST, MOST = 1 / 30, 30.0
# Rounding of numbers that are to be within bounds.
ROUNDING = 1e-6


class Demands(NamedTuple):
    """What a model asks of its observations, beside finite floating-point numbers."""

    within: tuple[float, float] = (-math.inf, math.inf)
    """The least and the greatest number that it can take."""
    because: str = ""
    """What wants them so, and the cure: the end of the error's text."""
    varied: bool = False
    """Whether observations that are all the same leave it nothing to learn."""
    standardised_by: tuple[float, float] = (0.0, 1.0)
    """The shift and the scale that the model itself takes from them."""


@torch.no_grad()
def inspect(
    rows: Tensor | Observations, model: nn.Module, demands: Demands, device: torch.device
) -> None:
    """Look at some of the observations that `model` is to be trained on, on `device`.

    Of a tensor all elements are held to `demands.within`, of others those of the sample.

    Raises `ValueError` for rows that are not finite or not floating point, are outside of what the
    model can take, are all the same where it wants them varied, or have their channels last before
    a convolution. Warns (`UserWarning`) of bytes given as floating point, of a scale far from 1,
    and where more than nine in ten columns are constant.
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
            f"observations must differ; got {len(rows)} that are all the same: there is nothing "
            "to learn, look how they were read"
        )
    shift, scale = demands.standardised_by
    _warn_of_scale((sample.to(torch.float64) - shift) / scale)


def _all_same(rows: Tensor | Observations, sample: Tensor, device: torch.device) -> bool:
    """Whether every observation is the first; all are looked at where those of the sample are."""
    first = sample[0]
    if not bool((sample == first).all()):
        return False
    pieces = torch.split(torch.arange(len(rows), device="cpu"), len(sample))
    return all(bool((piece == first).all()) for piece in batches(rows, pieces, device))


def _check_order(sample: Tensor, model: nn.Module) -> None:
    """Refuse images whose channels are last, where the first convolution wants them first."""
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
    """Whether a model encodes a row all the same, as one does that permutes the axes itself."""
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
    told = None
    if least >= 0 and 127 < greatest <= 255 and bool((sample == sample.round()).all()):
        told = (
            f"observations look like bytes, whole numbers {least:g} ... {greatest:g}: divide them "
            "by 255, or give images as bytes to ImageObservations"
        )
    elif len(sample) > 1 and (size > MOST or 0 < deviation < LEAST):
        told = (
            f"observations should be about 0 with a deviation of about 1; got a mean of "
            f"{float(sample.mean()):.4g} and a deviation of {deviation:.4g}, "
            f"{least:.4g} ... {greatest:.4g}: subtract their mean and divide by their deviation"
        )
    elif len(sample) >= 10 and not constant.all() and constant.double().mean() > 0.9:
        told = (
            f"observations are constant in {int(constant.sum())} of {constant.numel()} columns: "
            "look how they were read, or leave those columns out"
        )
    if told:
        warnings.warn(told, stacklevel=4)
