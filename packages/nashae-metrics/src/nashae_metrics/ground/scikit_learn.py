"""How scikit-learn's models are trained here."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

import numpy as np
from jaxtyping import Float64, Int64


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


def logistic_regression(
    features: Float64[np.ndarray, "n m"],
    classes: Int64[np.ndarray, " n"],
    kind: Literal["multinomial", "one-vs-rest"],
) -> Any:
    """Train scikit-learn's logistic regression with L2 and C = 1.

    kind: "multinomial" is the default since version 0.22 (lbfgs), "one-vs-rest" the one before
    (liblinear, which also shrinks the biases).
    """
    from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]
    from sklearn.multiclass import OneVsRestClassifier  # type: ignore[import-untyped]

    # More iterations than scikit-learn's 100, so that features of different scales converge.
    model = LogisticRegression(max_iter=1000)
    if kind == "one-vs-rest":
        model = OneVsRestClassifier(LogisticRegression(solver="liblinear", max_iter=1000))
    with silenced():
        return model.fit(features, classes)
