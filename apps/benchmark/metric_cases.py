"""Benchmarks of metrics, each against a loop of scikit-learn that gives the same value."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float32

from apps.benchmark.reference import metrics as plain
from apps.benchmark.timing import Comparison, compare, fastest
from apps.conformance.representations import IMAGES, Codes, Factors, factors_of, half_dead, perfect
from nashae_metrics import SplitSizes, auroc, beta_vae, factor_vae, irs, mig, modularity, sap, tad
from nashae_metrics.attributes.redundancy import redundancy
from nashae_metrics.ground.splits import split_rows
from nashae_metrics.intervention.beta_vae_protocols import PROTOCOLS as BETA_VAE
from nashae_metrics.intervention.factor_vae_protocols import PROTOCOLS as FACTOR_VAE
from nashae_metrics.prediction.dci import concentration
from nashae_metrics.prediction.trees.boosting import Boosting, boosted_trees

SAMPLES = 10_000
CELEBA = (202_599, 32, 40)
TREES = 100  # of the published predictor of DCI
# Deviations of the noise on standardised codes, and how many times more trees these cases have.
NOISE = (0.0, 0.001, 0.01, 0.05, 0.15, 1.2)
NODES_TIMES = 4
STUDY = "locatello2019"


class Case(NamedTuple):
    """A metric by us and by the reference: two functions that return the same score.

    `tolerance` is the largest difference. `goal` is our time as a fraction of that of
    disentanglement_lib, the study's code, which does not run here: the reference replaces it
    without drawing and encoding images, and so is often faster.
    """

    name: str
    ours: Callable[[], float]
    reference: Callable[[], float]
    tolerance: float
    goal: str = "–"


def study_codes(rows: int, seed: int = 0) -> tuple[Codes, Factors]:
    """`half_dead` codes and factors of images of dSprites, drawn with replacement."""
    factors = factors_of(np.random.default_rng(seed).integers(IMAGES, size=rows))
    return half_dead(factors), factors


def table_cases(codes: Codes, factors: Factors) -> Iterator[Case]:
    """Metrics of a table of at least 10,000 observations, without intervals."""
    yield Case(
        "MIG",
        lambda: mig(codes, factors).score,
        lambda: plain.plain_mig(codes, factors),
        tolerance=1e-9,
        goal="1/20 of 0.20 s",
    )
    yield Case(
        "modularity",
        lambda: modularity(codes, factors).score,
        lambda: plain.plain_modularity(codes, factors),
        tolerance=1e-9,
    )
    yield Case(
        "IRS",
        lambda: irs(codes, factors, protocol=STUDY, rng=_rng()).score,
        lambda: plain.plain_irs(codes, factors),
        tolerance=1e-9,
        goal="1/2 of 0.09 s",
    )


def sampled_cases(
    codes: Codes, factors: Factors, train: int = 10_000, test: int = 5_000
) -> Iterator[Case]:
    """Metrics of batches or pairs that share a factor; each side draws its own."""
    votes = replace(FACTOR_VAE[STUDY], train_votes=train, test_votes=test)
    yield Case(
        f"FactorVAE, {train + test:,} votes",
        lambda: factor_vae(codes, factors, protocol=votes, rng=_rng()).score,
        lambda: plain.plain_factor_vae(codes, factors, _rng(), train, test),
        tolerance=0.02,
        goal="1/10 of 1.5 s",
    )
    points = replace(BETA_VAE[STUDY], train_points=train, test_points=test)
    yield Case(
        f"β-VAE, {train + test:,} points",
        lambda: beta_vae(codes, factors, protocol=points, rng=_rng()).score,
        lambda: plain.plain_beta_vae(codes, factors, _rng(), train, test),
        tolerance=0.02,
        goal="1/6 of 2.2 s",
    )


def sap_case(codes: Codes, factors: Factors) -> Case:
    """SAP of 15,000 observations; the reference's SVM stops a little before its optimum."""
    return Case(
        "SAP",
        lambda: sap(codes, factors, protocol=STUDY, rng=_rng()).score,
        lambda: plain.plain_sap(codes, factors, _rng()),
        tolerance=0.002,
        goal="1/6 of 1.4 s",
    )


def dci_case(codes: Codes, factors: Factors, trees: int) -> Case:
    """DCI by gradient boosting; the published predictor has 100 trees a class.

    The two sides differ only in ties between splits, which each breaks at random.
    """
    return Case(
        f"DCI, boosting of {trees} iterations" + ("" if trees == TREES else f" instead of {TREES}"),
        lambda: boosted_disentanglement(codes, factors, trees),
        lambda: plain.plain_disentanglement(codes, factors, _rng(), trees),
        tolerance=0.01,
        goal="1/4" if trees == TREES else f"1/4 at {TREES}",
    )


def tree_cases(rows: int, trees: int) -> Iterator[Case]:
    """The trees of DCI on codes from perfect to noisy, and with each latent twice.

    For the two factors with the fewest classes: histograms gain least in nearly pure nodes, which
    near-perfect codes have after many iterations.
    """
    factors = factors_of(np.random.default_rng(0).integers(IMAGES, size=rows))
    noise = np.random.default_rng(1).normal(size=(rows, factors.shape[1] + 1))
    for deviation, copies in (*((deviation, 1) for deviation in NOISE), (0.01, 2), (1.2, 2)):
        codes = perfect(factors) + deviation * noise
        # As float32, the precision of scikit-learn's trees.
        codes = np.tile(codes.astype(np.float32).astype(np.float64), (1, copies))
        case = dci_case(codes, factors[:, :2], trees)
        name = f"{case.name}, noise {deviation:g}" + (", latents twice" if copies == 2 else "")
        yield case._replace(name=name, goal="not slower")


def boosted_disentanglement(codes: Codes, factors: Factors, trees: int) -> float:
    """`dci` under "locatello2019", with another number of trees."""
    rng = _rng()
    number = 2 * len(codes) // 3
    sizes = SplitSizes(number, len(codes) - number)
    train, test = split_rows(len(codes), sizes, rng, protocol=STUDY)
    varying = codes[:, np.ptp(codes, axis=0) > 0]
    boosting = Boosting(iterations=trees)
    columns = []
    for factor in factors.T:
        result = boosted_trees(
            varying[train], factor[train], varying[test], rng=rng, boosting=boosting
        )
        columns.append(result.importances)
    disentanglement, weights = concentration(np.column_stack(columns), factors.shape[1])
    return float(disentanglement @ weights)


def metrics(dci_trees: int) -> Iterator[Comparison]:
    """Each metric on a sample as in the study, then the parts of TAD at CelebA's size."""
    codes, factors = study_codes(SAMPLES)
    for case in table_cases(codes, factors):
        yield _compared(case, rounds=9)
    split = study_codes(SAMPLES * 3 // 2)
    for case in (*sampled_cases(codes, factors), sap_case(*split), dci_case(*split, dci_trees)):
        yield _compared(case, rounds=3)
    for case in tree_cases(SAMPLES, NODES_TIMES * dci_trees):
        yield _compared(case, rounds=1)
    yield from attribute_parts()


def attribute_parts() -> Iterator[Comparison]:
    """AUROC and the entropy filter; the reference's time is scaled from a few pairs to all."""
    n, latents, attributes = CELEBA
    codes, labels = celeba_table()
    few, pairs = 3, latents * attributes
    yield compare(
        f"AUROC, {n:,} × {latents} × {attributes}; reference scaled from {few} of {pairs:,} pairs",
        lambda: auroc(codes, labels),
        lambda: plain.plain_auroc(codes[:, :few], labels[:, :1]),
        work=(1, few / pairs),
        rounds=3,
        goal="< 0.35 s",
    )
    some, pairs = 6, attributes * (attributes + 1) // 2  # entropies too
    timed = some * (some + 1) // 2
    yield compare(
        f"entropy filter, {n:,} × {attributes}; reference scaled from {timed} of {pairs} pairs",
        lambda: redundancy(labels),
        lambda: plain.plain_redundancy(labels[:, :some]),
        work=(1, timed / pairs),
        rounds=3,
    )


def celeba_table() -> tuple[Float32[np.ndarray, "n m"], Bool[np.ndarray, "n k"]]:
    """Random codes and attributes of CelebA's size."""
    n, latents, attributes = CELEBA
    rng = _rng()
    codes = rng.random((n, latents), dtype=np.float32)
    return codes, rng.random((n, attributes)) < rng.uniform(0.02, 0.8, attributes)


def metric_seconds() -> Iterator[tuple[str, float, str]]:
    """Metrics without a reference: name, seconds of the fastest round, goal."""
    table = celeba_table()
    whole = fastest(lambda: tad(*table), 5)
    yield "TAD, {:,} × {} × {}, entropy filter included".format(*CELEBA), whole, "< 0.5 s"
    factors = factors_of(np.arange(IMAGES))
    codes = _rng().random((IMAGES, 10), dtype=np.float32)
    score = partial(beta_vae, codes, factors, protocol="yeats2022-dsprites")
    name = f"β-VAE under yeats2022-dsprites, {IMAGES:,} × 10"
    yield name, fastest(lambda: score(rng=_rng()), 3), "< 3 s"


def _compared(case: Case, rounds: int) -> Comparison:
    return compare(case.name, case.ours, case.reference, rounds=rounds, goal=case.goal)


def _rng() -> np.random.Generator:
    return np.random.default_rng(0)
