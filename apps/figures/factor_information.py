"""How much of each factor each latent of a run knows."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float64

from apps.figures.runs import code_array
from apps.runs.folder import RunFolder
from nashae_metrics import mig

# Of more observations as many are drawn: in 20 bins they give I/H within 0.01 of all.
MOST_ROWS = 50_000


class FactorInformation(NamedTuple):
    """The factors' `names` (k,), and of each latent the `shares` (m, k): I/H, in [0, 1]."""

    shares: Float64[np.ndarray, "m k"]
    names: tuple[str, ...]


def factor_information(run: RunFolder) -> FactorInformation:
    """Each latent's share I/H of each factor that varies, in 20 bins.

    Of at most 50,000 observations, drawn without return, the same ones in every run of a data set.

    Raises `ValueError` where the run's codes are absent or as many as the data's factors are not.
    """
    codes, names, factors = code_array(run, "codes"), code_array(run, "names"), run.truth[0]
    if factors.shape != (len(codes), len(names)):
        raise ValueError(
            f"{run.path} has {len(codes)} codes and {len(names)} names of factors; its data has "
            f"factors of shape {factors.shape}"
        )
    if len(codes) > MOST_ROWS:
        rows = np.sort(np.random.default_rng(0).choice(len(codes), MOST_ROWS, replace=False))
        codes, factors = codes[rows], factors[rows]
    varying = np.flatnonzero(np.ptp(factors, axis=0))
    found = mig(codes, factors[:, varying], bootstrap=None)
    return FactorInformation(found.information, tuple(str(names[k]) for k in varying))
