"""How well a strong predictor, fitted after training, predicts a latent from other latents."""

import numpy as np
import numpy.typing as npt
from sklearn.ensemble import RandomForestRegressor  # type: ignore[import-untyped]
from sklearn.model_selection import KFold, cross_val_predict  # type: ignore[import-untyped]

from apps.reproduce.clean import Numbers

Indices = npt.NDArray[np.intp]
TREES = 100
FOLDS = 5


def forest_r2(codes: Numbers, targets: Indices, sources: Indices, seed: int) -> list[float]:
    """R² of a random forest's cross-validated prediction of latents from other latents.

    A forest does not depend on scale: a latent of range 1e-3 predicts as well as one of range 1.

    Args:
        codes: (n, m).
        targets: The latents that are predicted.
        sources: Those that predict; a target never predicts itself.
        seed: Of the forest and of the folds, which are shuffled.

    Returns:
        A number in [0, 1] for each target; 0 without sources, or if the mean predicts better.
    """
    return [_r2(codes[:, sources[sources != target]], codes[:, target], seed) for target in targets]


def _r2(inputs: Numbers, target: Numbers, seed: int) -> float:
    if not inputs.shape[1]:
        return 0.0
    forest = RandomForestRegressor(TREES, random_state=seed)
    folds = KFold(FOLDS, shuffle=True, random_state=seed)
    residuals = target - cross_val_predict(forest, inputs, target, cv=folds)
    return max(0.0, float(1 - residuals.var() / target.var()))
