"""Every metric that applies to a run's codes, as one number each."""

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
    """The score of each metric by its name, of the latents `active` alone, drawn by `seed`.

    Rounded to four digits; None where it is infinite (the total correlation of dependent latents).
    The Wasserstein correlation is the normalised one, because codes in [0, 1] and those of VAEs
    differ in scale.
    """
    found = evaluate(
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
    return {row.metric: _number(row) for row in found.rows}


def _number(row: Row) -> float | None:
    number, result = row.score, row.result
    if isinstance(result, WassersteinCorrelationScore):
        number = result.normalised
    return round(number, DIGITS) if math.isfinite(number) else None
