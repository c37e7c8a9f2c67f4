"""How much information each latent of a run has about each factor."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float64

from apps.figures.runs import code_array
from apps.runs.folder import RunFolder
from nashae_metrics import mig

# At most so many observations are used; in 20 bins they give I/H within 0.01 of all.
MOST_ROWS = 50_000


class FactorInformation(NamedTuple):
    """The `shares` I/H of each latent and factor (m, k), in [0, 1], and the factors' `names`."""

    shares: Float64[np.ndarray, "m k"]
    names: tuple[str, ...]


def factor_information(run: RunFolder) -> FactorInformation:
    """Each latent's share I/H of each factor that varies, in 20 bins.

    Computed from at most 50,000 observations, the same ones for every run of a data set. Raises
    `ValueError` if the run has no codes, or not as many as its data have factors.
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
    result = mig(codes, factors[:, varying], bootstrap=None)
    return FactorInformation(result.information, tuple(str(names[k]) for k in varying))
