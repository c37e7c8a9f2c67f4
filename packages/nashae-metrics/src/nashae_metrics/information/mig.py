"""Mutual information gap (Chen et al. 2018)."""

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
class MIGScore(Score):
    """`score` is the mean of `gaps` (k,), each the gap of the two best latents over H(v_k).

    information (m, k): I(z_d; v_k)/H(v_k), 0 for inactive latents. entropies (k,): H(v_k) in nats.
    bins: of each latent.
    """

    gaps: Float64[np.ndarray, " k"]
    information: Float64[np.ndarray, "m k"]
    entropies: Float64[np.ndarray, " k"]
    bins: int


def mig(
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
) -> MIGScore:
    """Mutual information gap: by how much one latent alone knows each factor.

    codes (n, m), any real numbers; factors (n, k), whole numbers, or real ones that are cut into
    `factor_bins` classes of equal counts. I(z_d; v_k) is that of the latent in `bins` equal-width
    bins over its range, which the score depends on: a perfect code of 32 values needs 32 bins or
    more to reach 1. active: a rule's name, an `ActiveLatents`, or a mask (m,); an inactive latent
    has no information, and a second best that is missing has none either. The score is in [0, 1];
    more is better. With `rng` its interval is drawn as `bootstrap` says.

    protocol: "standard" takes all rows; "locatello2019" 10,000 of them, drawn by `rng`.
    missing: a label that stands for an unknown one, such as -1 or nan; rows that have it in any
    factor are left out.

    Raises `ValueError` for codes that are not finite or not (n >= 2, m >= 1), factors that are
    constant, of another length, or continuous without `factor_bins`, fewer than two bins, an
    unknown rule or protocol, and fewer rows than the protocol takes.

    Source: Chen et al. 2018, eq. 6.
    """
    sample = protocol_sample(
        codes,
        factors,
        protocol=protocol,
        active=active,
        factor_bins=factor_bins,
        missing=missing,
        rng=rng,
    )
    return mig_of(sample, protocol=protocol, bins=bins, rng=rng, bootstrap=bootstrap)


def mig_of(
    sample: Sample,
    *,
    protocol: str = "standard",
    bins: int = 20,
    rng: np.random.Generator | None = None,
    bootstrap: Bootstrap | None = None,
) -> MIGScore:
    """The mutual information gap of a sample that is checked."""
    found = sample.information(bins)
    gaps = _gaps(found)
    score = float(gaps.mean())
    return MIGScore(
        score=score,
        interval=sample.information_interval(
            score, lambda drawn: _gaps(drawn).mean(-1), bins=bins, bootstrap=bootstrap, rng=rng
        ),
        **sample.common_fields(protocol, rng),
        gaps=gaps,
        information=sample.spread(found.mutual / found.factors),
        entropies=found.factors,
        bins=bins,
    )


def _gaps(found: Information) -> Float64[np.ndarray, "*draws k"]:
    best, second = two_best(shares(found.mutual, found.factors[..., None, :]))
    gaps: Float64[np.ndarray, "*draws k"] = best - second
    return gaps
