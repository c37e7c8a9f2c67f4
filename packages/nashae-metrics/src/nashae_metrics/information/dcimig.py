"""DCIMIG, also called 3CharM (Sepliarskaia et al. 2020)."""

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
class DCIMIGScore(Score):
    """`score` is the sum of `best` (k,) over the sum of `entropies` (k,), H(v_k) in nats.

    gaps (m, k): where factor k is what latent d knows most of, its information about k less that
    about its second best factor, in nats; elsewhere, and for inactive latents, 0. best: the largest
    gap of each factor. information (m, k): I(z_d; v_k) in nats. bins: of each latent.
    """

    best: Float64[np.ndarray, " k"]
    gaps: Float64[np.ndarray, "m k"]
    information: Float64[np.ndarray, "m k"]
    entropies: Float64[np.ndarray, " k"]
    bins: int


def dcimig(
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
) -> DCIMIGScore:
    """DCIMIG: the share of the entropy of all factors that latents know of one factor alone.

    codes (n, m), any real numbers; factors (n, k), whole numbers, or real ones that are cut into
    `factor_bins` classes of equal counts. A latent's information is that of its `bins` bins of
    equal width over its range, which the score depends on. active: a rule's name, an
    `ActiveLatents`, or a mask (m,). An inactive latent has no gap, and a second factor that is
    missing (k = 1) is known by none: no active latent scores 0, a lone one its one gap. The score
    is in [0, 1]; more is better. Latents that know a factor another latent knows better neither
    help nor harm, so that copies of a latent cost nothing.

    With `rng` the interval is drawn as `bootstrap` says. protocol: "standard", all rows; this
    metric is in no other.
    missing: a label that stands for an unknown one, such as -1 or nan; rows that have it in any
    factor are left out.

    Raises `ValueError` for codes that are not finite or not (n >= 2, m >= 1), factors that are
    constant, of another length, or continuous without `factor_bins`, fewer than two bins, an
    unknown rule, and another protocol.

    Source: Sepliarskaia et al. 2020 (How to not measure disentanglement).
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
    return dcimig_of(sample, protocol=protocol, rng=rng, bootstrap=bootstrap, bins=bins)


def dcimig_of(
    sample: Sample,
    *,
    protocol: str = "standard",
    rng: np.random.Generator | None = None,
    bootstrap: Bootstrap | None = None,
    bins: int = 20,
) -> DCIMIGScore:
    """The DCIMIG of a sample that is checked."""
    found = sample.information(bins)
    gaps = _gaps(found)
    score = float(_ratio(found))
    return DCIMIGScore(
        score=score,
        interval=sample.information_interval(
            score, _ratio, bins=bins, bootstrap=bootstrap, rng=rng
        ),
        **sample.common_fields(protocol, rng),
        best=gaps.max(0, initial=0.0),
        gaps=sample.spread(gaps),
        information=sample.spread(found.mutual),
        entropies=found.factors,
        bins=bins,
    )


def _gaps(found: Information) -> Float64[np.ndarray, "*draws a k"]:
    best, second = two_best(np.swapaxes(found.mutual, -1, -2))
    # Where two factors are known best the gap is 0, so that neither has to be chosen.
    at_best = found.mutual == best[..., None]
    gaps: Float64[np.ndarray, "*draws a k"] = np.where(at_best, (best - second)[..., None], 0.0)
    return gaps


def _ratio(found: Information) -> Float64[np.ndarray, "*draws"]:
    captured = np.asarray(_gaps(found).max(-2, initial=0.0).sum(-1))
    ratio: Float64[np.ndarray, "*draws"] = shares(captured, np.asarray(found.factors.sum(-1)))
    return ratio
