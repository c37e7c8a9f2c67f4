"""Modularity (Ridgeway & Mozer 2018)."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from jaxtyping import Bool, Float64

from nashae_metrics.ground.active_latents import ActiveLatents
from nashae_metrics.ground.intervals import BOOTSTRAP, Bootstrap
from nashae_metrics.ground.sample import Sample, protocol_sample
from nashae_metrics.ground.score import Score
from nashae_metrics.information.binned import Information, shares


@dataclass(frozen=True, eq=False, kw_only=True)
class ModularityScore(Score):
    """`score` is the mean over the active latents of `modularities` (m,), 0 for inactive ones.

    informed (m,): which active latents know anything of any factor; one that does not has
    modularity 0. information (m, k): I(z_d; v_k) in nats, 0 for inactive latents. bins: of each
    latent.
    """

    modularities: Float64[np.ndarray, " m"]
    informed: Bool[np.ndarray, " m"]
    information: Float64[np.ndarray, "m k"]
    bins: int


def modularity(
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
) -> ModularityScore:
    """Modularity: whether each latent knows of one factor alone.

    codes (n, m), any real numbers; factors (n, k), whole numbers, or real ones that are cut into
    `factor_bins` classes of equal counts. A latent's information is that of its `bins` bins of
    equal width over its range, which the score depends on. active: a rule's name, an
    `ActiveLatents`, or a mask (m,). Of latent d it is 1 - Σ_{k≠k*} I_dk² / (I_dk*² (K - 1)), k* its
    best factor: 1 where it knows of one alone, 0 where of all alike. A single factor (K = 1) has no
    others: a latent that knows of it has 1.

    Only active latents are counted; without any the score is 0. An active latent that knows nothing
    of any factor has 0/0 by the formula and 0 here, as in disentanglement_lib, since it is no
    module of any factor. In finite samples nearly every latent knows a little by chance, so a
    latent of pure noise has a modularity well above 0 (.6 among dSprites' five factors, from
    10,000). The score is in [0, 1]; more is better.

    Defects elsewhere: dead latents count as 0 in disentanglement_lib, so that a perfect code with
    half of its latents dead has .5 there, or NaN elsewhere; here no inactive latent counts,
    whatever the protocol.

    With `rng` the interval is drawn as `bootstrap` says. protocol: "standard" takes all rows;
    "locatello2019" 10,000 of them, drawn by `rng`.
    missing: a label that stands for an unknown one, such as -1 or nan; rows that have it in any
    factor are left out.

    Raises `ValueError` for codes that are not finite or not (n >= 2, m >= 1), factors that are
    constant, of another length, or continuous without `factor_bins`, fewer than two bins, an
    unknown rule or protocol, and fewer rows than the protocol takes.

    Source: Ridgeway & Mozer 2018, section 3.
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
    return modularity_of(sample, protocol=protocol, rng=rng, bootstrap=bootstrap, bins=bins)


def modularity_of(
    sample: Sample,
    *,
    protocol: str = "standard",
    rng: np.random.Generator | None = None,
    bootstrap: Bootstrap | None = None,
    bins: int = 20,
) -> ModularityScore:
    """The modularity of a sample that is checked."""
    found = sample.information(bins)
    modularities = _modularities(found)
    score = float(_mean(modularities))
    return ModularityScore(
        score=score,
        interval=sample.information_interval(
            score,
            lambda drawn: _mean(_modularities(drawn)),
            bins=bins,
            bootstrap=bootstrap,
            rng=rng,
        ),
        **sample.common_fields(protocol, rng),
        modularities=sample.spread(modularities),
        informed=sample.spread(found.mutual.max(-1)) > 0,
        information=sample.spread(found.mutual),
        bins=bins,
    )


def _modularities(found: Information) -> Float64[np.ndarray, "*draws a"]:
    squares = found.mutual**2
    best = squares.max(-1)
    others = squares.sum(-1) - best
    deviation = shares(others, best * max(squares.shape[-1] - 1, 1))
    modularities: Float64[np.ndarray, "*draws a"] = np.where(best > 0, 1 - deviation, 0.0)
    np.clip(modularities, 0.0, 1.0, out=modularities)
    return modularities


def _mean(modularities: Float64[np.ndarray, "*draws a"]) -> Float64[np.ndarray, "*draws"]:
    return np.asarray(modularities.sum(-1) / max(modularities.shape[-1], 1))
