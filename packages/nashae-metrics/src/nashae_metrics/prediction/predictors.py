"""Predictors of a factor's classes from codes, by name, with the importance of each latent."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float64, Int64

from nashae_metrics.ground.choices import check_choice
from nashae_metrics.ground.sample import Sample
from nashae_metrics.ground.scikit_learn import silenced
from nashae_metrics.ground.splits import SplitSizes, split_rows
from nashae_metrics.ground.standardisation import standardised
from nashae_metrics.prediction.trees.boosting import Boosting, boosted_trees

FAST, PUBLISHED = "fast-gradient-boosting", "gradient-boosting"
STAGES = (1, 2, 4, 8, 16, 32, 64, 100)  # trees per class after which FAST predicts


class Split(NamedTuple):
    """Codes and classes to train on and to test on."""

    train_codes: Float64[np.ndarray, "n a"]
    train_classes: Int64[np.ndarray, " n"]
    test_codes: Float64[np.ndarray, "t a"]
    test_classes: Int64[np.ndarray, " t"]


class Predicted(NamedTuple):
    """The predictions of one factor.

    importances (a,): of the latents, 0 or more, of any sum; 0 if the factor has one class only.
    train_correct (stages, n), test_correct (stages, t): which rows are classified correctly, after
    each of STAGES for FAST; one stage for the other predictors.
    """

    importances: Float64[np.ndarray, " a"]
    train_correct: Bool[np.ndarray, "stages n"]
    test_correct: Bool[np.ndarray, "stages t"]


class FactorPredictors(NamedTuple):
    """A predictor of every factor, trained on some rows of a sample and tested on others.

    importance (a, k): of each active latent for each factor, of sum 1 for each factor (0 for one
    of one class). train_accuracy, test_accuracy (stages, k). stages: trees per class at each stage,
    () for a predictor other than FAST. train, test: the rows.
    """

    importance: Float64[np.ndarray, "a k"]
    train_accuracy: Float64[np.ndarray, "stages k"]
    test_accuracy: Float64[np.ndarray, "stages k"]
    stages: tuple[int, ...]
    train: Int64[np.ndarray, " train"]
    test: Int64[np.ndarray, " test"]


def factor_predictors(
    sample: Sample,
    sizes: SplitSizes,
    *,
    protocol: str,
    predictor: str,
    standardize: bool,
    rng: np.random.Generator,
) -> FactorPredictors:
    """Draw train and test rows of a sample and train a predictor of each factor.

    Raises `NotApplicable` if the sample has too few rows for `sizes`.
    """
    train, test = split_rows(len(sample), sizes, rng, protocol=protocol)
    train_codes, test_codes = (sample.used[rows].astype(np.float64) for rows in (train, test))
    if standardize and train_codes.shape[1]:
        train_codes, test_codes = standardised(train_codes, test_codes)
    train_codes, test_codes, order = canonical(train_codes, test_codes)
    importance = np.zeros((train_codes.shape[1], len(sample.sizes)))
    train_accuracy, test_accuracy = [], []
    for factor, classes in enumerate(sample.classes.T):
        split = Split(train_codes, classes[train], test_codes, classes[test])
        predictions = predicted(predictor, split, rng)
        total = predictions.importances.sum()
        importance[order, factor] = predictions.importances / (total if total > 0 else 1.0)
        train_accuracy.append(predictions.train_correct.mean(1))
        test_accuracy.append(predictions.test_correct.mean(1))
    return FactorPredictors(
        importance,
        np.stack(train_accuracy, 1),
        np.stack(test_accuracy, 1),
        STAGES if predictor == FAST else (),
        train,
        test,
    )


def predicted(name: str, split: Split, rng: np.random.Generator) -> Predicted:
    """Train the predictor of that name; without codes, or of one class, the commonest class."""
    check_choice("predictor", name, PREDICTORS)
    classes = split.train_classes
    if split.train_codes.shape[1] == 0 or (classes == classes[0]).all():
        common = np.bincount(classes).argmax()
        stages = (len(STAGES) if name == FAST else 1, 1)
        return Predicted(
            np.zeros(split.train_codes.shape[1]),
            np.tile(classes == common, stages),
            np.tile(split.test_classes == common, stages),
        )
    importances, train, test = PREDICTORS[name](split, int(rng.integers(2**31)))
    return Predicted(importances, train == classes, test == split.test_classes)


def canonical(
    train: Float64[np.ndarray, "n a"], test: Float64[np.ndarray, "t a"]
) -> tuple[Float64[np.ndarray, "n a"], Float64[np.ndarray, "t a"], Int64[np.ndarray, " a"]]:
    """Codes with signs and order of their own, whatever the latents' signs and order.

    Predictors break ties by the order and the sign of the latents; so the result depends on
    neither. Returns the codes and the latent at each place.
    """
    keys, signs = [], np.ones(train.shape[1])
    for latent, column in enumerate(train.T):
        values, ranks = np.unique(column, return_inverse=True)
        upright, turned = (r.astype(">i8").tobytes() for r in (ranks, len(values) - 1 - ranks))
        signs[latent] = 1.0 if upright <= turned else -1.0
        keys.append(min(upright, turned))
    order = np.array(sorted(range(len(keys)), key=keys.__getitem__), dtype=np.int64)
    return (train * signs)[:, order], (test * signs)[:, order], order


_Classes = tuple[
    Float64[np.ndarray, " a"], Int64[np.ndarray, "stages n"], Int64[np.ndarray, "stages t"]
]


def _fast_gradient_boosting(split: Split, seed: int) -> _Classes:
    trees = boosted_trees(
        split.train_codes,
        split.train_classes,
        split.test_codes,
        rng=np.random.default_rng(seed),
        boosting=Boosting(iterations=STAGES[-1]),
        stages=STAGES,
    )
    return trees.importances, trees.train_classes, trees.test_classes


def _gradient_boosting(split: Split, seed: int) -> _Classes:
    from sklearn.ensemble import GradientBoostingClassifier  # type: ignore[import-untyped]

    model = GradientBoostingClassifier(
        n_estimators=100, max_depth=3, learning_rate=0.1, random_state=seed
    )
    return _trees(model, split)


def _random_forest(split: Split, seed: int) -> _Classes:
    from sklearn.ensemble import RandomForestClassifier

    model = RandomForestClassifier(n_estimators=100, max_depth=10, random_state=seed)
    return _trees(model, split)


def _trees(model: object, split: Split) -> _Classes:
    with silenced():
        model.fit(split.train_codes, split.train_classes)  # type: ignore[attr-defined]
    importances = np.abs(model.feature_importances_)  # type: ignore[attr-defined]
    train, test = (
        model.predict(codes)[None]  # type: ignore[attr-defined]
        for codes in (split.train_codes, split.test_codes)
    )
    return importances, train, test


def _logistic(split: Split, seed: int) -> _Classes:
    """L1-logistic regression of each class against the rest; importances are sizes of weights."""
    from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]
    from sklearn.multiclass import OneVsRestClassifier  # type: ignore[import-untyped]

    train, test = standardised(split.train_codes, split.test_codes)
    # Before scikit-learn 1.8 the penalty has a name, since then it is a ratio.
    named = LogisticRegression().l1_ratio is None
    lasso = {"penalty": "l1"} if named else {"l1_ratio": 1.0}
    one = LogisticRegression(solver="liblinear", max_iter=1000, random_state=seed, **lasso)
    with silenced():
        model = OneVsRestClassifier(one).fit(train, split.train_classes)
    weights = np.concatenate([fitted.coef_ for fitted in model.estimators_])
    return np.abs(weights).mean(0), model.predict(train)[None], model.predict(test)[None]


PREDICTORS: dict[str, Callable[[Split, int], _Classes]] = {
    FAST: _fast_gradient_boosting,
    PUBLISHED: _gradient_boosting,
    "random-forest": _random_forest,
    "logistic": _logistic,
}
