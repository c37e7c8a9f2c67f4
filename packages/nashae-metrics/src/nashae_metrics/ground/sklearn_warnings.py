"""Where scikit-learn learns for a metric."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_remarks() -> Iterator[None]:
    """Leave out what scikit-learn remarks on data that are as they are.

    Raw codes may be too unlike in scale to converge, classes that a line parts have no finite
    optimum, and a factor may have nearly as many classes as there are rows: the score is that of
    the last iteration.
    """
    from sklearn.exceptions import ConvergenceWarning  # type: ignore[import-untyped]

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.filterwarnings("ignore", "The number of unique classes", UserWarning)
        yield
