"""The β-VAE metric (Higgins et al. 2017), also called z-diff."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from jaxtyping import Bool, Float, Float64, Int64

from nashae_metrics.active_latents import ActiveLatents, active_latents
from nashae_metrics.arrays import check_varying, codes_array, factors_array
from nashae_metrics.factor_index import FactorIndex, factor_index
from nashae_metrics.linear_classifier import adagrad_softmax, logistic_classes, softmax_classes

CHUNK = 2**18  # numbers of one array of differences: small enough for the cache


@dataclass(frozen=True)
class BetaVAEProtocol:
    """All that a score of the β-VAE metric depends on besides the codes, the factors and the seed.

    pairs: pairs of rows averaged into one point (L). distinct: no row is paired with itself.
    standardize: features are brought to mean 0 and deviation 1 by those of the training points.
    classifier: "softmax-adagrad" takes one step on each point; phases: pairs of its learning rate
    and the share of the points that a fresh Adagrad learns at it; "logistic-regression" is
    scikit-learn's, with L2 and C = 1. columns: the factors in use, None for all. active: the rule
    of active latents. Raises `ValueError` for a number below 1, an unknown classifier and shares
    that do not sum to 1.
    """

    name: str
    pairs: int
    train_points: int
    test_points: int
    classifier: Literal["softmax-adagrad", "logistic-regression"]
    phases: tuple[tuple[float, float], ...] = ()
    standardize: bool = False
    distinct: bool = False
    columns: tuple[int, ...] | None = None
    active: str | ActiveLatents = "constant"

    def __post_init__(self) -> None:
        for field in ("pairs", "train_points", "test_points"):
            if getattr(self, field) < 1:
                raise ValueError(f"{field} must be 1 or more, got {getattr(self, field)}")
        if self.classifier not in ("softmax-adagrad", "logistic-regression"):
            raise ValueError(
                "classifier must be 'softmax-adagrad' or 'logistic-regression', "
                f"got {self.classifier!r}"
            )
        if self.classifier == "softmax-adagrad" and not np.isclose(
            sum(share for _, share in self.phases), 1
        ):
            raise ValueError(f"the shares of phases must sum to 1, got {self.phases}")


PROTOCOLS = {
    protocol.name: protocol
    for protocol in (
        BetaVAEProtocol("standard", 64, 10_000, 5_000, "logistic-regression", standardize=True),
        BetaVAEProtocol("locatello2019", 64, 10_000, 5_000, "logistic-regression"),
        BetaVAEProtocol(
            "yeats2022-beamsynthesis",
            20,
            10_000,
            1_000,
            "softmax-adagrad",
            phases=((1.0, 1.0),),
            distinct=True,
        ),
        BetaVAEProtocol(
            "yeats2022-dsprites",
            100,
            60_000,
            1_000,
            "softmax-adagrad",
            phases=((1.0, 0.95), (0.05, 0.05)),
            columns=(-4, -3, -2, -1),  # scale, orientation, x, y, whether or not a color leads
        ),
    )
}


@dataclass(frozen=True, eq=False)
class BetaVAEScore:
    """`score` is the accuracy on the test points, in [0, 1]; chance is 1/k for k factors.

    train_accuracy: on the training points. confusion (k, k): test points by the factor held fixed
    (row) and the factor told (column), in the order of columns (k,), the columns of `factors` in
    use. active (m,): the latents that took part, by `rule`. protocol: the name; settings: its
    numbers.
    """

    score: float
    train_accuracy: float
    confusion: Int64[np.ndarray, "k k"]
    columns: tuple[int, ...]
    active: Bool[np.ndarray, " m"]
    rule: str
    protocol: str
    settings: BetaVAEProtocol

    @property
    def active_count(self) -> int:
        """How many latents took part."""
        return int(self.active.sum())


def beta_vae(
    codes: npt.ArrayLike,
    factors: npt.ArrayLike,
    *,
    rng: np.random.Generator,
    protocol: str | BetaVAEProtocol = "standard",
    columns: Sequence[int] | None = None,
    active: str | ActiveLatents | npt.ArrayLike | None = None,
) -> BetaVAEScore:
    """Accuracy of a linear classifier that tells, from how codes differ, which factor they share.

    codes (n, m), any real numbers (of VAEs the posterior means); factors (n, k), whole numbers,
    k >= 2. One point: a factor is chosen uniformly, then L pairs of rows that share its value; the
    mean of |z - z′| is the point, the factor its class. The first row of a pair is drawn uniformly
    among those whose value occurs twice or more, so the grid of factors need not be complete.
    Returns an accuracy in [0, 1]; more is better. With no latent active it is chance.

    protocol: a `BetaVAEProtocol` of your own or the name of one of these:
    - "standard": L = 64, 10,000 training and 5,000 test points, logistic regression on
      standardised features;
    - "locatello2019": the same on raw features;
    - "yeats2022-beamsynthesis": L = 20, 10,000 and 1,000 points, rows of a pair distinct, a softmax
      on raw features, learnt by one-point steps of Adagrad;
    - "yeats2022-dsprites": L = 100, 60,000 and 1,000 points, the same softmax with a smaller rate
      for the last 5 % of the points, the last four factors only.
    columns: the factors in use, in place of the protocol's.
    active: a rule's name, an `ActiveLatents`, or a mask (m,), in place of the protocol's.
    rng: the one source of the draws; equal generators give equal results.

    The score does not see that factors are mixed (a rotation of perfect codes has .99), nor that
    one of them is missing (it is told by elimination): say beside it which factors are in the
    codes.

    Raises `ValueError` for codes that are not finite or not (n >= 2, m >= 1), lengths that differ,
    factors that are not whole numbers, constant, fewer than two, or without two rows of one value,
    unknown columns, protocol or rule.

    Source: Higgins et al. 2017, section 3; the protocols are those of the code of Yeats et al. 2022
    and of Locatello et al. 2019, the latter with the logistic regression of today's scikit-learn.
    """
    settings = _named_protocol(protocol)
    checked = codes_array(codes)
    classes = factors_array(factors, rows=len(checked))
    used = _used_columns(settings.columns if columns is None else columns, classes.shape[1])
    check_varying(classes, used)
    mask, rule = active_latents(checked, settings.active if active is None else active)

    # Without active latents all points are alike, and the classifier guesses the commonest class.
    table = np.ascontiguousarray(checked[:, mask]) if mask.any() else np.zeros((len(checked), 1))
    indices = [factor_index(classes, column) for column in used]
    train = _points(table, indices, settings.train_points, settings, rng)
    test = _points(table, indices, settings.test_points, settings, rng)
    told_train, told = _told(train, test, len(used), settings)

    confusion = np.zeros((len(used), len(used)), dtype=np.int64)
    np.add.at(confusion, (test[1], told), 1)
    return BetaVAEScore(
        score=float(np.mean(told == test[1])),
        train_accuracy=float(np.mean(told_train == train[1])),
        confusion=confusion,
        columns=tuple(used),
        active=mask,
        rule=rule,
        protocol=settings.name,
        settings=settings,
    )


def _named_protocol(protocol: str | BetaVAEProtocol) -> BetaVAEProtocol:
    if isinstance(protocol, BetaVAEProtocol):
        return protocol
    if protocol not in PROTOCOLS:
        raise ValueError(
            f"unknown protocol of beta_vae {protocol!r}; the known are {sorted(PROTOCOLS)}"
        )
    return PROTOCOLS[protocol]


def _used_columns(columns: Sequence[int] | None, number: int) -> list[int]:
    wanted = range(number) if columns is None else columns
    for column in wanted:
        if not -number <= column < number:
            raise ValueError(
                f"factors has {number} columns, so there is no column {column}; "
                "name those to use by columns=..."
            )
    used = [int(column) % number for column in wanted]
    if len(set(used)) < 2 or len(set(used)) < len(used):
        raise ValueError(f"two or more factors are needed, each of them once, got columns {used}")
    return used


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
            difference = codes[first]
            difference -= codes[second]
            features[chunk] = np.abs(difference, out=difference).mean(1, dtype=np.float64)
    return features, fixed


def _told(
    train: tuple[Float64[np.ndarray, "n m"], Int64[np.ndarray, " n"]],
    test: tuple[Float64[np.ndarray, "n2 m"], Int64[np.ndarray, " n2"]],
    number: int,
    settings: BetaVAEProtocol,
) -> tuple[Int64[np.ndarray, " n"], Int64[np.ndarray, " n2"]]:
    """Learn from the training points; give the factors told of these and of the test points."""
    (features, fixed), (others, _) = train, test
    if settings.standardize:
        mean, deviation = features.mean(0), features.std(0)
        deviation[deviation == 0] = 1.0
        features, others = (features - mean) / deviation, (others - mean) / deviation
    if settings.classifier == "logistic-regression":
        return logistic_classes(features, fixed, others)
    weights = adagrad_softmax(features, fixed, number=number, phases=settings.phases)
    return softmax_classes(features, weights), softmax_classes(others, weights)
