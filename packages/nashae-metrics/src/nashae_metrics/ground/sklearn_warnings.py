"""Warnings of scikit-learn that say nothing of a score."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def silenced() -> Iterator[None]:
    """Silence scikit-learn's warnings about non-convergence and many classes.

    Raw codes may differ too much in scale to converge, and separable classes have no finite
    optimum: the score is that of the last iteration.
    """
    from sklearn.exceptions import ConvergenceWarning  # type: ignore[import-untyped]

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.filterwarnings("ignore", "The number of unique classes", UserWarning)
        yield
