"""Which factor each learned latent of a Beamsynthesis run carries.

The right number of latents does not make a code disentangled: two independent mixtures of the
factors also count as two latents.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata  # type: ignore[import-untyped]

from apps.reproduce.table1.paper import FACTORS
from nashae_metrics import mig

Numbers = npt.NDArray[np.float64]

FREQUENCY, DUTY_CYCLE = 0, 1
# The thresholds of a clean code, stated beside each number that depends on them. They were not
# tuned: a pure frequency latent has 1, and so does a pure duty latent.
CLEAN_FREQUENCY, CLEAN_DUTY = 0.85, 0.9
DEFINITION = (
    f"A run is clean when it has {FACTORS} learned latents, of which one has at least "
    f"{CLEAN_FREQUENCY:g} of its variance between the frequencies and the other a rank correlation "
    f"with the duty cycle of at least {CLEAN_DUTY:g} in absolute value."
)


class Alignment(NamedTuple):
    """Four numbers of each learned latent, arrays (learned,), in [0, 1] except `duty_rank`.

    - `between_frequencies`: the share of its variance between the frequencies (η²);
    - `duty_rank`: its rank correlation with the duty cycle (Spearman), in [−1, 1];
    - `frequency_information`, `duty_information`: its mutual information with the factor, in 20
      equal-width bins, divided by the factor's entropy.
    """

    between_frequencies: Numbers
    duty_rank: Numbers
    frequency_information: Numbers
    duty_information: Numbers

    @property
    def clean(self) -> bool:
        """Whether there are two latents, each of which carries one factor; see `DEFINITION`."""
        if len(self.duty_rank) != FACTORS:
            return False
        frequency = self.between_frequencies >= CLEAN_FREQUENCY
        duty = np.abs(self.duty_rank) >= CLEAN_DUTY
        return bool((frequency & duty[::-1]).any())


def alignment(codes: Numbers, factors: npt.NDArray[np.int64]) -> Alignment:
    """The alignment of the learned latents `codes` (n, learned) with `factors` (n, 2)."""
    if not codes.shape[1]:
        return Alignment(*np.zeros((4, 0)))
    information = mig(codes, factors).information
    return Alignment(
        between_classes(codes.astype(np.float64), factors[:, FREQUENCY]),
        rank_correlation(codes, factors[:, DUTY_CYCLE]),
        information[:, FREQUENCY],
        information[:, DUTY_CYCLE],
    )


def between_classes(codes: Numbers, classes: npt.NDArray[np.int64]) -> Numbers:
    """The share of each code's variance that lies between the classes (η²)."""
    residual = codes - codes.mean(0)
    groups = [residual[classes == value] for value in np.unique(classes)]
    between = sum(len(group) * group.mean(0) ** 2 for group in groups)
    return np.asarray(between / (residual**2).sum(0), dtype=np.float64)


def rank_correlation(codes: Numbers, factor: npt.NDArray[np.int64]) -> Numbers:
    """The rank correlation of each code with a factor (Spearman)."""
    ranks = rankdata(np.column_stack([codes, factor]), axis=0)
    correlations = np.atleast_2d(np.corrcoef(ranks.T))  # a number without codes
    return np.asarray(correlations[-1, :-1], dtype=np.float64)
