"""The FactorVAE metric (Kim & Mnih 2018), also called z-min."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from jaxtyping import Bool, Float, Float64, Int64

from nashae_metrics.ground.active_latents import ActiveLatents
from nashae_metrics.ground.choices import chosen
from nashae_metrics.ground.intervals import check_repeats, repeated_fields
from nashae_metrics.ground.metric import Metric
from nashae_metrics.ground.sample import Sample, checked_sample
from nashae_metrics.ground.score import Score
from nashae_metrics.ground.splits import drawn_rows
from nashae_metrics.intervention.factor_index import FactorIndex, factor_index
from nashae_metrics.intervention.factor_vae_protocols import PROTOCOLS, FactorVAEProtocol

CHUNK = 2**17  # numbers of one array of batches: small enough for the cache


@dataclass(frozen=True, eq=False, kw_only=True)
class FactorVAEScore(Score):
    """`score` is the accuracy on the test votes, the mean of `scores` (repeats,).

    train_accuracy: on the training votes, the mean likewise. votes, test_votes (m, k): how often
    each latent had the least variance while each factor was held fixed, summed over the repeats;
    latents that tie share a vote. settings: the protocol's numbers. factor_bins: of the continuous
    factors; None if there are none.
    """

    scores: Float64[np.ndarray, " repeats"]
    train_accuracy: float
    votes: Float64[np.ndarray, "m k"]
    test_votes: Float64[np.ndarray, "m k"]
    settings: FactorVAEProtocol
    factor_bins: int | None


def factor_vae(
    codes: npt.ArrayLike,
    factors: npt.ArrayLike,
    *,
    rng: np.random.Generator,
    protocol: str | FactorVAEProtocol = "standard",
    repeats: int = 1,
    active: str | ActiveLatents | npt.ArrayLike | None = None,
    factor_bins: int | None = None,
    missing: float | int | None = None,
) -> FactorVAEScore:
    """Accuracy of predicting the factor that a batch shares from its least varying latent.

    One vote: choose a factor uniformly, a value of it as that of a row drawn uniformly, then L rows
    of that value, with replacement; the active latent of the least variance, relative to its
    variance over the data (ddof 1), votes for the factor. Each latent predicts the factor that it
    has most training votes for. The score is the share of test votes predicted right, in [0, 1];
    more is better. The grid of factors need not be complete, and values that occur once are left
    out. With no active latent the score is 0; with one it is about 1/k, chance. It does not see
    that factors are mixed (a rotation has .99).

    Protocols:

    - "standard": L = 64, 10,000 training and 5,000 test votes, variances of all rows, latents
      active by "constant". Relative variances have no scale, and neither has this rule; the
      published one has. A latent of little noise need not be left out: it varies as much in a batch
      as in the data, so it does not win.
    - "locatello2019": the same, but latents of a deviation below .05 are left out ("std"), the
      variances are those of 10,000 rows, and values that occur once are an error.

    Args:
        codes: (n, m), finite real numbers, n >= 2; of VAEs the posterior means.
        factors: (n, k), whole numbers, or real ones together with `factor_bins`.
        rng: the source of all draws.
        protocol: the name of a protocol above, or a `FactorVAEProtocol`.
        repeats: how often votes are drawn. From two on the score, their mean, has an interval over
            other draws from these samples, which says nothing of other samples.
        active: a rule of active latents, its name, or a mask (m,), in place of the protocol's.
        factor_bins: how many classes of equal counts a continuous factor is cut into.
        missing: the label of an unknown factor, such as -1 or nan; rows that have it are left out.

    Raises:
        ValueError: an argument is not as described.
        NotApplicable: no two rows share a value of a factor, or the protocol takes more rows.

    In other code an inactive, constant latent is 0/0 and wins every vote. disentanglement_lib
    reports all latents as active, and its first of equal latents wins.

    Source: Kim & Mnih 2018, section 4, https://arxiv.org/abs/1802.05983; "locatello2019": Locatello
    et al. 2019, appendix C, https://arxiv.org/abs/1811.12359

    Example:
        >>> factors = np.indices((3, 4)).reshape(2, -1).T
        >>> factor_vae(factors + 0.0, factors, rng=np.random.default_rng(0)).score
        1.0
    """
    settings = _named_protocol(protocol)
    sample = checked_sample(
        codes,
        factors,
        active=settings.active if active is None else active,
        factor_bins=factor_bins,
        missing=missing,
    )
    return factor_vae_of(sample, protocol=settings, rng=rng, repeats=repeats)


def factor_vae_of(
    sample: Sample,
    *,
    protocol: str | FactorVAEProtocol = "standard",
    rng: np.random.Generator,
    repeats: int = 1,
) -> FactorVAEScore:
    """The FactorVAE score of a checked sample and of its active latents."""
    settings = _named_protocol(protocol)
    check_repeats(repeats)
    strict = settings.name if settings.strict else None
    indices = [
        factor_index(sample.classes, k, name=name, strict=strict)
        for k, name in enumerate(sample.columns)
    ]
    repeated = [_votes(sample, indices, settings, rng) for _ in range(repeats)]
    train, test = np.sum(repeated, axis=0)
    accuracies = [(_accuracy(votes, votes), _accuracy(votes, tested)) for votes, tested in repeated]
    train_accuracies, scores = np.array(accuracies).T
    return FactorVAEScore(
        **repeated_fields(scores),
        **sample.common_fields(settings.name, rng),
        train_accuracy=float(train_accuracies.mean()),
        votes=sample.spread(train),
        test_votes=sample.spread(test),
        settings=settings,
        factor_bins=sample.factor_bins if sample.binned.any() else None,
    )


def _named_protocol(protocol: str | FactorVAEProtocol) -> FactorVAEProtocol:
    if isinstance(protocol, FactorVAEProtocol):
        return protocol
    return chosen("protocol of factor_vae", protocol, PROTOCOLS)


def _accuracy(votes: Float64[np.ndarray, "a k"], tested: Float64[np.ndarray, "a k"]) -> float:
    """The share of `tested` votes for the factor that their latent has most `votes` for."""
    total = tested.sum()
    if total == 0:
        return 0.0
    right = np.take_along_axis(tested, votes.argmax(1)[:, None], axis=1)
    return float(right.sum() / total)


def _votes(
    sample: Sample,
    indices: list[FactorIndex],
    settings: FactorVAEProtocol,
    rng: np.random.Generator,
) -> tuple[Float64[np.ndarray, "a k"], Float64[np.ndarray, "a k"]]:
    """Training and test votes of the active latents."""
    codes = sample.used
    rows = np.arange(len(codes))
    if settings.variance_rows not in (None, len(codes)):
        rows = drawn_rows(len(codes), settings.variance_rows, rng, protocol=settings.name)
    table, varies = _unit_variance(codes, rows)
    train, test = np.zeros((2, codes.shape[1], len(indices)))
    for votes, number in ((train, settings.train_votes), (test, settings.test_votes)):
        votes[varies] = _counts(table, indices, number, settings.batch, rng)
    return train, test


def _unit_variance(
    codes: Float[np.ndarray, "n a"], rows: Int64[np.ndarray, " number"]
) -> tuple[Float64[np.ndarray, "n b"], Bool[np.ndarray, " a"]]:
    """The latents that vary in `rows`, each brought to variance 1 there, and which these are."""
    # Differences to one row are exact; the mean of huge numbers is not.
    table = codes.astype(np.float64)
    table -= table[0].copy()
    largest = np.abs(table).max(0)
    table /= np.where(largest > 0, largest, 1.0)
    deviation = table[rows].std(0, ddof=1)
    varies: Bool[np.ndarray, " a"] = np.ptp(table[rows], axis=0) > 0
    return np.ascontiguousarray(table[:, varies]) / deviation[varies], varies


def _counts(
    table: Float64[np.ndarray, "n b"],
    indices: list[FactorIndex],
    number: int,
    batch: int,
    rng: np.random.Generator,
) -> Float64[np.ndarray, "b k"]:
    """How often each latent has the least variance while each factor is held fixed."""
    fixed = np.bincount(rng.integers(len(indices), size=number), minlength=len(indices))
    votes = np.zeros((table.shape[1], len(indices)))
    if not table.shape[1]:
        return votes
    step = max(1, CHUNK // (batch * table.shape[1]))
    for factor, index in enumerate(indices):
        for start in range(0, int(fixed[factor]), step):
            rows = index.batches(min(step, int(fixed[factor]) - start), batch, rng=rng)
            # Differs from the paper: latents that tie share the vote, so their order does not
            # matter.
            variances = _variances(np.take(table, rows, axis=0))
            least = variances == variances.min(1, keepdims=True)
            votes[:, factor] += (least / least.sum(1, keepdims=True)).sum(0)
    return votes


def _variances(
    batches: Float64[np.ndarray, "points rows b"],
) -> Float64[np.ndarray, "points b"]:
    """L - 1 times the variance of each batch; exactly 0 where its rows are equal."""
    batches = batches - batches[:, :1]
    total = batches.sum(1)
    squares = np.einsum("plb,plb->pb", batches, batches)
    variances: Float64[np.ndarray, "points b"] = squares - total * total / batches.shape[1]
    return variances


METRIC = Metric(
    function=factor_vae,
    summary="the same from the latent that varies least",
    source="Kim & Mnih 2018",
    range="0 … 1, chance 1/k",
    cost=0.2,
    protocols=tuple(PROTOCOLS),
    interval_over="draws",
    of=factor_vae_of,
    rules={name: protocol.active for name, protocol in PROTOCOLS.items()},
)
