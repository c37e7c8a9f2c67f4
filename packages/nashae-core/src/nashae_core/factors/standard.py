"""Data of any scale and offset, standardised as the searches train on them."""

import math
import warnings
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from nashae_core.factors.checks import check_rows
from nashae_core.factors.sample import BATCH, DataSample, HeldObservations
from nashae_core.observations.access import ObservationsLike, as_observations, on_device

# The weight, beside the skewness, of the projection that decides the sign of data without skew.
TIE = 1e-3
# A mean of equal numbers differs from them by less than this share of them.
ROUNDING = 1e-12
# The largest rounding, in deviations, for a model that takes the data as given.
COARSEST = 0.01


class Standard(NamedTuple):
    """The numbers that standardise data: (x − shift)/scale has mean 0 and mean square 1.

    Args:
        shift: The mean of all elements.
        scale: The deviation of all elements. Its sign makes the standardised data skewed to the
            right, so that a·x + b is standardised to what x is, also for negative a.
        variance: Of the standardised data: ½·mean (x − x̄)², x̄ being the mean observation. It is
            the error of a model that always gives x̄.
    """

    shift: float
    scale: float
    variance: float


def standard_sample(
    observations: ObservationsLike, device: torch.device, dtype: torch.dtype
) -> tuple[DataSample, Standard]:
    """A sample of standardised observations on `device`, as `dtype`, and their moments.

    The moments are those of at most 10,000 observations.

    Warns (`UserWarning`) if a model of `dtype` rounds off differences between the observations as
    given.

    Raises `ValueError` as `train` does, for fewer than ten observations, and if all are equal.
    """
    observations = as_observations(observations)
    check_rows(observations)
    # A large offset needs all bits until it is subtracted.
    own = observations.dtype if isinstance(observations, Tensor) else torch.float64
    rows = on_device(observations, device, own)
    raw = DataSample(HeldObservations(rows, device, torch.float64))
    standard = _standard(raw)
    shift, scale, _ = standard
    _warn_of_offset(shift, scale, dtype)
    if not isinstance(rows, Tensor):
        return DataSample(HeldObservations(rows, device, dtype, shift, scale)), standard
    whole = torch.empty_like(rows, dtype=dtype)
    for part, x in zip(torch.split(whole, BATCH), torch.split(rows, BATCH), strict=True):
        part.copy_((x.double() - shift) / scale)
    return DataSample(HeldObservations(whole, device, dtype)), standard


def _standard(raw: DataSample) -> Standard:
    """The moments; observations that differ by less than the mean's rounding are equal."""
    n = len(raw)
    mean_row = torch.stack([x.reshape(len(x), -1).sum(0) for x in raw.batches()]).sum(0) / n
    elements, mean = n * len(mean_row), mean_row.mean()
    squares, cubes, projection, done = torch.zeros_like(mean_row), 0.0, 0.0, 0
    across = _disordered(0, len(mean_row)).to(mean_row)
    for x in raw.batches():
        x = x.reshape(len(x), -1)
        squares += (x - mean_row).square().sum(0)
        apart = x - mean
        cubes += float(apart.pow(3).sum())
        projection += float(_disordered(done, len(x)).to(mean_row) @ apart @ across)
        done += len(x)
    if not squares.isfinite().all():
        raise ValueError("observations must be finite; got NaN or infinite elements")
    if not (squares > n * (ROUNDING * mean_row).square()).any():
        raise ValueError(
            f"observations must differ; got {n} that are all the same: there is no factor to find"
        )
    own = float(squares.sum()) / elements
    square = own + float(mean_row.var(correction=0))
    scale = math.sqrt(square)
    # For data without skew a projection of them decides the sign.
    skewness = cubes / elements / scale**3
    sign = skewness + TIE * projection / math.sqrt(elements) / scale
    return Standard(float(mean), math.copysign(scale, sign), own / square / 2)


def _warn_of_offset(shift: float, scale: float, dtype: torch.dtype) -> None:
    rounding = torch.finfo(dtype).eps * abs(shift / scale)
    if rounding > COARSEST:
        warnings.warn(
            f"observations of mean {shift:.3g} and deviation {abs(scale):.3g} are rounded by "
            f"{rounding:.2g} deviations in the model's {dtype}: subtract {shift:.3g} from them",
            stacklevel=5,  # whoever called the search
        )


def _disordered(first: int, n: int) -> Float[Tensor, " n"]:
    """Numbers `first` to `first + n` of a fixed sequence around 0."""
    return torch.arange(first, first + n, dtype=torch.float64, device="cpu").square().cos()
