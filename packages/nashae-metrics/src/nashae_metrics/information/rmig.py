"""Robust mutual information gap (Do & Tran 2020)."""

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
class RMIGScore(InformationScore):
    """`score` is the mean of `gaps` (k,) in nats, each I of the best latent less that of the next.

    normalised_gaps (k,): the gaps over H(v_k), in [0, 1]; normalised: their mean. information
    (m, k): I(z_d; v_k) in nats, 0 for inactive latents. entropies (k,): H(v_k) in nats. bins: of
    each latent.
    """

    gaps: Float64[np.ndarray, " k"]
    normalised_gaps: Float64[np.ndarray, " k"]
    normalised: float
    entropies: Float64[np.ndarray, " k"]


def rmig(
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
) -> RMIGScore:
    """Robust mutual information gap: the gap of `mig` in nats.

    The score, in [0, mean H(v_k)], is the mean over the factors of the information of the best
    latent less that of the second best; more is better. Factors of many values weigh more than
    those of few; divided by the entropies (`normalised`) it is the score of `mig`. An inactive or
    missing latent has no information.

    Args:
        codes: (n, m), finite real numbers, n >= 2.
        factors: (n, k), whole numbers, or real ones together with `factor_bins`.
        protocol: "standard", the only one.
        bins: of equal width over each latent's range; the score depends on them.
        active: a rule of active latents, its name, or a mask (m,).
        factor_bins: how many classes of equal counts a continuous factor is cut into.
        missing: the label of an unknown factor, such as -1 or nan; rows that have it are left out.
        rng: draws the interval; without it there is none.
        bootstrap: how the interval is drawn; None for no interval.

    Raises:
        ValueError: an argument is not as described.
        NotApplicable: a factor is constant, or the protocol takes more rows.

    Source: Do & Tran 2020, https://arxiv.org/abs/1908.09961
    """
    # Differs from the paper: a latent is its code, in bins over its own range; there it is a
    # distribution q(z|x), sampled, in bins over a fixed range.
    return _RMIG.of_arrays(
        codes, factors, protocol, bins, active, factor_bins, missing, rng, bootstrap
    )


def _gaps(information: Information) -> Float64[np.ndarray, "*draws k"]:
    return gaps(information.mutual)


def _fields(information: Information, sample: Sample) -> dict[str, Any]:
    normalised = shares(_gaps(information), information.factors)
    return {
        "gaps": _gaps(information),
        "normalised_gaps": normalised,
        "normalised": float(normalised.mean()),
        "information": sample.spread(information.mutual),
        "entropies": information.factors,
    }


_RMIG = InformationMetric(
    RMIGScore, lambda information: _gaps(information).mean(-1), _fields, highest=np.inf
)
METRIC = _RMIG.record(
    rmig,
    "the same gap in nats, not divided by the factor's entropy",
    "Do & Tran 2020",
    range="0 … log classes",
)
