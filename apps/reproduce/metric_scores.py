"""The scores of a run by every metric that applies to it."""

import math

import numpy as np
import numpy.typing as npt

from nashae_metrics import Row, WassersteinCorrelationScore, evaluate

DIGITS = 4


def metric_scores(
    codes: npt.NDArray[np.floating],
    factors: npt.NDArray[np.int64] | npt.NDArray[np.float64],
    *,
    active: npt.NDArray[np.bool_],
    seed: int,
    protocol: str | None = None,
    factor_bins: int | None = None,
    predictions: npt.NDArray[np.floating] | None = None,
) -> dict[str, float | None]:
    """The score of each metric, by its name, rounded to four digits.

    None for an infinite score (the total correlation of dependent latents). The Wasserstein
    correlation is the normalised one, because codes in [0, 1] and those of VAEs differ in scale.

    Args:
        codes: (n, m).
        factors: (n, k), classes or values.
        active: (m,), the latents that are scored.
        seed: Of all that the metrics draw.
        protocol: Of all metrics; by default the standard one of each.
        factor_bins: Classes into which a factor with more values is binned.
        predictions: (n, m), the predictors' output, for NashAE.
    """
    evaluation = evaluate(
        codes,
        factors,
        active=active,
        protocol=protocol,
        factor_bins=factor_bins,
        predictions=predictions,
        rng=np.random.default_rng(seed),
        bootstrap=None,
        repeats=1,
    )
    return {row.metric: _number(row) for row in evaluation.rows}


def _number(row: Row) -> float | None:
    number, result = row.score, row.result
    if isinstance(result, WassersteinCorrelationScore):
        number = result.normalised
    return round(number, DIGITS) if math.isfinite(number) else None
