"""How far latents depend on each other: two by two, and each on all others."""

import torch
from jaxtyping import Float
from torch import Tensor

from nashae_core.arguments import as_codes
from nashae_core.observations.access import evenly
from nashae_core.observations.arrays import NumbersLike

# Of the kernels, for ranks and for codes, which both lie between 0 and 1.
KERNEL_WIDTH = 0.1
MOST_ROWS = 1000
NEIGHBOURS = 5
MOST_NEIGHBOURS = 2000


def dependence(
    codes: Float[Tensor, "n m"] | NumbersLike, *, ranked: bool = True
) -> Float[Tensor, "m m"]:
    """The dependence of each pair of latents: 0 if independent, 1 if each determines the other.

    The normalised Hilbert-Schmidt independence criterion (HSIC), unbiased, with Gaussian kernels of
    width 0.1 on the latents' ranks in [0, 1], so that neither scale nor shape of a latent matters.
    NashAE makes each latent's mean unpredictable from the others; HSIC also detects what remains,
    such as a curve that folds back on itself.

    Args:
        codes: (n, m), at least four observations; of more than 1000, 1000 evenly spaced ones are
            used. Also an array, a data frame or a list.
        ranked: False for the codes themselves, in (0, 1), instead of their ranks. Then differences
            much smaller than 0.1 do not count, such as those of codes within one level of a factor
            of few levels, whose ranks are as far apart as any.

    Returns:
        (m, m), symmetric, with a diagonal of 0. Independent latents scatter around 0, also below.

    Raises:
        ValueError: Fewer than four observations; codes that are not (n, m), real and finite.
        TypeError: No array.

    Source:
        Song et al. 2012, https://www.jmlr.org/papers/v13/song12a.html (the unbiased estimator);
        normalised like a correlation.

    Example:
        >>> import torch
        >>> from nashae_core import dependence
        >>> code = torch.linspace(-1, 1, 200)
        >>> bool(dependence(torch.stack([code, code.square()], 1))[0, 1] > 0.5)
        True
    """
    codes = as_codes(codes)
    if len(codes) < 4:
        raise ValueError(f"codes must have at least four rows; got {len(codes)}")
    sample = codes[evenly(len(codes), MOST_ROWS).to(codes.device)].mT
    kernels = [_kernel(_ranks(code) if ranked else code.double()) for code in sample]
    own = [_hsic(kernel, kernel) for kernel in kernels]
    result = torch.zeros(len(kernels), len(kernels), dtype=torch.float64, device=codes.device)
    for i, first in enumerate(kernels):
        for j, second in enumerate(kernels[:i]):
            result[i, j] = result[j, i] = _hsic(first, second) / (own[i] * own[j]).sqrt()
    return result.nan_to_num()  # a constant latent is independent


def redundancy(codes: Float[Tensor, "n m"] | NumbersLike) -> Float[Tensor, " m"]:
    """How far all other latents together predict each one: 0 not at all, 1 exactly.

    The R² of a nearest-neighbour regression: a latent's rank is predicted as its mean over the five
    other observations nearest in the ranks of the other latents. Negative values become 0. It
    detects a spurious latent that depends little on any single other one, as k factors that vary
    smoothly make a surface of k dimensions. For two latents `dependence` detects more: a curve that
    folds back predicts nothing on average.

    Args:
        codes: (n, m), at least two latents and seven observations; of more than 2000, 2000 evenly
            spaced ones are used. Also an array, a data frame or a list.

    Raises:
        ValueError: Fewer latents or observations; codes that are not (n, m), real and finite.
        TypeError: No array.

    Example:
        >>> import torch
        >>> from nashae_core import redundancy
        >>> first, second = torch.rand(2, 500, generator=torch.Generator().manual_seed(0))
        >>> bool((redundancy(torch.stack([first, second, first + second], 1)) > 0.9).all())
        True
    """
    codes = as_codes(codes)
    if codes.shape[1] < 2 or len(codes) < NEIGHBOURS + 2:
        raise ValueError(
            f"codes must have at least {NEIGHBOURS + 2} rows of two latents; "
            f"got {tuple(codes.shape)}"
        )
    sample = codes[evenly(len(codes), MOST_NEIGHBOURS).to(codes.device)]
    # Whole numbers, so that distances are exact and equal ones equal.
    ranks = torch.stack([(2 * len(sample) * _ranks(code)).round() for code in sample.mT])
    distances = _squared_differences(ranks[0])
    for rank in ranks[1:]:
        distances += _squared_differences(rank)
    scores = []
    for rank in ranks:
        others = (distances - _squared_differences(rank)).fill_diagonal_(torch.inf)
        near = others.topk(NEIGHBOURS, largest=False).indices
        error = (rank - rank[near].mean(1)).square().mean()
        scores.append(1 - error / rank.var(correction=0))
    # A constant latent is predicted exactly, and predicts nothing.
    return torch.stack(scores).nan_to_num(neginf=0.0).clamp(min=0)


def _squared_differences(values: Tensor) -> Tensor:
    return (values[:, None] - values).square_()


def _ranks(code: Tensor) -> Tensor:
    """Ranks from 0 to 1; equal codes share the mean of theirs."""
    code = code.contiguous()
    ordered = code.sort().values
    low = torch.searchsorted(ordered, code)
    high = torch.searchsorted(ordered, code, right=True)
    return (low + high - 1).double() / (2 * len(code))


def _kernel(values: Tensor) -> Tensor:
    """The Gaussian kernel of all pairs (n, n), with an empty diagonal."""
    differences = (values[:, None] - values[None]) / KERNEL_WIDTH
    return differences.square_().mul_(-0.5).exp_().fill_diagonal_(0)


def _hsic(a: Tensor, b: Tensor) -> Tensor:
    """The unbiased estimate of HSIC from two kernels with empty diagonals."""
    n, sums_a, sums_b = len(a), a.sum(0), b.sum(0)
    means = sums_a.sum() * sums_b.sum() / ((n - 1) * (n - 2))
    return ((a * b).sum() + means - 2 / (n - 2) * (sums_a @ sums_b)) / (n * (n - 3))
