"""Joint entropy minus mutual information gap (Do & Tran 2020)."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from jaxtyping import Bool, Float64, Int64

from nashae_metrics.ground.active_latents import ActiveLatents
from nashae_metrics.ground.intervals import BOOTSTRAP, Bootstrap
from nashae_metrics.ground.reductions import two_best
from nashae_metrics.ground.sample import Sample
from nashae_metrics.information.metric import BINS, InformationMetric, InformationScore
from nashae_metrics.information.table import Information

TIED = 1e-12  # nats: latents whose information differs by less are equally good


@dataclass(frozen=True, eq=False, kw_only=True)
class JEMMIGScore(InformationScore):
    """`score` is the mean of `normalised` (k,), the lower the better; `complement` is 1 - score.

    values (k,): H(z*, v_k) - I(z*; v_k) + I(z°; v_k) in nats, z* the best and z° the second best
    latent of the factor; normalised (k,): over H(v_k) + log bins, in [0, 1]. best (k,): the index
    of z*, -1 if no latent is active. information (m, k): I(z_d; v_k) in nats, 0 for inactive
    latents. entropies (k,): H(v_k) in nats. bins: of each latent.
    """

    complement: float
    values: Float64[np.ndarray, " k"]
    normalised: Float64[np.ndarray, " k"]
    best: Int64[np.ndarray, " k"]
    entropies: Float64[np.ndarray, " k"]


def jemmig(
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
) -> JEMMIGScore:
    """Joint entropy minus mutual information gap: how far each factor is from one latent alone.

    For each factor: the joint entropy of the factor and its best latent, less their information,
    plus the information of the second best latent, over the largest value this can have. The score
    is the mean, in [0, 1]; less is better, and 0 is one latent a factor, without noise, that shares
    nothing. A missing second best latent has no information. With no active latent the score is 1,
    the worst (the formula would reward a constant for having no entropy).

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

    Source: Do & Tran 2020, https://arxiv.org/abs/1908.09961, normalised; Zaidi et al. 2020,
    https://arxiv.org/abs/2012.09276, report its `complement`
    """
    # Differs from the paper: codes in bins over their own range in place of samples of q(z|x).
    return _JEMMIG.of_arrays(
        codes, factors, protocol, bins, active, factor_bins, missing, rng, bootstrap
    )


def _values(information: Information) -> Float64[np.ndarray, "*draws k"]:
    if not information.codes.shape[-1]:
        return _largest(information)
    best, second = two_best(information.mutual)
    entropy = _best_entropies(information).min(-2)
    values: Float64[np.ndarray, "*draws k"] = entropy + information.factors - 2 * best + second
    np.maximum(values, 0.0, out=values)
    return values


def _best_entropies(information: Information) -> Float64[np.ndarray, "*draws a k"]:
    """H(z_d) of the latents that know most of each factor, infinite for all others.

    Among latents that know equally much z* is the one of least entropy, whatever their order.
    """
    most = information.mutual.max(-2, keepdims=True)
    return np.where(information.mutual >= most - TIED, information.codes[..., None], np.inf)


def _largest(information: Information) -> Float64[np.ndarray, "*draws k"]:
    largest: Float64[np.ndarray, "*draws k"] = information.factors + np.log(information.bins)
    return largest


def _normalised(information: Information) -> Float64[np.ndarray, "*draws k"]:
    normalised: Float64[np.ndarray, "*draws k"] = _values(information) / _largest(information)
    return normalised


def _best(information: Information, active: Bool[np.ndarray, " m"]) -> Int64[np.ndarray, " k"]:
    if not active.any():
        return np.full(len(information.factors), -1)
    best: Int64[np.ndarray, " k"] = np.flatnonzero(active)[_best_entropies(information).argmin(-2)]
    return best


def _fields(information: Information, sample: Sample) -> dict[str, Any]:
    normalised = _normalised(information)
    return {
        "complement": 1.0 - float(normalised.mean()),
        "values": _values(information),
        "normalised": normalised,
        "best": _best(information, sample.active),
        "information": sample.spread(information.mutual),
        "entropies": information.factors,
    }


_JEMMIG = InformationMetric(
    JEMMIGScore, lambda information: _normalised(information).mean(-1), _fields
)
METRIC = _JEMMIG.record(
    jemmig,
    "joint entropy of each factor and its best latent, less their information gap",
    "Do & Tran 2020",
    better="low",
)
