"""How far latents depend on each other, in whatever way: two by two, and each on all others."""

import torch
from jaxtyping import Float
from torch import Tensor

from nashae_core.arguments import as_codes
from nashae_core.observations.access import evenly
from nashae_core.observations.arrays import NumbersLike

# Of ranks and codes, which both lie between 0 and 1.
KERNEL_WIDTH = 0.1
MOST_ROWS = 1000
NEIGHBOURS = 5
MOST_NEIGHBOURS = 2000


def dependence(
    codes: Float[Tensor, "n m"] | NumbersLike, *, ranked: bool = True
) -> Float[Tensor, "m m"]:
    """How far each latent depends on each other one: 0 independent, 1 each tells the other.

    The diagonal is 0. The normalised Hilbert-Schmidt independence criterion, without bias, of the
    latents' ranks, so that neither their scale nor their shape matters, with Gaussian kernels of a
    tenth of the ranks' range. Where two are independent it scatters around 0, also below. NashAE
    makes each latent's mean unpredictable from the others; this sees what is left, such as a curve
    that doubles back. Of more than 1000 rows, 1000 evenly spaced ones are taken.

    `ranked`: False for the codes themselves, in (0, 1), with kernels of width 0.1. Then what is
    much smaller than that does not count, such as how codes lie within the levels of a factor that
    has few; the ranks within a level are as far apart as any.

    `codes` may be an array, a data frame or a list as well.

    Raises `TypeError` for what is no array, `ValueError` for fewer than four rows and for codes
    that are not (n, m), real and finite.

    Source: Song et al. 2012, Feature Selection via Dependence Maximization (the unbiased
    estimator); the normalisation is that of a correlation.
    """
    codes = as_codes(codes)
    if len(codes) < 4:
        raise ValueError(f"codes must have at least four rows; got {len(codes)}")
    rows = codes[evenly(len(codes), MOST_ROWS).to(codes.device)].mT
    kernels = [_kernel(_ranks(code) if ranked else code.double()) for code in rows]
    own = [_criterion(kernel, kernel) for kernel in kernels]
    found = torch.zeros(len(kernels), len(kernels), dtype=torch.float64, device=codes.device)
    for i, first in enumerate(kernels):
        for j, second in enumerate(kernels[:i]):
            both = _criterion(first, second) / (own[i] * own[j]).sqrt()
            found[i, j] = found[j, i] = both
    return found.nan_to_num()  # a constant latent tells nothing


def redundancy(codes: Float[Tensor, "n m"] | NumbersLike) -> Float[Tensor, " m"]:
    """How far all other latents together tell each one: 0 not at all, 1 exactly.

    The R² of a latent's rank as the mean of the five observations that are nearest in the ranks of
    the others, itself left out, and 0 where that is negative. A latent too many is told by the
    others, also where it depends little on any single one: k factors that vary smoothly make a
    surface of k dimensions. Of two latents it says less than `dependence`: a curve that doubles
    back tells nothing on the mean. Of more than 2000 rows, 2000 evenly spaced ones are taken.

    `codes` may be an array, a data frame or a list as well.

    Raises `TypeError` for what is no array, `ValueError` for fewer than two latents or seven rows,
    and for codes that are not (n, m), real and finite.
    """
    codes = as_codes(codes)
    if codes.shape[1] < 2 or len(codes) < NEIGHBOURS + 2:
        raise ValueError(
            f"codes must have at least {NEIGHBOURS + 2} rows of two latents; "
            f"got {tuple(codes.shape)}"
        )
    rows = codes[evenly(len(codes), MOST_NEIGHBOURS).to(codes.device)]
    # Whole numbers, so that distances are exact and equal ones equal.
    ranks = torch.stack([(2 * len(rows) * _ranks(code)).round() for code in rows.mT])
    apart = _apart(ranks[0])
    for rank in ranks[1:]:
        apart += _apart(rank)
    found = []
    for rank in ranks:
        others = (apart - _apart(rank)).fill_diagonal_(torch.inf)
        near = others.topk(NEIGHBOURS, largest=False).indices
        missed = (rank - rank[near].mean(1)).square().mean()
        found.append(1 - missed / rank.var(correction=0))
    # A constant latent is told, and tells nothing.
    return torch.stack(found).nan_to_num(neginf=0.0).clamp(min=0)


def _apart(ranks: Float[Tensor, " n"]) -> Float[Tensor, "n n"]:
    """The square of each difference."""
    return (ranks[:, None] - ranks).square_()


def _ranks(code: Float[Tensor, " n"]) -> Float[Tensor, " n"]:
    """From 0 to 1; equal codes have the mean of their ranks."""
    code = code.contiguous()
    ordered = code.sort().values
    low = torch.searchsorted(ordered, code)
    high = torch.searchsorted(ordered, code, right=True)
    return (low + high - 1).double() / (2 * len(code))


def _kernel(values: Float[Tensor, " n"]) -> Float[Tensor, "n n"]:
    apart = (values[:, None] - values[None]) / KERNEL_WIDTH
    return apart.square_().mul_(-0.5).exp_().fill_diagonal_(0)


def _criterion(a: Float[Tensor, "n n"], b: Float[Tensor, "n n"]) -> Float[Tensor, ""]:
    """The unbiased estimate, from kernels with empty diagonals."""
    n = len(a)
    rows_a, rows_b = a.sum(0), b.sum(0)
    apart = rows_a.sum() * rows_b.sum() / ((n - 1) * (n - 2))
    return ((a * b).sum() + apart - 2 / (n - 2) * (rows_a @ rows_b)) / (n * (n - 3))
