"""How much of each learned latent the others tell, to a strong predictor fitted afterwards."""

import numpy as np
import numpy.typing as npt
from sklearn.ensemble import RandomForestRegressor  # type: ignore[import-untyped]
from sklearn.model_selection import KFold, cross_val_predict  # type: ignore[import-untyped]

from apps.reproduce.clean import Numbers

Latents = npt.NDArray[np.intp]
TREES = 100
FOLDS = 5


def told(codes: Numbers, latents: Latents, sources: Latents, seed: int) -> list[float]:
    """R² of each of `latents` as a random forest tells it from the other ones among `sources`.

    codes (n, m), latents and sources numbers of columns. The folds are shuffled, so that each
    observation's neighbours are seen. A forest sees no scale: what a latent of range 1e-3 tells it
    tells as well as one of range 1. In [0, 1]: 0 also where the forest does worse than the mean,
    and where there is nothing to tell it from.
    """
    found = []
    for latent in latents:
        others = codes[:, sources[sources != latent]]
        found.append(_told(others, codes[:, latent], seed) if others.shape[1] else 0.0)
    return found


def _told(others: Numbers, latent: Numbers, seed: int) -> float:
    forest = RandomForestRegressor(TREES, random_state=seed)
    folds = KFold(FOLDS, shuffle=True, random_state=seed)
    missed = latent - cross_val_predict(forest, others, latent, cv=folds)
    return max(0.0, float(1 - missed.var() / latent.var()))
