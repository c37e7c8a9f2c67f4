"""Joint entropy minus mutual information gap (Do & Tran 2020)."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from jaxtyping import Bool, Float64, Int64

from nashae_metrics.ground.active_latents import ActiveLatents
from nashae_metrics.ground.intervals import BOOTSTRAP, Bootstrap
from nashae_metrics.ground.sample import Sample, protocol_sample
from nashae_metrics.ground.score import Score
from nashae_metrics.information.binned import Information, two_best

TIED = 1e-12  # nats: latents whose information differs by less are equally good


@dataclass(frozen=True, eq=False, kw_only=True)
class JEMMIGScore(Score):
    """`score` is the mean of `normalised` (k,), the lower the better; `complement` is 1 - score.

    values (k,): H(z*, v_k) - I(z*; v_k) + I(z°; v_k) in nats, z* the best and z° the second best
    latent of the factor; normalised (k,): over H(v_k) + log bins, in [0, 1]. best (k,): the number
    of z*, -1 where no latent is active. information (m, k): I(z_d; v_k) in nats, 0 for inactive
    latents. entropies (k,): H(v_k) in nats. bins: of each latent.
    """

    complement: float
    values: Float64[np.ndarray, " k"]
    normalised: Float64[np.ndarray, " k"]
    best: Int64[np.ndarray, " k"]
    information: Float64[np.ndarray, "m k"]
    entropies: Float64[np.ndarray, " k"]
    bins: int


def jemmig(
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
) -> JEMMIGScore:
    """Joint entropy minus mutual information gap: how far each factor is from one latent alone.

    codes (n, m), any real numbers; factors (n, k), whole numbers, or real ones that are cut into
    `factor_bins` classes of equal counts. A latent's information is that of its `bins` bins of
    equal width over its range, which the score depends on. active: a rule's name, an
    `ActiveLatents`, or a mask (m,). An inactive latent is no candidate, and a second best that is
    missing knows nothing: a lone active latent is measured by its joint entropy less its
    information; no active latent scores 1, the worst (the formula would reward a constant for
    having no entropy). The score is in [0, 1]; less is better, and 0 is one latent a factor without
    noise that shares nothing.

    With `rng` the interval is drawn as `bootstrap` says. protocol: "standard", all rows; this
    metric is in no other.
    missing: a label that stands for an unknown one, such as -1 or nan; rows that have it in any
    factor are left out.

    Raises `ValueError` for codes that are not finite or not (n >= 2, m >= 1), factors that are
    constant, of another length, or continuous without `factor_bins`, fewer than two bins, an
    unknown rule, and another protocol.

    Source: Do & Tran 2020, normalised; Zaidi et al. 2020 report its `complement`.
    """
    # Differs from the paper: codes in bins over their own range in place of samples of q(z|x).
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
    return jemmig_of(sample, protocol=protocol, rng=rng, bootstrap=bootstrap, bins=bins)


def jemmig_of(
    sample: Sample,
    *,
    protocol: str = "standard",
    rng: np.random.Generator | None = None,
    bootstrap: Bootstrap | None = None,
    bins: int = 20,
) -> JEMMIGScore:
    """The JEMMIG of a sample that is checked."""
    found = sample.information(bins)
    values = _values(found, bins)
    normalised = values / _largest(found, bins)
    score = float(normalised.mean())
    return JEMMIGScore(
        score=score,
        interval=sample.information_interval(
            score,
            lambda drawn: (_values(drawn, bins) / _largest(drawn, bins)).mean(-1),
            bins=bins,
            bootstrap=bootstrap,
            rng=rng,
        ),
        **sample.common_fields(protocol, rng),
        complement=1.0 - score,
        values=values,
        normalised=normalised,
        best=_best(found, sample.active),
        information=sample.spread(found.mutual),
        entropies=found.factors,
        bins=bins,
    )


def _values(found: Information, bins: int) -> Float64[np.ndarray, "*draws k"]:
    if not found.codes.shape[-1]:
        return _largest(found, bins)
    best, second = two_best(found.mutual)
    entropy = _candidates(found).min(-2)
    values: Float64[np.ndarray, "*draws k"] = entropy + found.factors - 2 * best + second
    np.maximum(values, 0.0, out=values)
    return values


def _candidates(found: Information) -> Float64[np.ndarray, "*draws a k"]:
    """H(z_d) of the latents that know most of each factor, infinite for all others.

    Of latents that know the same z* is the one of least entropy, wherever it stands.
    """
    most = found.mutual.max(-2, keepdims=True)
    return np.where(found.mutual >= most - TIED, found.codes[..., None], np.inf)


def _largest(found: Information, bins: int) -> Float64[np.ndarray, "*draws k"]:
    largest: Float64[np.ndarray, "*draws k"] = found.factors + np.log(bins)
    return largest


def _best(found: Information, active: Bool[np.ndarray, " m"]) -> Int64[np.ndarray, " k"]:
    if not active.any():
        return np.full(len(found.factors), -1)
    best: Int64[np.ndarray, " k"] = np.flatnonzero(active)[_candidates(found).argmin(-2)]
    return best
