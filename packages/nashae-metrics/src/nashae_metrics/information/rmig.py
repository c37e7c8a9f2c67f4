"""Robust mutual information gap (Do & Tran 2020)."""

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
class RMIGScore(Score):
    """`score` is the mean of `gaps` (k,) in nats, each I of the best latent less that of the next.

    normalised_gaps (k,): the gaps over H(v_k), in [0, 1]; normalised: their mean. information
    (m, k): I(z_d; v_k) in nats, 0 for inactive latents. entropies (k,): H(v_k) in nats. bins: of
    each latent.
    """

    gaps: Float64[np.ndarray, " k"]
    normalised_gaps: Float64[np.ndarray, " k"]
    normalised: float
    information: Float64[np.ndarray, "m k"]
    entropies: Float64[np.ndarray, " k"]
    bins: int


def rmig(
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
) -> RMIGScore:
    """Robust mutual information gap: by how many nats one latent alone knows each factor.

    codes (n, m), any real numbers; factors (n, k), whole numbers, or real ones that are cut into
    `factor_bins` classes of equal counts. A latent's information is that of its `bins` bins of
    equal width over its range, which the score depends on. active: a rule's name, an
    `ActiveLatents`, or a mask (m,). An inactive latent has no information, and a second best that
    is missing has none either: no active latent scores 0, a lone one all that it knows. The score
    is in nats, in [0, mean H(v_k)]; more is better. Not divided by H(v_k), a factor of many values
    weighs more than one of few; divided (`normalised`) it is what `mig` gives of the same bins.

    With `rng` the interval is drawn as `bootstrap` says. protocol: "standard", all rows; this
    metric is in no other.
    missing: a label that stands for an unknown one, such as -1 or nan; rows that have it in any
    factor are left out.

    Raises `ValueError` for codes that are not finite or not (n >= 2, m >= 1), factors that are
    constant, of another length, or continuous without `factor_bins`, fewer than two bins, an
    unknown rule, and another protocol.

    Source: Do & Tran 2020.
    """
    # Differs from the paper: the latent is a number, its code, in bins over its own range; there it
    # is a distribution q(z|x), sampled, in bins over a fixed range.
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
    return rmig_of(sample, protocol=protocol, rng=rng, bootstrap=bootstrap, bins=bins)


def rmig_of(
    sample: Sample,
    *,
    protocol: str = "standard",
    rng: np.random.Generator | None = None,
    bootstrap: Bootstrap | None = None,
    bins: int = 20,
) -> RMIGScore:
    """The robust mutual information gap of a sample that is checked."""
    found = sample.information(bins)
    gaps = _gaps(found)
    score = float(gaps.mean())
    return RMIGScore(
        score=score,
        interval=sample.information_interval(
            score,
            lambda drawn: _gaps(drawn).mean(-1),
            bins=bins,
            bootstrap=bootstrap,
            rng=rng,
            highest=np.inf,
        ),
        **sample.common_fields(protocol, rng),
        gaps=gaps,
        normalised_gaps=shares(gaps, found.factors),
        normalised=float(shares(gaps, found.factors).mean()),
        information=sample.spread(found.mutual),
        entropies=found.factors,
        bins=bins,
    )


def _gaps(found: Information) -> Float64[np.ndarray, "*draws k"]:
    best, second = two_best(found.mutual)
    gaps: Float64[np.ndarray, "*draws k"] = best - second
    return gaps
