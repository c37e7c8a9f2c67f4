"""Mutual information gap (Chen et al. 2018)."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from jaxtyping import Float64

from nashae_metrics.ground.active_latents import ActiveLatents
from nashae_metrics.ground.intervals import BOOTSTRAP, Bootstrap
from nashae_metrics.ground.reductions import gaps, shares
from nashae_metrics.ground.sample import Sample
from nashae_metrics.information.metric import BINS, InformationMetric, InformationScore
from nashae_metrics.information.table import Information


@dataclass(frozen=True, eq=False, kw_only=True)
class MIGScore(InformationScore):
    """`score` is the mean of `gaps` (k,), each the gap of the two best latents over H(v_k).

    information (m, k): I(z_d; v_k)/H(v_k), 0 for inactive latents. entropies (k,): H(v_k) in nats.
    bins: of each latent.
    """

    gaps: Float64[np.ndarray, " k"]
    entropies: Float64[np.ndarray, " k"]


def mig(
    codes: npt.ArrayLike,
    factors: npt.ArrayLike,
    *,
    protocol: str = "standard",
    bins: int = BINS,
    active: str | ActiveLatents | npt.ArrayLike = "constant",
    factor_bins: int | None = None,
    missing: float | int | None = None,
    rng: np.random.Generator | None = None,
    bootstrap: Bootstrap | None = BOOTSTRAP,
) -> MIGScore:
    """Mutual information gap: how much more of each factor its best latent knows than the next one.

    The information of a latent about a factor is that of its bins, as a share of the factor's
    entropy. The score, in [0, 1], is the mean over the factors of the largest share less the second
    largest; more is better. An inactive or missing latent has no information. A perfect code of 32
    values needs 32 bins or more to reach 1.

    Args:
        codes: (n, m), finite real numbers, n >= 2.
        factors: (n, k), whole numbers, or real ones together with `factor_bins`.
        protocol: "standard" takes all rows; "locatello2019" 10,000 of them, drawn by `rng`.
        bins: of equal width over each latent's range; the score depends on them.
        active: a rule of active latents, its name, or a mask (m,).
        factor_bins: how many classes of equal counts a continuous factor is cut into.
        missing: the label of an unknown factor, such as -1 or nan; rows that have it are left out.
        rng: draws the rows and the interval; without it there is no interval.
        bootstrap: how the interval is drawn; None for no interval.

    Raises:
        ValueError: an argument is not as described.
        NotApplicable: a factor is constant, or the protocol takes more rows.

    Source: Chen et al. 2018, eq. 6, https://arxiv.org/abs/1802.04942

    Example:
        >>> factors = np.random.default_rng(0).integers(0, 4, (1000, 2))
        >>> mig(factors[:, :1], factors).gaps.round(2)  # one latent, which is the first factor
        array([1., 0.])
    """
    return _MIG.of_arrays(
        codes, factors, protocol, bins, active, factor_bins, missing, rng, bootstrap
    )


def _gaps(information: Information) -> Float64[np.ndarray, "*draws k"]:
    return gaps(shares(information.mutual, information.factors[..., None, :]))


def _fields(information: Information, sample: Sample) -> dict[str, Any]:
    return {
        "gaps": _gaps(information),
        "information": sample.spread(shares(information.mutual, information.factors)),
        "entropies": information.factors,
    }


_MIG = InformationMetric(
    MIGScore,
    lambda information: _gaps(information).mean(-1),
    _fields,
    protocols=("standard", "locatello2019"),
)
METRIC = _MIG.record(
    mig, "gap in information between the two best latents of each factor", "Chen et al. 2018"
)
