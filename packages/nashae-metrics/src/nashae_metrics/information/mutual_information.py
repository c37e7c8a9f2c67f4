"""Mean mutual information between latents: how much they repeat each other, without labels."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from jaxtyping import Float64

from nashae_metrics.ground.active_latents import ActiveLatents
from nashae_metrics.ground.intervals import (
    BOOTSTRAP,
    Bootstrap,
    Interval,
    block_numbers,
    draw_weights,
    interval_of,
)
from nashae_metrics.ground.sample import Sample, codes_sample
from nashae_metrics.ground.score import Score
from nashae_metrics.information.binned import BinnedCodes


@dataclass(frozen=True, eq=False, kw_only=True)
class MutualInformationScore(Score):
    """`score` is the mean of I(z_i; z_j) over the pairs of latents, in nats; less is better.

    information (m, m): of each pair, in nats; the diagonal is H(z_i); 0 for inactive latents.
    pairs: how many the mean runs over. bins: of each latent.
    """

    information: Float64[np.ndarray, "m m"]
    pairs: int
    bins: int


def mutual_information(
    codes: npt.ArrayLike,
    *,
    protocol: str = "standard",
    bins: int = 20,
    active: str | ActiveLatents | npt.ArrayLike = "constant",
    rng: np.random.Generator | None = None,
    bootstrap: Bootstrap | None = BOOTSTRAP,
) -> MutualInformationScore:
    """Mean mutual information between latents, each in `bins` bins of equal width over its range.

    codes (n, m), any real numbers. active: a rule's name, an `ActiveLatents`, or a mask (m,). The
    score is in nats, in [0, log bins]; less is better, and a pair of copies has the latent's
    entropy. Finite samples raise it: independent latents have about (bins - 1)²/2n. One active
    latent, or none, has no pair and scores 0. With `rng` the interval is drawn as `bootstrap` says.

    protocol: "standard" takes all rows and the mean over the pairs of active latents;
    "locatello2019" takes 10,000 rows, drawn by `rng`, and the mean over all m (m - 1)/2 pairs, in
    which an inactive latent has no information: there each dead latent lowers the score.

    Raises `ValueError` for codes that are not finite or not (n >= 2, m >= 1), fewer than two bins,
    an unknown rule or protocol, and fewer rows than the protocol takes.

    Source: Locatello et al. 2019, appendix (unsupervised scores; disentanglement_lib's
    `mutual_info_score`).
    """
    sample = codes_sample(codes, protocol=protocol, active=active, rng=rng)
    return mutual_information_of(sample, protocol=protocol, rng=rng, bootstrap=bootstrap, bins=bins)


def mutual_information_of(
    sample: Sample,
    *,
    protocol: str = "standard",
    rng: np.random.Generator | None = None,
    bootstrap: Bootstrap | None = None,
    bins: int = 20,
) -> MutualInformationScore:
    """The mean mutual information between latents of a sample that is checked."""
    active = sample.active
    binned = BinnedCodes(sample.used, bins)
    between = binned.between()
    latents = len(active) if protocol == "locatello2019" else int(active.sum())
    pairs = latents * (latents - 1) // 2
    score = float(_mean(between, pairs))
    interval: Interval | None = None
    if rng is not None and bootstrap is not None:
        blocks = block_numbers(len(sample), bootstrap, rng)
        weights = draw_weights(int(blocks.max()) + 1, bootstrap, rng)
        drawn = binned.between(blocks=blocks, weights=weights)
        interval = interval_of(score, _mean(drawn, pairs), bootstrap, highest=np.inf)
    information = np.zeros((len(active), len(active)))
    information[np.ix_(active, active)] = between
    return MutualInformationScore(
        score=score,
        interval=interval,
        **sample.common_fields(protocol, rng),
        information=information,
        pairs=pairs,
        bins=bins,
    )


def _mean(
    information: Float64[np.ndarray, "*draws a a"], pairs: int
) -> Float64[np.ndarray, "*draws"]:
    rows, columns = np.triu_indices(information.shape[-1], 1)
    return np.asarray(information[..., rows, columns].sum(-1) / max(pairs, 1))
