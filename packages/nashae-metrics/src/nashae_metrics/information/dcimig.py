"""DCIMIG, the gaps of MIG one latent a factor (Sepliarskaia et al. 2020)."""

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
class DCIMIGScore(InformationScore):
    """`score` is the sum of `best` (k,) over the sum of `entropies` (k,), H(v_k) in nats.

    gaps (m, k): for the factor k that latent d knows most of, its information about k less that
    about its second best factor, in nats; 0 elsewhere and for inactive latents. best: the largest
    gap of each factor. information (m, k): I(z_d; v_k) in nats. bins: of each latent.
    """

    best: Float64[np.ndarray, " k"]
    gaps: Float64[np.ndarray, "m k"]
    entropies: Float64[np.ndarray, " k"]


def dcimig(
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
) -> DCIMIGScore:
    """DCIMIG: the share of the factors' entropy that latents know of one factor alone.

    Each latent has a gap: its information about its best factor less that about its second best.
    The score is the sum over the factors of the largest gap, over the sum of their entropies, in
    [0, 1]; more is better. A latent whose factor another latent knows better counts nothing, so
    copies of a latent cost nothing. With no active latent the score is 0; with one factor the
    second best is 0.

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

    Source: Sepliarskaia et al. 2020, https://arxiv.org/abs/1910.05587
    """
    return _DCIMIG.of_arrays(
        codes, factors, protocol, bins, active, factor_bins, missing, rng, bootstrap
    )


def _gaps(information: Information) -> Float64[np.ndarray, "*draws a k"]:
    by_factor = np.swapaxes(information.mutual, -1, -2)
    # A latent that knows two factors best has the gap 0, so that neither has to be chosen.
    at_best = information.mutual == by_factor.max(-2)[..., None]
    result: Float64[np.ndarray, "*draws a k"] = np.where(at_best, gaps(by_factor)[..., None], 0.0)
    return result


def _scores(information: Information) -> Float64[np.ndarray, "*draws"]:
    captured = np.asarray(_gaps(information).max(-2, initial=0.0).sum(-1))
    return shares(captured, np.asarray(information.factors.sum(-1)))


def _fields(information: Information, sample: Sample) -> dict[str, Any]:
    return {
        "best": _gaps(information).max(0, initial=0.0),
        "gaps": sample.spread(_gaps(information)),
        "information": sample.spread(information.mutual),
        "entropies": information.factors,
    }


_DCIMIG = InformationMetric(DCIMIGScore, _scores, _fields)
METRIC = _DCIMIG.record(
    dcimig,
    "share of the factors' entropy that latents know of one factor alone",
    "Sepliarskaia et al. 2020",
)
