"""Modularity (Ridgeway & Mozer 2018)."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from jaxtyping import Bool, Float64

from nashae_metrics.ground.active_latents import ActiveLatents
from nashae_metrics.ground.intervals import BOOTSTRAP, Bootstrap
from nashae_metrics.ground.reductions import mean, shares
from nashae_metrics.ground.sample import Sample
from nashae_metrics.information.metric import BINS, InformationMetric, InformationScore
from nashae_metrics.information.table import Information


@dataclass(frozen=True, eq=False, kw_only=True)
class ModularityScore(InformationScore):
    """`score` is the mean over the active latents of `modularities` (m,), 0 for inactive ones.

    informed (m,): which active latents have information about any factor; one that has none has
    modularity 0. information (m, k): I(z_d; v_k) in nats, 0 for inactive latents. bins: of each
    latent.
    """

    modularities: Float64[np.ndarray, " m"]
    informed: Bool[np.ndarray, " m"]


def modularity(
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
) -> ModularityScore:
    """Modularity: whether each latent has information about one factor alone.

    Of latent d it is 1 - Σ_{k≠k*} I_dk² / (I_dk*² (K - 1)), k* its best factor of K: 1 if it knows
    of one factor alone, 0 if of all alike. With one factor a latent that knows of it has 1. The
    score is the mean over the active latents, in [0, 1]; more is better, and with no active latent
    it is 0.

    A latent that knows of no factor has 0/0 by the formula and 0 here, as in disentanglement_lib.
    In finite samples a latent of pure noise knows a little of each factor by chance, and has a
    modularity well above 0 (.6 among dSprites' five factors, from 10,000 observations).
    disentanglement_lib counts inactive latents as 0, so that a perfect code, half of whose latents
    are inactive, has .5 there; here no inactive latent counts.

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

    Source: Ridgeway & Mozer 2018, section 3, https://arxiv.org/abs/1802.05312
    """
    return _MODULARITY.of_arrays(
        codes, factors, protocol, bins, active, factor_bins, missing, rng, bootstrap
    )


def _modularities(information: Information) -> Float64[np.ndarray, "*draws a"]:
    squares = information.mutual**2
    best = squares.max(-1)
    rest = squares.sum(-1) - best
    deviation = shares(rest, best * max(squares.shape[-1] - 1, 1))
    modularities: Float64[np.ndarray, "*draws a"] = np.where(best > 0, 1 - deviation, 0.0)
    np.clip(modularities, 0.0, 1.0, out=modularities)
    return modularities


def _fields(information: Information, sample: Sample) -> dict[str, Any]:
    return {
        "modularities": sample.spread(_modularities(information)),
        "informed": sample.spread(information.mutual.max(-1)) > 0,
        "information": sample.spread(information.mutual),
    }


_MODULARITY = InformationMetric(
    ModularityScore,
    lambda information: mean(_modularities(information)),
    _fields,
    protocols=("standard", "locatello2019"),
)
METRIC = _MODULARITY.record(
    modularity, "whether each latent has information about one factor only", "Ridgeway & Mozer 2018"
)
