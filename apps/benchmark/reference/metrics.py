"""The metrics as loops of scikit-learn: plain, one pair of latent and factor at a time.

Codes are (n, m), factors (n, k) integers, attributes (n, k) booleans. Constant latents go through
the loops like all others, unless a definition has no value for them.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Float64, Int64, Shaped
from sklearn.ensemble import GradientBoostingClassifier  # type: ignore[import-untyped]
from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]
from sklearn.metrics import mutual_info_score, roc_auc_score  # type: ignore[import-untyped]
from sklearn.multiclass import OneVsRestClassifier  # type: ignore[import-untyped]
from sklearn.svm import LinearSVC  # type: ignore[import-untyped]

Codes = Float[np.ndarray, "n m"]
Factors = Int64[np.ndarray, "n k"]
BINS = 20


def plain_information(codes: Codes, factors: Factors) -> Float64[np.ndarray, "m k"]:
    """Mutual information of each latent, in bins of equal width, with each factor."""
    binned = [_equal_width(latent) for latent in codes.T]
    return np.array([[mutual_info_score(f, latent) for f in factors.T] for latent in binned])


def plain_mig(codes: Codes, factors: Factors) -> float:
    """Mutual information gap (Chen et al. 2018)."""
    ordered = np.sort(plain_information(codes, factors), axis=0)
    entropies = np.array([mutual_info_score(factor, factor) for factor in factors.T])
    return float(np.mean((ordered[-1] - ordered[-2]) / entropies))


def plain_modularity(codes: Codes, factors: Factors) -> float:
    """Modularity (Ridgeway & Mozer 2018), the mean over the latents that vary."""
    modularities = []
    for squares in plain_information(codes[:, _varies(codes)], factors) ** 2:
        best = squares.max()
        modularities.append(1 - (squares.sum() - best) / (best * (len(squares) - 1)))
    return float(np.mean(modularities))


def plain_irs(codes: Codes, factors: Factors) -> float:
    """Interventional robustness (Suter et al. 2019), the factors in bins of equal width."""
    codes = codes[:, _varies(codes)]
    largest = np.abs(codes - codes.mean(0)).max(0)
    robustness = []
    for factor in factors.T:
        groups = _equal_width(factor)
        moved = []
        for group in np.unique(groups):
            rows = codes[groups == group]
            moved.append(np.percentile(np.abs(rows - rows.mean(0)), 99, axis=0))
        robustness.append(1 - np.mean(moved, axis=0) / largest)
    return float(np.average(np.max(robustness, axis=0), weights=largest))


class _Values(NamedTuple):
    """Rows sorted by the value of one factor; where those of each value start, and their number."""

    group: Int64[np.ndarray, " n"]
    rows: Int64[np.ndarray, " n"]
    start: Int64[np.ndarray, " values"]
    size: Int64[np.ndarray, " values"]

    def drawn(
        self, group: Int64[np.ndarray, " number"], rng: np.random.Generator
    ) -> Int64[np.ndarray, " number"]:
        """A row of each of these values."""
        drawn: Int64[np.ndarray, " number"] = self.rows[
            self.start[group] + rng.integers(self.size[group])
        ]
        return drawn


def _values(factor: Int64[np.ndarray, " n"]) -> _Values:
    _, group, size = np.unique(factor, return_inverse=True, return_counts=True)
    return _Values(group, np.argsort(factor, kind="stable"), np.cumsum(size) - size, size)


def plain_factor_vae(
    codes: Codes, factors: Factors, rng: np.random.Generator, train: int, test: int
) -> float:
    """The FactorVAE metric (Kim & Mnih 2018), one vote of 64 rows after another.

    Latents of a deviation below .05 are left out.
    """
    codes = codes[:, codes.std(0, ddof=1) >= 0.05]
    variance = codes.var(0, ddof=1)
    values = [_values(factor) for factor in factors.T]
    votes = np.zeros((2, codes.shape[1], len(values)))
    for vote in range(train + test):
        k = rng.integers(len(values))
        group = values[k].group[rng.integers(len(codes))]
        batch = codes[values[k].drawn(np.full(64, group), rng)]
        votes[int(vote >= train), np.argmin(batch.var(0, ddof=1) / variance), k] += 1
    majority = votes[0].argmax(1)
    return float(votes[1, np.arange(len(majority)), majority].sum() / test)


def plain_beta_vae(
    codes: Codes, factors: Factors, rng: np.random.Generator, train: int, test: int
) -> float:
    """The β-VAE metric (Higgins et al. 2017), one point of 64 pairs of rows after another.

    The classifier is logistic regression, each factor against the rest.
    """
    values = [_values(factor) for factor in factors.T]
    points, fixed = [], []
    for _ in range(train + test):
        k = rng.integers(len(values))
        first = rng.integers(len(codes), size=64)
        second = values[k].drawn(values[k].group[first], rng)
        points.append(np.abs(codes[first] - codes[second]).mean(0))
        fixed.append(k)
    model = OneVsRestClassifier(LogisticRegression(solver="liblinear", max_iter=1000))
    model.fit(points[:train], fixed[:train])
    return float(model.score(points[train:], fixed[train:]))


def plain_sap(codes: Codes, factors: Factors, rng: np.random.Generator) -> float:
    """Separated attribute predictability (Kumar et al. 2018), of raw codes."""
    train, test = _split(len(codes), rng)
    accuracy = np.empty((codes.shape[1], factors.shape[1]))
    for i, latent in enumerate(codes.T):
        for k, factor in enumerate(factors.T):
            model = LinearSVC(C=0.01, class_weight="balanced", dual=False)
            model.fit(latent[train, None], factor[train])
            accuracy[i, k] = model.score(latent[test, None], factor[test])
    ordered = np.sort(accuracy, axis=0)
    return float(np.mean(ordered[-1] - ordered[-2]))


def plain_disentanglement(
    codes: Codes, factors: Factors, rng: np.random.Generator, trees: int
) -> float:
    """Disentanglement of DCI (Eastwood & Williams 2018) by gradient boosting."""
    train, test = _split(len(codes), rng)
    columns = []
    for factor in factors.T:
        model = GradientBoostingClassifier(n_estimators=trees, random_state=0)
        model.fit(codes[train], factor[train])
        # Informativeness: part of DCI, and so of its time.
        model.score(codes[train], factor[train])
        model.score(codes[test], factor[test])
        columns.append(model.feature_importances_)
    score, total = 0.0, np.sum(columns)
    for row in np.column_stack(columns):
        shares = row[row > 0] / row.sum()
        entropy = -(shares * np.log(shares)).sum() / np.log(factors.shape[1])
        score += row.sum() / total * (1 - entropy)
    return float(score)


def plain_auroc(codes: Codes, attributes: Bool[np.ndarray, "n k"]) -> Float64[np.ndarray, "m k"]:
    """AUROC of each latent as a detector of each attribute, whichever way it points."""
    areas = np.array([[roc_auc_score(a, latent) for a in attributes.T] for latent in codes.T])
    either: Float64[np.ndarray, "m k"] = np.maximum(areas, 1 - areas)
    return either


def plain_redundancy(attributes: Bool[np.ndarray, "n k"]) -> Float64[np.ndarray, " k"]:
    """The largest share of each attribute's entropy that one other attribute removes."""
    number = attributes.shape[1]
    information = np.zeros((number, number))
    for i in range(number):
        for j in range(i):
            shared = mutual_info_score(attributes[:, i], attributes[:, j])
            information[i, j] = information[j, i] = shared
    entropies = np.array([mutual_info_score(a, a) for a in attributes.T])
    share: Float64[np.ndarray, " k"] = information.max(1) / entropies
    return share


def plain_tad(codes: Codes, attributes: Bool[np.ndarray, "n k"]) -> float:
    """Total AUROC difference (Yeats et al. 2022)."""
    ordered = np.sort(plain_auroc(codes, attributes), axis=0)
    counted = (ordered[-1] >= 0.75) & (plain_redundancy(attributes) <= 0.2)
    return float((ordered[-1] - ordered[-2])[counted].sum())


def _equal_width(column: Shaped[np.ndarray, " n"]) -> Int64[np.ndarray, " n"]:
    return np.asarray(np.digitize(column, np.histogram_bin_edges(column, BINS)[:-1]))


def _varies(codes: Codes) -> Bool[np.ndarray, " m"]:
    return np.asarray(np.ptp(codes, axis=0) > 0)


def _split(
    rows: int, rng: np.random.Generator
) -> tuple[Int64[np.ndarray, " train"], Int64[np.ndarray, " test"]]:
    """Indices of two thirds for training, and of the rest for testing."""
    order = rng.permutation(rows)
    return order[: 2 * rows // 3], order[2 * rows // 3 :]
