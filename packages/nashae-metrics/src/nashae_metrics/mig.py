"""Mutual information gap (Chen et al. 2018)."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from jaxtyping import Bool, Float64

from nashae_metrics.active_latents import ActiveLatents, active_latents
from nashae_metrics.arrays import check_varying, codes_array, factors_array
from nashae_metrics.mutual_information import binned_information, factor_entropies


@dataclass(frozen=True, eq=False)
class MIGScore:
    """`score` is the mean of `gaps` (k,), each the gap of the two best latents over H(v_k).

    information (m, k): I(z_d; v_k)/H(v_k), 0 for inactive latents. entropies (k,): H(v_k) in nats.
    active (m,): the latents that took part, by `rule`. bins: of each latent. samples: the rows.
    """

    score: float
    gaps: Float64[np.ndarray, " k"]
    information: Float64[np.ndarray, "m k"]
    entropies: Float64[np.ndarray, " k"]
    active: Bool[np.ndarray, " m"]
    rule: str
    bins: int
    samples: int

    @property
    def active_count(self) -> int:
        """How many latents took part."""
        return int(self.active.sum())


def mig(
    codes: npt.ArrayLike,
    factors: npt.ArrayLike,
    *,
    bins: int = 20,
    active: str | ActiveLatents | npt.ArrayLike = "constant",
) -> MIGScore:
    """Mutual information gap: by how much one latent alone knows each factor.

    codes (n, m), any real numbers; factors (n, k), whole numbers. I(z_d; v_k) is that of the latent
    in `bins` equal-width bins over its range, which the score depends on: a perfect code of 32
    values needs 32 bins or more to reach 1. active: a rule's name, an `ActiveLatents`, or a mask
    (m,); an inactive latent has no information, and a second best that is missing has none either.
    The score is in [0, 1]; more is better.

    Raises `ValueError` for codes that are not finite or not (n >= 2, m >= 1), factors that are
    constant, not whole numbers or of another length, fewer than two bins, and an unknown rule.

    Source: Chen et al. 2018, eq. 6.
    """
    checked = codes_array(codes)
    truth = factors_array(factors, rows=len(checked))
    check_varying(truth, list(range(truth.shape[1])))
    if bins < 2:
        raise ValueError(f"bins must be at least 2, got {bins}")
    mask, rule = active_latents(checked, active)
    entropies = factor_entropies(truth)
    information = np.zeros((checked.shape[1], truth.shape[1]))
    if mask.any():
        information[mask] = binned_information(checked[:, mask], truth, bins) / entropies
    best = np.sort(np.vstack([np.zeros((2, truth.shape[1])), information]), axis=0)
    gaps = best[-1] - best[-2]
    return MIGScore(
        score=float(gaps.mean()),
        gaps=gaps,
        information=information,
        entropies=entropies,
        active=mask,
        rule=rule,
        bins=bins,
        samples=len(checked),
    )
