"""All metrics that apply to some codes, as one table."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from jaxtyping import Float, Shaped

from nashae_metrics.attributes.tad import tad
from nashae_metrics.correlation.mcc import mcc_of
from nashae_metrics.correlation.predictability import predictability
from nashae_metrics.correlation.total_correlation import total_correlation
from nashae_metrics.correlation.wasserstein_correlation import wasserstein_correlation
from nashae_metrics.ground.active_latents import ActiveLatents, active_latents
from nashae_metrics.ground.arrays import (
    check_same_rows,
    codes_and_attributes,
    codes_and_factors,
    codes_array,
    factor_classes,
)
from nashae_metrics.ground.intervals import BOOTSTRAP, Bootstrap
from nashae_metrics.ground.learned_latents import learned_latents
from nashae_metrics.ground.not_applicable import NotApplicable
from nashae_metrics.ground.sample import PROTOCOL_ROWS, Sample, checked_sample
from nashae_metrics.ground.score import Score, seed_of
from nashae_metrics.information.dcimig import dcimig_of
from nashae_metrics.information.infomec import infomec_of
from nashae_metrics.information.jemmig import jemmig_of
from nashae_metrics.information.mig import mig_of
from nashae_metrics.information.mig_sup import mig_sup_of
from nashae_metrics.information.modularity import modularity_of
from nashae_metrics.information.mutual_information import mutual_information
from nashae_metrics.information.rmig import rmig_of
from nashae_metrics.intervention.beta_vae import beta_vae_of
from nashae_metrics.intervention.beta_vae_protocols import PROTOCOLS as BETA_VAE_PROTOCOLS
from nashae_metrics.intervention.factor_vae import PROTOCOLS as FACTOR_VAE_PROTOCOLS
from nashae_metrics.intervention.factor_vae import factor_vae_of
from nashae_metrics.intervention.irs import irs_of
from nashae_metrics.prediction.dci import dci_of, learnt_once
from nashae_metrics.prediction.dci_es import dci_es_of
from nashae_metrics.prediction.explicitness import explicitness_of
from nashae_metrics.prediction.predictors import Learnt
from nashae_metrics.prediction.sap import sap_of
from nashae_metrics.report.catalogue import METRICS, Metric
from nashae_metrics.report.evaluation import Evaluation, Row

# Metrics of the same rows: one table of binned information serves those of INFORMATION, and one set
# of its resamples.
TABLE: dict[str, Callable[..., Score]] = {
    "mig": mig_of,
    "rmig": rmig_of,
    "jemmig": jemmig_of,
    "mig_sup": mig_sup_of,
    "dcimig": dcimig_of,
    "modularity": modularity_of,
    "mcc": mcc_of,
}
INFORMATION = ("mig", "rmig", "jemmig", "mig_sup", "dcimig", "modularity")
# Metrics that draw their own rows, pairs or groups.
DRAWN: dict[str, Callable[..., Score]] = {
    "beta_vae": beta_vae_of,
    "factor_vae": factor_vae_of,
    "explicitness": explicitness_of,
    "sap": sap_of,
    "dci": dci_of,
    "dci_es": dci_es_of,
    "infomec": infomec_of,
}
# Those of DRAWN that train the same trees, which are trained once, with the stream of "dci".
OF_TREES = ("dci", "dci_es")
# Those of DRAWN whose protocols name a rule of active latents; the others' is "constant".
WITH_RULES: dict[str, Mapping[str, Any]] = {
    "beta_vae": BETA_VAE_PROTOCOLS,
    "factor_vae": FACTOR_VAE_PROTOCOLS,
}
UNLABELLED: dict[str, Callable[..., Score]] = {
    "total_correlation": total_correlation,
    "wasserstein_correlation": wasserstein_correlation,
    "mutual_information": mutual_information,
    "learned_latents": learned_latents,
}
PREDICTED: Callable[..., Score] = predictability
ATTRIBUTED: Callable[..., Score] = tad


def evaluate(
    codes: npt.ArrayLike,
    factors: npt.ArrayLike | None = None,
    *,
    rng: np.random.Generator,
    attributes: npt.ArrayLike | None = None,
    predictions: npt.ArrayLike | None = None,
    metrics: Sequence[str] | None = None,
    protocol: str | None = None,
    active: str | ActiveLatents | npt.ArrayLike | None = None,
    factor_bins: int | None = None,
    missing: float | int | None = None,
    bootstrap: Bootstrap | None = BOOTSTRAP,
    repeats: int = 5,
    on_progress: Callable[[str, int, int], None] | None = None,
) -> Evaluation:
    """Score codes by every metric that applies, the shared work done once.

    codes (n, m), any real numbers. factors (n, k), whole numbers, or real ones that are cut into
    `factor_bins` classes; a constant column is left out. attributes (n, k), binary, for TAD.
    predictions (n, m): of each latent from the others, for `predictability`. missing: a label, of
    factors and of attributes, that stands for an unknown one, such as -1 or nan; the metrics of
    either leave out the rows that have it. metrics: the names of
    those wanted, None for all. protocol: None for each metric's default; metrics that have none of
    that name are skipped. active: one rule, or a mask (m,), for all metrics; None for the rule that
    belongs to each metric and protocol, as in a call of the metric alone. bootstrap: how intervals
    are drawn, None for none. repeats: seeds of the metrics that draw pairs, groups or splits and
    take less than a second; two or more give them an interval over draws, `Row.draws_interval`,
    which stands apart from the others' over samples, `Row.interval`. on_progress(metric, done, of)
    is called before each metric.

    Every metric has a random stream of its own: its score does not depend on which others are
    asked for. A metric that the data does not allow (`NotApplicable`: too few rows for its
    protocol, no two rows that share a factor) is skipped, and the result says why.

    Raises `ValueError` for codes that are not finite or not (n >= 2, m >= 1), lengths that differ,
    continuous factors without `factor_bins`, attributes that are not binary, and unknown metrics,
    protocols or rules.
    """
    names = _named(metrics, protocol)
    inputs = _checked_inputs(codes, factors, attributes, predictions, factor_bins, missing)
    streams = dict(zip(["table", *METRICS], rng.spawn(1 + len(METRICS)), strict=True))
    mask, rule = active_latents(inputs.codes, "constant" if active is None else active)
    work = _Work(inputs, active, bootstrap, repeats, streams)
    skipped = {name: why for name in names if (why := work.why_not(METRICS[name], protocol))}
    applicable = [name for name in names if name not in skipped]
    rows = []
    for done, name in enumerate(applicable):
        if on_progress is not None:
            on_progress(name, done, len(applicable))
        start = time.perf_counter()
        try:
            result = work.scored(name, protocol or METRICS[name].protocols[0])
        except NotApplicable as error:
            skipped[name] = str(error)
            continue
        rows.append(Row(name, result, time.perf_counter() - start))
    return Evaluation(
        tuple(rows), skipped, len(inputs.codes), mask, rule, inputs.columns, seed_of(rng)
    )


@dataclass(frozen=True, eq=False)
class _Inputs:
    codes: Float[np.ndarray, "n m"]
    factors: Shaped[np.ndarray, "n k"] | None
    columns: tuple[int, ...]
    attributes: Shaped[np.ndarray, "n k2"] | None
    predictions: Float[np.ndarray, "n m"] | None
    factor_bins: int | None
    missing: float | int | None


@dataclass(frozen=True, eq=False)
class _Work:
    """The metrics of one set of inputs, and what they share."""

    inputs: _Inputs
    active: str | ActiveLatents | npt.ArrayLike | None
    bootstrap: Bootstrap | None
    repeats: int
    streams: dict[str, np.random.Generator]
    samples: dict[object, Sample] = field(default_factory=dict)
    learnt: list[Learnt] = field(default_factory=list)

    def why_not(self, metric: Metric, protocol: str | None) -> str | None:
        """Why a metric does not apply; None where it does."""
        if metric.needs == "codes of several seeds":
            return "needs the codes of several models: call udr"
        if metric.needs != "codes" and getattr(self.inputs, metric.needs) is None:
            return f"needs {metric.needs}"
        if protocol is not None and protocol not in metric.protocols:
            return f"has no protocol {protocol!r}"
        by_rule = self.active is None or isinstance(self.active, str | ActiveLatents)
        if metric.name == "learned_latents" and not by_rule:
            return "counts by a rule, and active is a mask"
        return None

    def sample(self, protocol: str, rule: str | ActiveLatents = "constant") -> Sample:
        """The rows that metrics of one table look at: all of them for "standard".

        rule: of their active latents, where the user has given none.
        """
        key = protocol, rule
        if key not in self.samples:
            inputs = self.inputs
            self.samples[key] = checked_sample(
                inputs.codes,
                np.asarray(inputs.factors),  # there: `why_not` has looked
                active=rule if self.active is None else self.active,
                factor_bins=inputs.factor_bins,
                missing=inputs.missing,
                columns=inputs.columns,
                number=PROTOCOL_ROWS[protocol],
                rng=self.streams["table"],
                protocol=protocol,
            )
        return self.samples[key]

    def trees(self, sample: Sample) -> Learnt:
        """The trees of OF_TREES, trained when first asked for."""
        if not self.learnt:
            self.learnt.append(learnt_once(sample, self.streams["dci"]))
        return self.learnt[0]

    def scored(self, name: str, protocol: str) -> Score:
        """A metric's result."""
        inputs, rng = self.inputs, self.streams["table" if name in INFORMATION else name]
        if name in DRAWN:
            repeats = self.repeats if METRICS[name].cost < 1 else 1
            rule = WITH_RULES[name][protocol].active if name in WITH_RULES else "constant"
            sample = self.sample("standard", rule)
            options: dict[str, Any] = {"rng": rng, "repeats": repeats}
            if name in OF_TREES and protocol == "standard":
                options = {"rng": self.streams["dci"], "learnt": [self.trees(sample)]}
            return DRAWN[name](sample, protocol=protocol, **options)
        if name == "irs":  # its resamples cost two hundred times as much as the score
            return irs_of(self.sample(protocol), protocol=protocol, rng=rng)
        # What the metric needs is there: `why_not` has looked.
        options = {"rng": rng, "bootstrap": self.bootstrap}
        if name in TABLE:
            return TABLE[name](self.sample(protocol), protocol=protocol, **options)
        given = self.active is not None
        if name == "learned_latents":
            return UNLABELLED[name](inputs.codes, **({"rule": self.active} if given else {}))
        options |= {"active": self.active} if given else {}
        if name == "predictability":
            return PREDICTED(inputs.codes, inputs.predictions, **options)
        if name == "tad":
            options |= {"protocol": protocol, "missing": inputs.missing}
            return ATTRIBUTED(inputs.codes, inputs.attributes, **options)
        return UNLABELLED[name](inputs.codes, protocol=protocol, **options)


def _named(metrics: Sequence[str] | None, protocol: str | None) -> list[str]:
    names = list(METRICS if metrics is None else metrics)
    unknown = [name for name in names if name not in METRICS]
    if unknown:
        raise ValueError(f"unknown metrics {unknown}; the known are {list(METRICS)}")
    known = sorted({name for metric in METRICS.values() for name in metric.protocols})
    if protocol is not None and protocol not in known:
        raise ValueError(f"unknown protocol {protocol!r}; the known are {known}")
    return names


def _checked_inputs(
    codes: npt.ArrayLike,
    factors: npt.ArrayLike | None,
    attributes: npt.ArrayLike | None,
    predictions: npt.ArrayLike | None,
    factor_bins: int | None,
    missing: float | int | None,
) -> _Inputs:
    checked = codes_array(codes)
    truth, columns = None, np.zeros(0, dtype=int)
    if factors is not None:
        # An error here is the user's, not a metric's.
        values = codes_and_factors(codes, factors, missing)[1]
        factor_classes(values, factor_bins)
        columns = np.flatnonzero(values.max(0) > values.min(0))
        truth = np.asarray(factors) if columns.size else None
    if predictions is not None:
        check_same_rows(codes, predictions, "predictions")
    predicted = None if predictions is None else codes_array(predictions, "predictions")
    if predicted is not None and predicted.shape != checked.shape:
        raise ValueError(
            f"predictions must have the shape of codes, got {predicted.shape} and {checked.shape}"
        )
    labels = None
    if attributes is not None:
        codes_and_attributes(codes, attributes, missing)
        labels = np.asarray(attributes)
    used = tuple(columns.tolist())
    return _Inputs(checked, truth, used, labels, predicted, factor_bins, missing)
