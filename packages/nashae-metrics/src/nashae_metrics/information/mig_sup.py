"""MIG-sup, the gap over factors of each latent (Li et al. 2020)."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from jaxtyping import Float64

from nashae_metrics.ground.active_latents import ActiveLatents
from nashae_metrics.ground.intervals import BOOTSTRAP, Bootstrap
from nashae_metrics.ground.reductions import gaps, mean, shares
from nashae_metrics.ground.sample import Sample
from nashae_metrics.information.metric import BINS, InformationMetric, InformationScore
from nashae_metrics.information.table import Information


@dataclass(frozen=True, eq=False, kw_only=True)
class MIGSupScore(InformationScore):
    """`score` is the mean over the active latents of `gaps` (m,), 0 for inactive ones.

    gaps: I(z_d; v_k)/H(v_k) of the latent's best factor less that of its second best. information
    (m, k): I(z_d; v_k)/H(v_k), 0 for inactive latents. entropies (k,): H(v_k) in nats. bins: of
    each latent.
    """

    gaps: Float64[np.ndarray, " m"]
    entropies: Float64[np.ndarray, " k"]


def mig_sup(
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
) -> MIGSupScore:
    """MIG-sup: how much more each latent knows of its best factor than of the next one.

    The counterpart of `mig`, which asks for one latent a factor; this asks for one factor a latent.
    The score, in [0, 1], is the mean over the active latents; more is better. An active latent
    without information lowers it, an inactive one does not; with no active latent it is 0. With one
    factor the second best is 0.

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

    Source: Li et al. 2020, https://arxiv.org/abs/2002.10549
    """
    return _MIG_SUP.of_arrays(
        codes, factors, protocol, bins, active, factor_bins, missing, rng, bootstrap
    )


def _gaps(information: Information) -> Float64[np.ndarray, "*draws a"]:
    known = shares(information.mutual, information.factors[..., None, :])
    return gaps(np.swapaxes(known, -1, -2))


def _fields(information: Information, sample: Sample) -> dict[str, Any]:
    return {
        "gaps": sample.spread(_gaps(information)),
        "information": sample.spread(shares(information.mutual, information.factors)),
        "entropies": information.factors,
    }


_MIG_SUP = InformationMetric(MIGSupScore, lambda information: mean(_gaps(information)), _fields)
METRIC = _MIG_SUP.record(
    mig_sup, "gap in information between the two best factors of each latent", "Li et al. 2020"
)
