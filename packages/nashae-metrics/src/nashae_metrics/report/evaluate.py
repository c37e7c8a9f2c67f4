"""All metrics that apply to some codes, as one table."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from jaxtyping import Float, Shaped

from nashae_metrics.ground.active_latents import ActiveLatents, active_latents
from nashae_metrics.ground.arrays import (
    check_same_rows,
    check_same_shape,
    codes_and_attributes,
    codes_and_factors,
    codes_array,
)
from nashae_metrics.ground.choices import check_choice
from nashae_metrics.ground.factor_classes import factor_classes
from nashae_metrics.ground.intervals import BOOTSTRAP, Bootstrap
from nashae_metrics.ground.metric import Metric
from nashae_metrics.ground.not_applicable import NotApplicable
from nashae_metrics.ground.sample import Sample, checked_sample
from nashae_metrics.ground.score import Score, seed_of
from nashae_metrics.report.catalogue import METRICS
from nashae_metrics.report.evaluation import Evaluation, Row


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
    """Score codes by every metric that applies; work that several metrics need is done once.

    Each metric has a random stream of its own, so its score does not depend on which others are
    asked for; metrics that share work share a stream. A metric that cannot be taken of the data
    (too few rows for its protocol, no two rows that share a factor) is skipped, and the result says
    why.

    Args:
        codes: (n, m), finite real numbers, n >= 2.
        factors: (n, k), whole numbers, or real ones together with `factor_bins`. A constant column
            is left out.
        rng: the source of all random draws.
        attributes: (n, k), binary, for TAD.
        predictions: (n, m), of each latent from the others, for `predictability`.
        metrics: the names of the metrics to take, None for all.
        protocol: one protocol for all; metrics that have none of that name are skipped. None for
            each metric's default.
        active: one rule of active latents, its name, or a mask (m,), for all metrics; None for the
            rule of each metric and protocol, as in a call of the metric itself.
        factor_bins: how many classes of equal counts a continuous factor is cut into.
        missing: the label of an unknown factor or attribute, such as -1 or nan; rows that have it
            are left out.
        bootstrap: how intervals over other samples are drawn; None for none.
        repeats: how often metrics that draw pairs, groups or splits in less than a second are
            taken. Two or more give an interval over draws, `Row.draws_interval`, which stands apart
            from the others' over samples, `Row.interval`.
        on_progress: called before each metric with its name, how many are done, and of how many.

    Returns:
        The rows of the metrics that apply, and why the others do not.

    Raises:
        ValueError: codes are not finite or not (n >= 2, m >= 1); lengths differ; factors are
            continuous without `factor_bins`; attributes are not binary; a metric, the protocol or
            the rule is unknown.

    Example:
        >>> import numpy as np
        >>> factors = np.random.default_rng(0).integers(0, [3, 4], (500, 2))
        >>> evaluation = evaluate(
        ...     factors + 0.0, factors, metrics=["mig", "mcc"], rng=np.random.default_rng(1)
        ... )
        >>> [f"{row.metric} {row.score:.2f}" for row in evaluation.rows]
        ['mig 1.00', 'mcc 1.00']
    """
    names = _named(metrics, protocol)
    inputs = _checked_inputs(codes, factors, attributes, predictions, factor_bins, missing)
    streams = dict(zip(["table", *METRICS], rng.spawn(1 + len(METRICS)), strict=True))
    mask, rule = active_latents(inputs.codes, "constant" if active is None else active)
    work = _Work(inputs, active, {"samples": bootstrap, "draws": repeats}, streams)
    skipped = {name: why for name in names if (why := work.why_not(METRICS[name], protocol))}
    applicable = [METRICS[name] for name in names if name not in skipped]
    rows = []
    for done, metric in enumerate(applicable):
        if on_progress is not None:
            on_progress(metric.name, done, len(applicable))
        start = time.perf_counter()
        try:
            result = work.scored(metric, protocol or metric.protocols[0])
        except NotApplicable as error:
            skipped[metric.name] = str(error)
            continue
        rows.append(Row(metric.name, result, time.perf_counter() - start))
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
    """Takes metrics of one set of inputs, and keeps what they share."""

    inputs: _Inputs
    active: str | ActiveLatents | npt.ArrayLike | None
    intervals: dict[str, Any]  # "samples": the bootstrap; "draws": the number of repeats
    streams: dict[str, np.random.Generator]
    shared: dict[object, Any] = field(default_factory=dict)

    def why_not(self, metric: Metric, protocol: str | None) -> str | None:
        """Why a metric does not apply; None if it does."""
        if not hasattr(self.inputs, metric.needs):
            return f"needs the {metric.needs}: call {metric.name}"
        if getattr(self.inputs, metric.needs) is None:
            return f"needs {metric.needs}"
        if protocol is not None and protocol not in metric.protocols:
            return f"has no protocol {protocol!r}"
        return None

    def scored(self, metric: Metric, protocol: str) -> Score:
        """A metric's result."""
        of, inputs = metric.of or metric.function, self.inputs
        options: dict[str, Any] = {"rng": self.streams[metric.stream or metric.name]}
        if len(metric.protocols) > 1:
            options["protocol"] = protocol
        if metric.interval_over is not None:
            name = {"samples": "bootstrap", "draws": "repeats"}[metric.interval_over]
            options[name] = self.intervals[metric.interval_over]
        if metric.needs == "factors":
            sample = self.sample(metric, protocol)
            if metric.shares is not None:
                key = metric.shares, protocol, id(sample)
                if key not in self.shared:
                    self.shared[key] = metric.shares(sample, **options)
                options["shared"] = self.shared[key]
            return of(sample, **options)
        if self.active is not None:
            options["active"] = self.active
        if metric.needs == "codes":
            return of(inputs.codes, **options)
        if metric.needs == "attributes":
            options["missing"] = inputs.missing
        return of(inputs.codes, getattr(inputs, metric.needs), **options)

    def sample(self, metric: Metric, protocol: str) -> Sample:
        """The sample of a metric; metrics with the same rows and rule share it."""
        rule = metric.rules.get(protocol, "constant") if self.active is None else self.active
        number = metric.rows.get(protocol)
        key = number, rule if self.active is None else None
        if key not in self.shared:
            inputs = self.inputs
            self.shared[key] = checked_sample(
                inputs.codes,
                np.asarray(inputs.factors),  # not None: `why_not` has looked
                active=rule,
                factor_bins=inputs.factor_bins,
                missing=inputs.missing,
                columns=inputs.columns,
                number=number,
                rng=self.streams["table"],
                protocol=protocol,
            )
        sample: Sample = self.shared[key]
        return sample


def _named(metrics: Sequence[str] | None, protocol: str | None) -> list[str]:
    names = list(METRICS if metrics is None else metrics)
    for name in names:
        check_choice("metrics", name, METRICS)
    known = sorted({name for metric in METRICS.values() for name in metric.protocols})
    if protocol is not None:
        check_choice("protocol", protocol, known)
    return names


def _checked_inputs(
    codes: npt.ArrayLike,
    factors: npt.ArrayLike | None,
    attributes: npt.ArrayLike | None,
    predictions: npt.ArrayLike | None,
    factor_bins: int | None,
    missing: float | int | None,
) -> _Inputs:
    """Check all inputs first: an error here is the user's, and no reason to skip a metric."""
    checked = codes_array(codes)
    used: Shaped[np.ndarray, "n k"] | None = None
    columns = np.zeros(0, dtype=int)
    if factors is not None:
        values = codes_and_factors(codes, factors, missing)[1]
        factor_classes(values, factor_bins)
        columns = np.flatnonzero(values.max(0) > values.min(0))
        used = np.asarray(factors) if columns.size else None
    predicted = None
    if predictions is not None:
        check_same_rows(codes, predictions, "predictions")
        predicted = codes_array(predictions, "predictions")
        check_same_shape(checked, predicted, "predictions")
    labels = None
    if attributes is not None:
        codes_and_attributes(codes, attributes, missing)
        labels = np.asarray(attributes)
    return _Inputs(checked, used, tuple(columns.tolist()), labels, predicted, factor_bins, missing)
