"""MIG-sup, the gap over factors of each latent (Li et al. 2020)."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from jaxtyping import Float64

from nashae_metrics.ground.active_latents import ActiveLatents
from nashae_metrics.ground.intervals import BOOTSTRAP, Bootstrap
from nashae_metrics.ground.sample import Sample, protocol_sample
from nashae_metrics.ground.score import Score
from nashae_metrics.information.binned import Information, shares, two_best


@dataclass(frozen=True, eq=False, kw_only=True)
class MIGSupScore(Score):
    """`score` is the mean over the active latents of `gaps` (m,), 0 for inactive ones.

    gaps: I(z_d; v_k)/H(v_k) of the latent's best factor less that of its second best. information
    (m, k): I(z_d; v_k)/H(v_k), 0 for inactive latents. entropies (k,): H(v_k) in nats. bins: of
    each latent.
    """

    gaps: Float64[np.ndarray, " m"]
    information: Float64[np.ndarray, "m k"]
    entropies: Float64[np.ndarray, " k"]
    bins: int


def mig_sup(
    codes: npt.ArrayLike,
    factors: npt.ArrayLike,
    *,
    protocol: str = "standard",
    bins: int = 20,
    active: str | ActiveLatents | npt.ArrayLike = "constant",
    factor_bins: int | None = None,
    missing: float | int | None = None,
    rng: np.random.Generator | None = None,
    bootstrap: Bootstrap | None = BOOTSTRAP,
) -> MIGSupScore:
    """MIG-sup: by how much each latent knows one factor alone.

    codes (n, m), any real numbers; factors (n, k), whole numbers, or real ones that are cut into
    `factor_bins` classes of equal counts. A latent's information is that of its `bins` bins of
    equal width over its range, which the score depends on. active: a rule's name, an
    `ActiveLatents`, or a mask (m,). Only active latents are counted: one that knows nothing lowers
    the score, one that is inactive does not, and without any the score is 0. A second factor that
    is missing (k = 1) is known by none. The score is in [0, 1]; more is better. Together with
    `mig`: that asks for one latent a factor, this for one factor a latent.

    With `rng` the interval is drawn as `bootstrap` says. protocol: "standard", all rows; this
    metric is in no other.
    missing: a label that stands for an unknown one, such as -1 or nan; rows that have it in any
    factor are left out.

    Raises `ValueError` for codes that are not finite or not (n >= 2, m >= 1), factors that are
    constant, of another length, or continuous without `factor_bins`, fewer than two bins, an
    unknown rule, and another protocol.

    Source: Li et al. 2020 (Progressive learning and disentanglement of hierarchical
    representations).
    """
    sample = protocol_sample(
        codes,
        factors,
        protocol=protocol,
        active=active,
        factor_bins=factor_bins,
        missing=missing,
        rng=rng,
        known=("standard",),
    )
    return mig_sup_of(sample, protocol=protocol, rng=rng, bootstrap=bootstrap, bins=bins)


def mig_sup_of(
    sample: Sample,
    *,
    protocol: str = "standard",
    rng: np.random.Generator | None = None,
    bootstrap: Bootstrap | None = None,
    bins: int = 20,
) -> MIGSupScore:
    """The MIG-sup of a sample that is checked."""
    found = sample.information(bins)
    gaps = _gaps(found)
    score = float(_mean(gaps))
    return MIGSupScore(
        score=score,
        interval=sample.information_interval(
            score, lambda drawn: _mean(_gaps(drawn)), bins=bins, bootstrap=bootstrap, rng=rng
        ),
        **sample.common_fields(protocol, rng),
        gaps=sample.spread(gaps),
        information=sample.spread(shares(found.mutual, found.factors)),
        entropies=found.factors,
        bins=bins,
    )


def _gaps(found: Information) -> Float64[np.ndarray, "*draws a"]:
    known = shares(found.mutual, found.factors[..., None, :])
    best, second = two_best(np.swapaxes(known, -1, -2))
    gaps: Float64[np.ndarray, "*draws a"] = best - second
    return gaps


def _mean(gaps: Float64[np.ndarray, "*draws a"]) -> Float64[np.ndarray, "*draws"]:
    return np.asarray(gaps.sum(-1) / max(gaps.shape[-1], 1))
