"""Mean mutual information between latents (Locatello et al. 2019)."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from jaxtyping import Float64

from nashae_metrics.ground.active_latents import ActiveLatents
from nashae_metrics.ground.intervals import BOOTSTRAP, Bootstrap, drawn_resamples
from nashae_metrics.ground.metric import Metric
from nashae_metrics.ground.sample import codes_sample
from nashae_metrics.ground.score import Score
from nashae_metrics.information.table import BinnedCodes


@dataclass(frozen=True, eq=False, kw_only=True)
class MutualInformationScore(Score):
    """`score` is the mean of I(z_i; z_j) over the pairs of latents, in nats; less is better.

    information (m, m): of each pair, in nats; the diagonal is H(z_i); 0 for inactive latents.
    pairs: how many the mean is over. bins: of each latent.
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
    """Mean mutual information between latents: how much they repeat each other.

    In nats, in [0, log bins]; less is better, and a pair of copies has the latent's entropy. Finite
    samples raise it: independent latents have about (bins - 1)²/2n. With one active latent or none
    there is no pair, and the score is 0.

    Args:
        codes: (n, m), finite real numbers, n >= 2.
        protocol: "standard" takes all rows and the mean over the pairs of active latents;
            "locatello2019" 10,000 rows, drawn by `rng`, and the mean over all m (m - 1)/2 pairs, so
            that each inactive latent lowers the score.
        bins: of equal width over each latent's range; the score depends on them.
        active: a rule of active latents, its name, or a mask (m,).
        rng: draws the rows and the interval; without it there is no interval.
        bootstrap: how the interval is drawn; None for none.

    Raises:
        ValueError: an argument is not as described.
        NotApplicable: the protocol takes more rows.

    Source: Locatello et al. 2019, appendix (unsupervised scores; disentanglement_lib's
    `mutual_info_score`), https://arxiv.org/abs/1811.12359
    """
    sample = codes_sample(codes, protocol=protocol, active=active, rng=rng)
    binned = BinnedCodes(sample.used, bins)
    between = binned.between()
    latents = len(sample.active) if protocol == "locatello2019" else int(sample.active.sum())
    pairs = latents * (latents - 1) // 2
    score = float(_mean(between, pairs))
    interval = None
    if resamples := drawn_resamples(len(sample), bootstrap, rng):
        draws = _mean(binned.between(resamples), pairs)
        interval = resamples.interval(score, draws, highest=np.inf)
    return MutualInformationScore(
        score=score,
        interval=interval,
        **sample.common_fields(protocol, rng),
        information=sample.spread_pairs(between),
        pairs=pairs,
        bins=bins,
    )


def _mean(
    information: Float64[np.ndarray, "*draws a a"], pairs: int
) -> Float64[np.ndarray, "*draws"]:
    rows, columns = np.triu_indices(information.shape[-1], 1)
    return np.asarray(information[..., rows, columns].sum(-1) / max(pairs, 1))


METRIC = Metric(
    function=mutual_information,
    summary="mean information between two latents, in nats",
    source="Locatello et al. 2019",
    range="0 … log bins",
    better="low",
    needs="codes",
    interval_over="samples",
)
