"""The β-VAE metric (Higgins et al. 2017), also called z-diff."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from jaxtyping import Float, Float64, Int64

from nashae_metrics.ground.active_latents import ActiveLatents
from nashae_metrics.ground.arrays import codes_and_factors
from nashae_metrics.ground.choices import chosen
from nashae_metrics.ground.intervals import check_repeats, repeated_fields
from nashae_metrics.ground.metric import Metric
from nashae_metrics.ground.sample import Sample, checked_sample
from nashae_metrics.ground.score import Score
from nashae_metrics.intervention.beta_vae_protocols import (
    PROTOCOLS,
    BetaVAEProtocol,
    used_columns,
)
from nashae_metrics.intervention.factor_index import FactorIndex, factor_index
from nashae_metrics.intervention.linear_classifier import (
    adagrad_softmax,
    logistic_classes,
    softmax_classes,
)

CHUNK = 2**17  # numbers of one array of differences: small enough for the cache


@dataclass(frozen=True, eq=False, kw_only=True)
class BetaVAEScore(Score):
    """`score` is the accuracy on the test points, in [0, 1]; chance is 1/k for k factors.

    It is the mean of `scores` (repeats,). train_accuracy: on the training points, the mean
    likewise. confusion (k, k): test points of all repeats by the factor held fixed (row) and the
    factor predicted (column), in the order of columns (k,), the columns of `factors` in use.
    settings: the protocol's numbers. factor_bins: of the continuous factors; None if there are
    none.
    """

    scores: Float64[np.ndarray, " repeats"]
    train_accuracy: float
    confusion: Int64[np.ndarray, "k k"]
    columns: tuple[int, ...]
    settings: BetaVAEProtocol
    factor_bins: int | None


def beta_vae(
    codes: npt.ArrayLike,
    factors: npt.ArrayLike,
    *,
    rng: np.random.Generator,
    protocol: str | BetaVAEProtocol = "standard",
    repeats: int = 1,
    columns: Sequence[int] | None = None,
    active: str | ActiveLatents | npt.ArrayLike | None = None,
    factor_bins: int | None = None,
    missing: float | int | None = None,
) -> BetaVAEScore:
    """Accuracy of a linear classifier that predicts the shared factor from differences of codes.

    One point: choose a factor uniformly, then L pairs of rows that share its value; the mean of |z
    - z′| is the point, the factor its class. The first row of a pair is drawn uniformly among those
    whose value occurs twice or more, so the grid of factors need not be complete. The score is in
    [0, 1]; more is better. With no active latent it is chance. It does not see that factors are
    mixed (a rotation of perfect codes has .99), nor that one of them is missing (it is predicted by
    elimination): state beside it which factors are in the codes.

    Protocols; under all but the first a value that occurs once is an error:

    - "standard": L = 64, 10,000 training and 5,000 test points, logistic regression on standardised
      features.
    - "locatello2019": the same points, raw features, logistic regression as scikit-learn's default
      was then (liblinear, one-vs-rest); today's default differs by .006 at most in trials.
    - "higgins2017": a softmax on raw features, trained by Adagrad at rate .01, on the last four
      factors (scale, orientation, x, y), as in the paper, which trains it "until convergence". To
      our knowledge it states neither L nor the numbers of points: here 64, 10,000 and 5,000, and 30
      passes of one-point steps (100 gained .003 or less in two trials), which start at 0 on newly
      drawn points, not at random on the same. The paper evaluates each of 10 replicas of a model 3
      times (`repeats=3`) and discards the lower half of the 30 scores: `upper_half`.
    - "yeats2022-beamsynthesis": L = 20, 10,000 and 1,000 points, rows of a pair distinct, a softmax
      on raw features, trained by one-point steps of Adagrad.
    - "yeats2022-dsprites": L = 100, 60,000 and 1,000 points, the same softmax with a smaller rate
      for the last 5 % of the points, the last four factors only.

    Args:
        codes: (n, m), finite real numbers, n >= 2; of VAEs the posterior means.
        factors: (n, k), k >= 2, whole numbers, or real ones together with `factor_bins`.
        rng: the source of all draws.
        protocol: the name of a protocol above, or a `BetaVAEProtocol`.
        repeats: how often points are drawn. From two on the score, their mean, has an interval over
            other draws from these samples, which says nothing of other samples.
        columns: the columns of `factors` to use, in place of the protocol's.
        active: a rule of active latents, its name, or a mask (m,), in place of the protocol's.
        factor_bins: how many classes of equal counts a continuous factor is cut into.
        missing: the label of an unknown factor, such as -1 or nan; rows that have it are left out.

    Raises:
        ValueError: an argument is not as described.
        NotApplicable: no two rows share a value of a factor, or there are fewer than two factors.

    Source: Higgins et al. 2017, section 3 and the appendix on the metric,
    https://openreview.net/forum?id=Sy2fzU9gl; the other protocols are those of the code of Yeats et
    al. 2022 and of Locatello et al. 2019, https://arxiv.org/abs/1811.12359

    Example:
        >>> factors = np.indices((3, 4)).reshape(2, -1).T
        >>> beta_vae(factors + 0.0, factors, rng=np.random.default_rng(0)).score
        1.0
    """
    settings = _named_protocol(protocol)
    given = codes_and_factors(codes, factors, missing)[1].shape[1]
    used = used_columns(settings.columns if columns is None else columns, range(given), given)
    sample = checked_sample(
        codes,
        factors,
        active=settings.active if active is None else active,
        factor_bins=factor_bins,
        missing=missing,
        columns=used,
    )
    return beta_vae_of(sample, protocol=settings, rng=rng, repeats=repeats, columns=used)


def beta_vae_of(
    sample: Sample,
    *,
    protocol: str | BetaVAEProtocol = "standard",
    rng: np.random.Generator,
    repeats: int = 1,
    columns: Sequence[int] | None = None,
) -> BetaVAEScore:
    """The β-VAE score of a checked sample and of its active latents."""
    settings = _named_protocol(protocol)
    wanted = settings.columns if columns is None else columns
    names = used_columns(wanted, sample.columns, sample.given)
    used = [sample.columns.index(name) for name in names]
    check_repeats(repeats)
    strict = settings.name if settings.strict else None
    indices = [
        factor_index(sample.classes, column, name=name, strict=strict)
        for column, name in zip(used, names, strict=True)
    ]
    # Without active latents all points are equal, and the classifier predicts the commonest class.
    table = sample.used if sample.active.any() else np.zeros((len(sample), 1))
    confusion = np.zeros((len(used), len(used)), dtype=np.int64)
    accuracies, scores = np.empty(repeats), np.empty(repeats)
    for repeat in range(repeats):
        train = _points(table, indices, settings.train_points, settings, rng)
        test = _points(table, indices, settings.test_points, settings, rng)
        train_classes, test_classes = _predicted(train, test, len(used), settings)
        accuracies[repeat] = np.mean(train_classes == train[1])
        scores[repeat] = np.mean(test_classes == test[1])
        np.add.at(confusion, (test[1], test_classes), 1)
    return BetaVAEScore(
        **repeated_fields(scores),
        **sample.common_fields(settings.name, rng),
        train_accuracy=float(accuracies.mean()),
        confusion=confusion,
        columns=tuple(names),
        settings=settings,
        factor_bins=sample.factor_bins if sample.binned[used].any() else None,
    )


def upper_half(scores: npt.ArrayLike) -> float:
    """Mean of the scores without their lower half, as Higgins et al. 2017 report it.

    Of an odd number of scores the middle one is kept.

    Args:
        scores: of all replicas and repeats, of any shape.

    Example:
        >>> upper_half([0.25, 0.75, 1.0])
        0.875
    """
    ordered = np.sort(np.asarray(scores, dtype=np.float64), axis=None)
    return float(ordered[len(ordered) // 2 :].mean())


def _named_protocol(protocol: str | BetaVAEProtocol) -> BetaVAEProtocol:
    if isinstance(protocol, BetaVAEProtocol):
        return protocol
    return chosen("protocol of beta_vae", protocol, PROTOCOLS)


def _points(
    codes: Float[np.ndarray, "n m"],
    indices: list[FactorIndex],
    number: int,
    settings: BetaVAEProtocol,
    rng: np.random.Generator,
) -> tuple[Float64[np.ndarray, "number m"], Int64[np.ndarray, " number"]]:
    """Draw points (number, m) and the factor (number,) that each holds fixed."""
    fixed = rng.integers(len(indices), size=number)
    features = np.empty((number, codes.shape[1]))
    step = max(1, CHUNK // (settings.pairs * codes.shape[1]))
    for factor, index in enumerate(indices):
        places = np.flatnonzero(fixed == factor)
        for start in range(0, len(places), step):
            chunk = places[start : start + step]
            first, second = index.pairs(
                len(chunk), settings.pairs, distinct=settings.distinct, rng=rng
            )
            # `take` is several times as fast as indexing.
            difference = np.take(codes, first, axis=0)
            difference -= np.take(codes, second, axis=0)
            features[chunk] = np.abs(difference, out=difference).mean(1, dtype=np.float64)
    return features, fixed


def _predicted(
    train: tuple[Float64[np.ndarray, "n m"], Int64[np.ndarray, " n"]],
    test: tuple[Float64[np.ndarray, "n2 m"], Int64[np.ndarray, " n2"]],
    number: int,
    settings: BetaVAEProtocol,
) -> tuple[Int64[np.ndarray, " n"], Int64[np.ndarray, " n2"]]:
    """Train the classifier; predict the factor of each training and each test point."""
    (features, fixed), (tested, _) = train, test
    if settings.standardize:
        largest = features.max(0)
        largest[largest == 0] = 1.0  # scaled first, as squares of tiny numbers are 0
        features, tested = features / largest, tested / largest
        mean, deviation = features.mean(0), features.std(0)
        deviation[deviation == 0] = 1.0
        features, tested = (features - mean) / deviation, (tested - mean) / deviation
    if settings.classifier == "softmax-adagrad":
        weights = adagrad_softmax(
            features, fixed, number=number, phases=settings.phases, passes=settings.passes
        )
        return softmax_classes(features, weights), softmax_classes(tested, weights)
    one = settings.classifier == "one-vs-rest-logistic-regression"
    return logistic_classes(features, fixed, tested, kind="one-vs-rest" if one else "multinomial")


METRIC = Metric(
    function=beta_vae,
    summary="accuracy of predicting the factor that pairs share",
    source="Higgins et al. 2017",
    range="0 … 1, chance 1/k",
    cost=0.6,
    protocols=tuple(PROTOCOLS),
    interval_over="draws",
    of=beta_vae_of,
    rules={name: protocol.active for name, protocol in PROTOCOLS.items()},
)
