"""Which latents count: the published rules, by name."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from jaxtyping import Bool, Float, Float64

from nashae_metrics.ground.arrays import check_same_shape, check_unmasked, codes_array
from nashae_metrics.ground.choices import check_choice, chosen


@dataclass(frozen=True)
class ActiveLatents:
    """A rule: a latent is active if its statistic stands in a relation to a threshold.

    Args:
        name: the rule's name.
        statistic: "range" (max - min over the samples), "deviation" (standard deviation over the
            samples, ddof 1) or "posterior variance" (mean over the samples; needs `variances`).
        relation: ">", ">=" or "<=".
        threshold: what the statistic is compared with; finite.

    Raises:
        ValueError: the statistic, the relation or the threshold is not one of these.

    Example:
        >>> from nashae_metrics import learned_latents
        >>> rule = ActiveLatents("wide", "range", ">", 0.5)
        >>> learned_latents([[0.0, 0.0], [0.1, 1.0]], rule=rule).active
        array([False,  True])
    """

    name: str
    statistic: Literal["range", "deviation", "posterior variance"]
    relation: Literal[">", ">=", "<="]
    threshold: float

    def __post_init__(self) -> None:
        check_choice("statistic", self.statistic, ("range", "deviation", "posterior variance"))
        check_choice("relation", self.relation, (">", ">=", "<="))
        if not np.isfinite(self.threshold):
            raise ValueError(f"threshold must be finite; got {self.threshold}")

    def measured(
        self, codes: Float[np.ndarray, "n m"], variances: npt.ArrayLike | None = None
    ) -> Float64[np.ndarray, " m"]:
        """The statistic of each latent."""
        measured: Float64[np.ndarray, " m"]
        if self.statistic == "range":
            measured = codes.max(0).astype(np.float64) - codes.min(0).astype(np.float64)
        elif self.statistic == "deviation":
            measured = codes.std(0, ddof=1, dtype=np.float64)
        else:
            checked = _variances_array(self.name, variances, codes)
            measured = checked.mean(0, dtype=np.float64)
        return measured

    def mask(self, measured: Float64[np.ndarray, " m"]) -> Bool[np.ndarray, " m"]:
        """The active latents, given their statistics."""
        if self.relation == ">":
            return measured > self.threshold
        return measured >= self.threshold if self.relation == ">=" else measured <= self.threshold


# "constant" does not depend on the codes' scale; "nashae" is for codes in [0, 1]; "beta-vae",
# "factor-vae" and "beta-tcvae" are for posterior means (the code of Yeats et al. 2022); "std" is
# the rule of the FactorVAE metric (Kim & Mnih 2018).
RULES = {
    rule.name: rule
    for rule in (
        ActiveLatents("constant", "range", ">", 0.0),
        ActiveLatents("nashae", "range", ">", 0.2),
        ActiveLatents("beta-vae", "posterior variance", "<=", 0.8),
        ActiveLatents("factor-vae", "range", ">=", 2.0),
        ActiveLatents("beta-tcvae", "range", ">=", 2.0),
        ActiveLatents("std", "deviation", ">=", 0.05),
    )
}


def named_rule(rule: str | ActiveLatents) -> ActiveLatents:
    """The rule of that name; a rule is returned as it is."""
    if isinstance(rule, ActiveLatents):
        return rule
    return chosen("the rule of active latents", rule, RULES)


def active_latents(
    codes: Float[np.ndarray, "n m"], active: str | ActiveLatents | npt.ArrayLike
) -> tuple[Bool[np.ndarray, " m"], str]:
    """The mask of active latents and the name of its rule, "mask" if a mask was given."""
    if isinstance(active, str | ActiveLatents):
        rule = named_rule(active)
        return rule.mask(rule.measured(codes)), rule.name
    check_unmasked(active, "active")
    mask = np.array(active)
    if mask.dtype != np.bool_ or mask.shape != codes.shape[1:]:
        raise ValueError(
            f"active must be a rule or a mask of {codes.shape[1]} booleans, one a latent; "
            f"got dtype {mask.dtype} and shape {mask.shape}"
        )
    return mask, "mask"


def _variances_array(
    rule: str, variances: npt.ArrayLike | None, codes: Float[np.ndarray, "n m"]
) -> Float[np.ndarray, "n m"]:
    if variances is None:
        raise ValueError(
            f"variances must be the posterior's for rule {rule!r}; got None: call "
            f"learned_latents(codes, rule={rule!r}, variances=...) and give its mask .active to "
            "the other metrics"
        )
    array = codes_array(variances, "variances")
    check_same_shape(codes, array, "variances")
    if (array < 0).any():
        raise ValueError(f"variances must be 0 or more; got {array.min()}: give exp(log σ²)")
    return array
