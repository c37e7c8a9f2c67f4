"""Total AUROC Difference (Yeats et al. 2022, section 3)."""

from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt
from jaxtyping import Bool, Float, Float64, Int64

from nashae_metrics.attributes.noise_floor import NoiseFloor, noise_floor
from nashae_metrics.attributes.redundancy import redundancy
from nashae_metrics.attributes.tad_protocols import PROTOCOLS
from nashae_metrics.ground.active_latents import ActiveLatents, active_latents
from nashae_metrics.ground.arrays import (
    check_both_present,
    check_same_rows,
    check_same_shape,
    codes_and_attributes,
    codes_array,
)
from nashae_metrics.ground.choices import chosen
from nashae_metrics.ground.intervals import BOOTSTRAP, Bootstrap, drawn_resamples
from nashae_metrics.ground.metric import Metric
from nashae_metrics.ground.score import Score, seed_of


@dataclass(frozen=True, eq=False, kw_only=True)
class TADScore(Score):
    """`score` = Σ (best - second) over the `counted` of k attributes, for m latents.

    auroc (m, k): 0.5 for inactive latents. best, second (k,): the two highest of each attribute;
    best_latent (k,): the index of the best, the first among equals. captured (k,): best >=
    min_auroc. redundancy (k,): the largest share of the attribute's entropy that one other
    attribute removes. counted (k,): captured, and redundancy <= max_redundancy unless it is None.
    noise_floor: the scores of as many random latents on the same labels; None without `rng`.
    """

    auroc: Float64[np.ndarray, "m k"]
    best: Float64[np.ndarray, " k"]
    second: Float64[np.ndarray, " k"]
    best_latent: Int64[np.ndarray, " k"]
    captured: Bool[np.ndarray, " k"]
    redundancy: Float64[np.ndarray, " k"]
    counted: Bool[np.ndarray, " k"]
    min_auroc: float
    max_redundancy: float | None
    noise_floor: NoiseFloor | None


def tad(
    codes: npt.ArrayLike,
    attributes: npt.ArrayLike,
    *,
    protocol: str = "exact",
    active: str | ActiveLatents | npt.ArrayLike | None = None,
    means: npt.ArrayLike | None = None,
    min_auroc: float = 0.75,
    max_redundancy: float | None = 0.2,
    samples: int | None = None,
    missing: float | int | None = None,
    rng: np.random.Generator | None = None,
    bootstrap: Bootstrap | None = BOOTSTRAP,
    noise_repetitions: int = 200,
) -> TADScore:
    """Total AUROC Difference: how much better one latent detects each attribute than all others.

    For each attribute a₁ is the highest AUROC of any latent and a₂ the next (0.5, chance, if there
    is only one latent). An attribute counts if it is captured, a₁ >= `min_auroc`, and independent:
    no other attribute removes more than the share `max_redundancy` of its entropy. The score is the
    sum of a₁ - a₂ over these attributes, in [0, k/2]; more is better. Inactive latents have AUROC
    0.5; with no active latent the score is 0.

    Protocols:

    - "exact": exact AUROC of all observations. Only a constant latent is inactive, so the score
      does not change with a monotone transform of a latent. NashAE leaves latents that are unused
      but not constant: score its codes with active="nashae".
    - "yeats2022": as the authors' notebook: 1000 observations, the rule "nashae", AUROC from 101
      thresholds. That is .01 too high for smooth latents, and for saturated ones up to .4 too high
      or 1 too low; it can be below 0.5, so the score is in [0, k]. Score VAEs by their sampled z,
      and the β-VAE with its `means`.

    Args:
        codes: (n, m), finite real numbers, n >= 2.
        attributes: (n, k), binary: bool, {0, 1} or {-1, 1}.
        protocol: "exact" or "yeats2022".
        active: a rule of active latents, its name, or a mask (m,), in place of the protocol's rule.
        means: (n, m), only under "yeats2022": the posterior means. Their extremes, not those of the
            codes, bound the thresholds, and the rule of active latents looks at them. The authors'
            code does so for the β-VAE, not for β-TCVAE and FactorVAE.
        min_auroc: the AUROC from which an attribute is captured, in [0.5, 1].
        max_redundancy: the largest redundancy of an independent attribute, in [0, 1]; None for all.
        samples: how many observations, in place of the protocol's number; drawn by `rng` if there
            are more. Few observations bias the score low: compare models at equal numbers.
        missing: the label of an unknown attribute, such as -1 beside 0 and 1; rows that have it in
            any attribute are left out.
        rng: draws the observations, the interval and the noise floor.
        bootstrap: how the interval is drawn, None for none. Each resample decides anew which
            attributes are captured, not which are redundant. Beyond 2000 observations the resamples
            of "exact" are taken to first order.
        noise_repetitions: how often as many random latents as are active are scored on the same
            labels for `noise_floor`; 0 for none. Under "exact" with over 200 observations their
            AUROCs are drawn from their normal limit; otherwise normal latents are scored by the
            protocol.

    Raises:
        ValueError: codes are not finite or not (n >= 2, m >= 1); lengths or shapes differ;
            attributes are not binary or have one value only (also among the observations drawn);
            the protocol or the rule is unknown; a threshold is out of range; `samples` is below 2
            or needs `rng`; `means` is given under "exact".

    Source: Yeats et al. 2022, section 3 and Table 3, https://arxiv.org/abs/2209.10677

    Example:
        >>> attributes = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
        >>> tad(attributes + 0.0, attributes).score
        1.0
    """
    settings = chosen("protocol of tad", protocol, PROTOCOLS)
    _check_thresholds(min_auroc, max_redundancy, noise_repetitions)
    spread = None if means is None else _means(codes, means, protocol)
    checked, labels, known = codes_and_attributes(codes, attributes, missing)
    spread = checked if spread is None else spread[known]
    rows = _drawn(labels, settings.samples if samples is None else samples, rng)
    checked, labels, spread = checked[rows], labels[rows], spread[rows]
    mask, rule = active_latents(spread, settings.active if active is None else active)

    used = checked if mask.all() else checked[:, mask]
    auroc, resampled = settings.auroc, settings.resampled
    if means is not None:
        extremes = np.stack([spread[:, mask].min(0), spread[:, mask].max(0)])
        auroc, resampled = (partial(take, extremes=extremes) for take in (auroc, resampled))
    areas = np.full((checked.shape[1], labels.shape[1]), 0.5)
    if mask.any():
        areas[mask] = auroc(used, labels)
    best, second = _two_best(areas)
    captured = best >= min_auroc
    # Differs from the paper: its text sums over all "independent" attributes without saying which
    # these are. The authors' code, and so Table 3, counts the captured ones of redundancy <= 0.2.
    removed = redundancy(labels)
    independent = removed <= (1.0 if max_redundancy is None else max_redundancy)
    score_of = partial(_totals, independent=independent, min_auroc=min_auroc)
    score = float(score_of(areas[None])[0])
    interval, floor = None, None
    if resamples := drawn_resamples(len(used), bootstrap, rng):
        draws = score_of(resampled(used, labels, resamples.blocks, resamples.weights))
        # Of a lone active latent the second best is chance.
        highest = labels.shape[1] * (settings.largest_gap if used.shape[1] > 1 else 0.5)
        interval = resamples.interval(score, draws, highest=highest)
    if rng is not None and noise_repetitions:
        random = settings.random_areas(labels, used.shape[1], noise_repetitions, rng)
        floor = noise_floor(random, score_of, min_auroc)
    return TADScore(
        score=score,
        interval=interval,
        active=mask,
        rule=rule,
        samples=len(checked),
        protocol=protocol,
        seed=seed_of(rng),
        auroc=areas,
        best=best,
        second=second,
        best_latent=areas.argmax(0).astype(np.int64),
        captured=captured,
        redundancy=removed,
        counted=captured & independent,
        min_auroc=min_auroc,
        max_redundancy=max_redundancy,
        noise_floor=floor,
    )


def _two_best(areas: Float64[np.ndarray, "*draws m k"]) -> Float64[np.ndarray, "2 *draws k"]:
    # Chance stands in for missing latents.
    missing = max(0, 2 - areas.shape[-2])
    chance = np.full((*areas.shape[:-2], missing, areas.shape[-1]), 0.5)
    last = np.partition(np.concatenate([areas, chance], axis=-2), -2, axis=-2)[..., -2:, :]
    return np.stack([last.max(-2), last.min(-2)])


def _totals(
    areas: Float64[np.ndarray, "draws m k"],
    *,
    independent: Bool[np.ndarray, " k"],
    min_auroc: float,
) -> Float64[np.ndarray, " draws"]:
    best, second = _two_best(areas)
    total: Float64[np.ndarray, " draws"] = (
        (best - second) * (independent & (best >= min_auroc))
    ).sum(-1)
    return total


def _check_thresholds(
    min_auroc: float, max_redundancy: float | None, noise_repetitions: int
) -> None:
    if not 0.5 <= min_auroc <= 1:
        raise ValueError(f"min_auroc must be in [0.5, 1]; got {min_auroc}")
    if max_redundancy is not None and not 0 <= max_redundancy <= 1:
        raise ValueError(f"max_redundancy must be in [0, 1] or None; got {max_redundancy}")
    if noise_repetitions < 0:
        raise ValueError(f"noise_repetitions must be 0 or more; got {noise_repetitions}")


def _means(codes: npt.ArrayLike, means: npt.ArrayLike, protocol: str) -> Float[np.ndarray, "n m"]:
    if protocol == "exact":
        raise ValueError('means must be None under "exact": give protocol="yeats2022", or no means')
    check_same_rows(codes, means, "means")
    checked = codes_array(means, "means")
    check_same_shape(codes_array(codes), checked, "means")
    return checked


def _drawn(
    attributes: Bool[np.ndarray, "n k"], samples: int | None, rng: np.random.Generator | None
) -> slice | Int64[np.ndarray, " l"]:
    """The rows to score."""
    if samples is not None and samples < 2:
        raise ValueError(f"samples must be 2 or more; got {samples}")
    if samples is None or samples >= len(attributes):
        return slice(None)
    if rng is None:
        raise ValueError(
            f"rng must be a generator to draw {samples} of {len(attributes)} rows; got None: "
            "give rng=np.random.default_rng(seed)"
        )
    rows = rng.choice(len(attributes), size=samples, replace=False)
    check_both_present(attributes[rows], f"among the {samples} rows drawn; take more samples")
    return rows


METRIC = Metric(
    function=tad,
    summary="how much better one latent detects each attribute than the others, summed",
    source="Yeats et al. 2022",
    range="0 … k/2",
    cost=0.2,
    needs="attributes",
    protocols=tuple(PROTOCOLS),
    interval_over="samples",
)
