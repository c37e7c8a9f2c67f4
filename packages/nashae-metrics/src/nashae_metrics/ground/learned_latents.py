"""The number of learned latents (Yeats et al. 2022, Table 1)."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from jaxtyping import Float64

from nashae_metrics.ground.active_latents import ActiveLatents, named_rule
from nashae_metrics.ground.arrays import check_same_rows, codes_array
from nashae_metrics.ground.metric import Metric
from nashae_metrics.ground.not_applicable import NotApplicable
from nashae_metrics.ground.score import Score


@dataclass(frozen=True, eq=False, kw_only=True)
class LearnedLatents(Score):
    """`score` latents, a whole number, are learned: those of `active` (m,).

    measured (m,): the rule's statistic of each latent, compared with its threshold. There is no
    interval: resamples of a range can only be narrower.
    """

    score: int
    measured: Float64[np.ndarray, " m"]
    statistic: str
    relation: str
    threshold: float


def learned_latents(
    codes: npt.ArrayLike,
    *,
    rule: str | ActiveLatents = "nashae",
    variances: npt.ArrayLike | None = None,
) -> LearnedLatents:
    """Count the latents that a model uses.

    Args:
        codes: (n, m); of VAEs the posterior means.
        rule: "nashae" (max - min > 0.2, codes in [0, 1]), "beta-vae" (mean posterior variance <=
            0.8), "factor-vae" and "beta-tcvae" (max - min >= 2), "std" (deviation >= 0.05),
            "constant" (max > min), or an `ActiveLatents`.
        variances: (n, m), the posterior's; only for "beta-vae".

    Returns:
        The count, in 0 ... m, and the mask of the learned latents.

    Raises:
        ValueError: codes are not finite or not (n >= 2, m >= 1); the rule is unknown; variances are
            missing, negative or of another shape.

    Source: Yeats et al. 2022, Table 1, https://arxiv.org/abs/2209.10677; the thresholds are those
    of the authors' code.

    Example:
        >>> learned_latents([[0.0, 0.5], [1.0, 0.6]]).score
        1
    """
    checked = codes_array(codes)
    check_same_rows(codes, variances, "variances")
    chosen = named_rule(rule)
    measured = chosen.measured(checked, variances)
    active = chosen.mask(measured)
    return LearnedLatents(
        score=int(active.sum()),
        active=active,
        rule=chosen.name,
        samples=len(checked),
        protocol="standard",
        measured=measured,
        statistic=chosen.statistic,
        relation=chosen.relation,
        threshold=chosen.threshold,
    )


def _of(
    codes: npt.ArrayLike,
    *,
    active: str | ActiveLatents | npt.ArrayLike = "nashae",
    rng: np.random.Generator,  # noqa: ARG001  # as `evaluate` calls every metric
) -> LearnedLatents:
    if not isinstance(active, str | ActiveLatents):
        raise NotApplicable("counts by a rule, and active is a mask")
    return learned_latents(codes, rule=active)


METRIC = Metric(
    function=learned_latents,
    summary="how many latents are in use",
    source="Yeats et al. 2022",
    range="0 … m",
    better="as many as factors",
    needs="codes",
    protocols=("standard",),
    of=_of,
)
