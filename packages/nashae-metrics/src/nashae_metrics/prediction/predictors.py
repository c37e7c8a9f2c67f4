"""Predictors of a factor's classes from codes, by name, with the importance of each latent."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float64, Int64

from nashae_metrics.ground.sample import Sample
from nashae_metrics.ground.sklearn_warnings import without_remarks
from nashae_metrics.ground.splits import SplitSizes, split_rows
from nashae_metrics.ground.standardisation import standardised
from nashae_metrics.prediction.trees.boosting import Boosting, boosted_trees

FAST, PUBLISHED = "fast-gradient-boosting", "gradient-boosting"
STAGES = (1, 2, 4, 8, 16, 32, 64, 100)  # trees per class after which FAST predicts


class Predicted(NamedTuple):
    """The predictions of one factor.

    importances (a,): of the latents, 0 or more, of any sum; all 0 where the factor has one class
    alone. learnt (stages, n) and told (stages, t): which train and which test rows are classified
    correctly, after each of STAGES for FAST; one stage for the other predictors.
    """

    importances: Float64[np.ndarray, " a"]
    learnt: Bool[np.ndarray, "stages n"]
    told: Bool[np.ndarray, "stages t"]


class Learnt(NamedTuple):
    """A predictor of every factor, trained on some rows of a sample and tested on others.

    importance (a, k): of each active latent for each factor, of sum 1 for each factor (0 for one
    of one class). learnt (stages, k) and told (stages, k): the accuracy on the train and on the
    test rows. stages: trees per class at each stage, () for a predictor other than FAST. train,
    test: the rows.
    """

    importance: Float64[np.ndarray, "a k"]
    learnt: Float64[np.ndarray, "stages k"]
    told: Float64[np.ndarray, "stages k"]
    stages: tuple[int, ...]
    train: Int64[np.ndarray, " train"]
    test: Int64[np.ndarray, " test"]


def learnt_factors(
    sample: Sample,
    sizes: SplitSizes,
    *,
    protocol: str,
    predictor: str,
    standardize: bool,
    rng: np.random.Generator,
) -> Learnt:
    """Draw train and test rows of a sample and train a predictor of each factor.

    Raises `NotApplicable` where the sample has too few rows for `sizes`.
    """
    train, test = split_rows(len(sample), sizes, rng, protocol=protocol)
    codes, others = (sample.used[rows].astype(np.float64) for rows in (train, test))
    if standardize and codes.shape[1]:
        codes, others = standardised(codes, others)
    codes, others, order = canonical(codes, others)
    importance = np.zeros((codes.shape[1], len(sample.sizes)))
    learnt, told = [], []
    for factor, classes in enumerate(sample.classes.T):
        found = predicted(predictor, Learning(codes, classes[train], others, classes[test]), rng)
        total = found.importances.sum()
        importance[order, factor] = found.importances / (total if total > 0 else 1.0)
        learnt.append(found.learnt.mean(1))
        told.append(found.told.mean(1))
    stages = STAGES if predictor == FAST else ()
    return Learnt(importance, np.stack(learnt, 1), np.stack(told, 1), stages, train, test)


class Learning(NamedTuple):
    """Codes and classes to learn from, codes and classes to be tested on."""

    codes: Float64[np.ndarray, "n a"]
    classes: Int64[np.ndarray, " n"]
    others: Float64[np.ndarray, "t a"]
    answers: Int64[np.ndarray, " t"]


def predicted(name: str, learning: Learning, rng: np.random.Generator) -> Predicted:
    """What the predictor of that name learns; a factor of one class is told without it."""
    checked_predictor(name)
    first = learning.classes[0]
    if learning.codes.shape[1] == 0 or (learning.classes == first).all():
        common = np.bincount(learning.classes).argmax()
        stages = (len(STAGES) if name == FAST else 1, 1)
        return Predicted(
            np.zeros(learning.codes.shape[1]),
            np.tile(learning.classes == common, stages),
            np.tile(learning.answers == common, stages),
        )
    importances, learnt, told = PREDICTORS[name](learning, int(rng.integers(2**31)))
    return Predicted(importances, learnt == learning.classes, told == learning.answers)


def checked_predictor(name: str) -> str:
    """The name itself; `ValueError` for one that is not known."""
    if name not in PREDICTORS:
        raise ValueError(f"unknown predictor {name!r}; the known are {sorted(PREDICTORS)}")
    return name


def canonical(
    codes: Float64[np.ndarray, "n a"], others: Float64[np.ndarray, "t a"]
) -> tuple[Float64[np.ndarray, "n a"], Float64[np.ndarray, "t a"], Int64[np.ndarray, " a"]]:
    """Codes turned and ordered in one way, whatever the latents' order and signs.

    Learners break ties by the latents' places and by the side from which they look; so neither can
    depend on how the latents were handed in. Gives the latent at each place, too.
    """
    keys, signs = [], np.ones(codes.shape[1])
    for latent, column in enumerate(codes.T):
        values, ranks = np.unique(column, return_inverse=True)
        upright, turned = (r.astype(">i8").tobytes() for r in (ranks, len(values) - 1 - ranks))
        signs[latent] = 1.0 if upright <= turned else -1.0
        keys.append(min(upright, turned))
    order = np.array(sorted(range(len(keys)), key=keys.__getitem__), dtype=np.int64)
    return (codes * signs)[:, order], (others * signs)[:, order], order


_Classes = tuple[
    Float64[np.ndarray, " a"], Int64[np.ndarray, "stages n"], Int64[np.ndarray, "stages t"]
]


def _fast_gradient_boosting(learning: Learning, seed: int) -> _Classes:
    found = boosted_trees(
        learning.codes,
        learning.classes,
        learning.others,
        rng=np.random.default_rng(seed),
        boosting=Boosting(iterations=STAGES[-1]),
        stages=STAGES,
    )
    return found.importances, found.learnt, found.told


def _gradient_boosting(learning: Learning, seed: int) -> _Classes:
    from sklearn.ensemble import GradientBoostingClassifier  # type: ignore[import-untyped]

    model = GradientBoostingClassifier(
        n_estimators=100, max_depth=3, learning_rate=0.1, random_state=seed
    )
    return _trees(model, learning)


def _random_forest(learning: Learning, seed: int) -> _Classes:
    from sklearn.ensemble import RandomForestClassifier

    model = RandomForestClassifier(n_estimators=100, max_depth=10, random_state=seed)
    return _trees(model, learning)


def _trees(model: object, learning: Learning) -> _Classes:
    with without_remarks():
        model.fit(learning.codes, learning.classes)  # type: ignore[attr-defined]
    importances = np.abs(model.feature_importances_)  # type: ignore[attr-defined]
    learnt, told = (
        model.predict(rows)[None]  # type: ignore[attr-defined]
        for rows in (learning.codes, learning.others)
    )
    return importances, learnt, told


def _logistic(learning: Learning, seed: int) -> _Classes:
    """Logistic regression with L1, one class against the rest; weights' sizes are importances."""
    from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]
    from sklearn.multiclass import OneVsRestClassifier  # type: ignore[import-untyped]

    codes, others = standardised(learning.codes, learning.others)
    # Before scikit-learn 1.8 the penalty has a name, since then it is a ratio.
    named = LogisticRegression().l1_ratio is None
    lasso = {"penalty": "l1"} if named else {"l1_ratio": 1.0}
    one = LogisticRegression(solver="liblinear", max_iter=1000, random_state=seed, **lasso)
    with without_remarks():
        model = OneVsRestClassifier(one).fit(codes, learning.classes)
    weights = np.concatenate([fitted.coef_ for fitted in model.estimators_])
    return np.abs(weights).mean(0), model.predict(codes)[None], model.predict(others)[None]


PREDICTORS: dict[str, Callable[[Learning, int], _Classes]] = {
    FAST: _fast_gradient_boosting,
    PUBLISHED: _gradient_boosting,
    "random-forest": _random_forest,
    "logistic": _logistic,
}
