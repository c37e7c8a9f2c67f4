"""Unsupervised disentanglement ranking (Duan et al. 2020)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from jaxtyping import Float, Float64, Int64

from nashae_metrics.correlation.covariance import unit_variance
from nashae_metrics.ground.active_latents import ActiveLatents, active_latents
from nashae_metrics.ground.arrays import check_same_rows, codes_array
from nashae_metrics.ground.choices import check_choice
from nashae_metrics.ground.metric import Metric
from nashae_metrics.ground.ranks import doubled_midranks
from nashae_metrics.ground.score import Score

PENALTY = 0.1
TOLERANCE = 1e-8
MOST_SWEEPS = 2000


@dataclass(frozen=True, eq=False, kw_only=True)
class UDRScore(Score):
    """`score` is the mean over models of `per_model` (s,), each the median over its pairs.

    pairwise (s, s): the score of each pair of models, symmetric, 0 on the diagonal. similarity (M,
    M) of the M latents of all models together: block (i, j) compares the latents of model i (rows)
    with those of model j; under "lasso" it is the size of their weights in predicting the latter. 0
    for inactive latents and within a model. model (M,): the model of each latent, as in `active`
    (M,). There is no interval: pairs share models.
    """

    per_model: Float64[np.ndarray, " s"]
    pairwise: Float64[np.ndarray, "s s"]
    similarity: Float64[np.ndarray, "M M"]
    model: Int64[np.ndarray, " M"]
    method: str


def udr(
    codes_of_seeds: Sequence[npt.ArrayLike],
    *,
    method: str = "lasso",
    active: str | ActiveLatents | Sequence[npt.ArrayLike] = "constant",
) -> UDRScore:
    """Unsupervised disentanglement ranking: whether models of several seeds have the same latents.

    R(a, b) >= 0 is the similarity of latent a of one model with latent b of another, both
    standardised. The score of a pair is (Σ_b r_b²/Σ_a R(a, b) + Σ_a r_a²/Σ_b R(a, b))/(d_i + d_j),
    over the d_i and d_j active latents, with r the largest R of a column or row: each latent's best
    match, times how much it stands alone. A model's score is the median over its pairs. More is
    better; 1 at most under "spearman", about 0.9 for equal models under "lasso", whose penalty
    shrinks each weight. A model without active latents has 0. Latents may differ in order and sign.

    Args:
        codes_of_seeds: s >= 2 arrays, the codes (n, m_s) of the same n observations by each model.
        method: "lasso" takes the size of a's weight when a Lasso (penalty 0.1) predicts b;
            "spearman" the absolute rank correlation.
        active: a rule of active latents, its name, or a sequence of masks (m_s,), one a model. The
            paper takes latents whose mean divergence from the prior is over 0.01: give those masks
            for VAEs.

    Raises:
        ValueError: fewer than two models; codes are not finite or not (n >= 2, m >= 1); lengths
            differ; there is another number of masks than models; the method or the rule is unknown.

    Source: Duan et al. 2020, section 4, https://arxiv.org/abs/1905.12614. disentanglement_lib takes
    the mean of the two sums' means instead, which is the same for d_i = d_j; under "lasso" a pair
    there has a score in each direction, and a model the median of those in which it is predicted.

    Example:
        >>> import numpy as np
        >>> codes = np.random.default_rng(0).normal(size=(500, 2))
        >>> round(udr([codes, -codes[:, ::-1]], method="spearman").score, 1)
        1.0
    """
    check_choice("method", method, ("lasso", "spearman"))
    tables = _tables(codes_of_seeds)
    rules = [active] * len(tables) if isinstance(active, str | ActiveLatents) else list(active)
    if len(rules) != len(tables):
        raise ValueError(
            f"active must have one mask for each of {len(tables)} models; got {len(rules)}"
        )
    masks, names = zip(
        *(active_latents(table, rule) for table, rule in zip(tables, rules, strict=True)),
        strict=True,
    )
    mask = np.concatenate(masks)
    model = np.repeat(np.arange(len(tables)), [table.shape[1] for table in tables])
    similarity = np.zeros((len(mask), len(mask)))
    similarity[np.ix_(mask, mask)] = _similarity(
        _correlations(tables, list(masks), method), model[mask], method
    )
    pairwise = _pairwise(
        similarity, [np.flatnonzero(mask & (model == s)) for s in range(len(tables))]
    )
    off_diagonal = ~np.eye(len(tables), dtype=bool)
    # Differs from the paper: it ranks single models; the score, their mean, is ours.
    per_model = np.array(
        [np.median(row[kept]) for row, kept in zip(pairwise, off_diagonal, strict=True)]
    )
    return UDRScore(
        score=float(per_model.mean()),
        active=mask,
        rule=names[0],
        samples=len(tables[0]),
        protocol="standard",
        per_model=per_model,
        pairwise=pairwise,
        similarity=similarity,
        model=model,
        method=method,
    )


def _tables(codes_of_seeds: Sequence[npt.ArrayLike]) -> list[Float[np.ndarray, "n _"]]:
    names = [f"codes_of_seeds[{s}]" for s in range(len(codes_of_seeds))]
    tables = [codes_array(c, name) for c, name in zip(codes_of_seeds, names, strict=True)]
    if len(tables) < 2:
        raise ValueError(
            f"codes_of_seeds must be the codes of two models or more; got {len(tables)}"
        )
    for codes, table, name in zip(codes_of_seeds, tables, names, strict=True):
        check_same_rows(codes_of_seeds[0], codes, name)
        if len(table) != len(tables[0]):
            raise ValueError(
                f"{name} must have as many rows as codes_of_seeds[0], {len(tables[0])}; "
                f"got {len(table)}"
            )
    return tables


def _correlations(
    tables: list[Float[np.ndarray, "n _"]], masks: list[npt.NDArray[np.bool_]], method: str
) -> Float64[np.ndarray, "a a"]:
    """Correlations of the active latents of all models, of their ranks under "spearman"."""
    standard = np.empty((sum(int(mask.sum()) for mask in masks), len(tables[0])))
    start = 0
    for table, mask in zip(tables, masks, strict=True):
        used = table[:, mask]
        if method == "spearman":
            used = doubled_midranks(used).T
        standard[start : start + used.shape[1]] = unit_variance(used)[0].T
        start += used.shape[1]
    correlations: Float64[np.ndarray, "a a"] = standard @ standard.T / standard.shape[1]
    return correlations


def _similarity(
    correlations: Float64[np.ndarray, "a a"], model: Int64[np.ndarray, " a"], method: str
) -> Float64[np.ndarray, "a a"]:
    similar: Float64[np.ndarray, "a a"] = np.abs(correlations)
    if method == "lasso":
        for one in np.unique(model):
            own = model == one
            similar[own] = np.abs(lasso_weights(correlations[np.ix_(own, own)], correlations[own]))
    similar[model[:, None] == model] = 0.0
    return similar


def lasso_weights(
    predictors: Float64[np.ndarray, "a a"], targets: Float64[np.ndarray, "a b"]
) -> Float64[np.ndarray, "a b"]:
    """Weights w of the Lasso, min |y - Xw|²/(2n) + 0.1 |w|₁, of standardised X and targets y.

    predictors, targets: the correlations of X with itself and with each y. Coordinate descent for
    all targets at once.
    """
    weights = np.zeros(targets.shape)
    rest = targets.copy()  # the correlations of X with the residuals
    for _ in range(MOST_SWEEPS):
        largest = 0.0
        for a, (weight, correlation) in enumerate(zip(weights, predictors, strict=True)):
            size = correlation[a]
            if size == 0:  # a constant latent of the mask predicts nothing
                continue
            aim = rest[a] + size * weight
            moved = np.sign(aim) * np.maximum(np.abs(aim) - PENALTY, 0.0) / size - weight
            weight += moved
            rest -= np.outer(correlation, moved)
            largest = max(largest, float(np.abs(moved).max(initial=0.0)))
        if largest <= TOLERANCE:
            break
    return weights


def _pairwise(
    similarity: Float64[np.ndarray, "M M"], latents: list[Int64[np.ndarray, " _"]]
) -> Float64[np.ndarray, "s s"]:
    """The scores of pairs, the mean of both directions, which differ only under "lasso"."""
    scores = np.zeros((len(latents), len(latents)))
    for i, ours in enumerate(latents):
        for j, theirs in enumerate(latents):
            if i != j and len(ours) and len(theirs):
                block = similarity[np.ix_(ours, theirs)]
                alone = _alone(block).sum() + _alone(block.T).sum()
                scores[i, j] = alone / (len(ours) + len(theirs))
    symmetric: Float64[np.ndarray, "s s"] = (scores + scores.T) / 2
    return symmetric


def _alone(block: Float64[np.ndarray, "a b"]) -> Float64[np.ndarray, " b"]:
    total = block.sum(0)
    alone: Float64[np.ndarray, " b"] = block.max(0) ** 2 / np.where(total > 0, total, 1.0)
    return alone


METRIC = Metric(
    function=udr,
    summary="whether models of several seeds have the same latents",
    source="Duan et al. 2020",
    cost=1.0,
    needs="codes of several seeds",
    protocols=("standard",),
)
