"""What the scores of mutual information of latents and factors have in common."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt
from jaxtyping import Float64

from nashae_metrics.ground.active_latents import ActiveLatents
from nashae_metrics.ground.intervals import Bootstrap, Resamples, drawn_resamples
from nashae_metrics.ground.metric import Metric
from nashae_metrics.ground.sample import PROTOCOL_ROWS, Sample, protocol_sample
from nashae_metrics.ground.score import Score
from nashae_metrics.information.table import BinnedCodes, Information

BINS = 20


@dataclass(frozen=True, eq=False, kw_only=True)
class InformationScore(Score):
    """A score of the information that latents have about factors.

    information (m, k): I(z_d; v_k), in nats or over H(v_k); 0 for inactive latents. bins: of each
    latent.
    """

    information: Float64[np.ndarray, "m k"]
    bins: int


S = TypeVar("S", bound=InformationScore)


class Tables(NamedTuple):
    """The information in a sample and in its resamples, None if there is no interval to draw."""

    whole: Information
    drawn: Information | None
    resamples: Resamples | None


def information_tables(
    sample: Sample,
    *,
    rng: np.random.Generator | None,
    bootstrap: Bootstrap | None,
    protocol: str = "standard",  # noqa: ARG001  # every protocol has the same tables
    bins: int = BINS,
) -> Tables:
    """The information of the active latents, in bins, about the factors."""
    binned = BinnedCodes(sample.used, bins)
    whole = binned.information(sample.classes, sample.sizes)
    resamples = drawn_resamples(len(sample), bootstrap, rng)
    if resamples is None:
        return Tables(whole, None, None)
    return Tables(whole, binned.information(sample.classes, sample.sizes, resamples), resamples)


@dataclass(frozen=True)
class InformationMetric(Generic[S]):
    """How one score is taken of a table of information.

    result: the class of its results. scores: the score of a table, or one a draw of resampled
    tables. fields: those of the result that `Score` does not have, except `bins`. highest: the
    highest possible score. protocols: their names.
    """

    result: type[S]
    scores: Callable[[Information], Float64[np.ndarray, "*draws"]]
    fields: Callable[[Information, Sample], dict[str, Any]]
    highest: float = 1.0
    protocols: tuple[str, ...] = ("standard",)

    def of_arrays(
        self,
        codes: npt.ArrayLike,
        factors: npt.ArrayLike,
        protocol: str,
        bins: int,
        active: str | ActiveLatents | npt.ArrayLike,
        factor_bins: int | None,
        missing: float | int | None,
        rng: np.random.Generator | None,
        bootstrap: Bootstrap | None,
    ) -> S:
        """The result for arrays from outside, which are checked."""
        sample = protocol_sample(
            codes,
            factors,
            protocol=protocol,
            active=active,
            factor_bins=factor_bins,
            missing=missing,
            rng=rng,
            known=self.protocols,
        )
        return self.of_sample(sample, protocol=protocol, bins=bins, rng=rng, bootstrap=bootstrap)

    def of_sample(
        self,
        sample: Sample,
        *,
        protocol: str = "standard",
        bins: int = BINS,
        rng: np.random.Generator | None = None,
        bootstrap: Bootstrap | None = None,
        shared: Tables | None = None,
    ) -> S:
        """The result for a checked sample; `shared`: its tables, if they are known."""
        tables = shared or information_tables(sample, rng=rng, bootstrap=bootstrap, bins=bins)
        score = float(self.scores(tables.whole))
        interval = None
        if tables.drawn is not None and tables.resamples is not None:
            draws = self.scores(tables.drawn)
            interval = tables.resamples.interval(score, draws, highest=self.highest)
        return self.result(
            score=score,
            interval=interval,
            **sample.common_fields(protocol, rng),
            **self.fields(tables.whole, sample),
            bins=tables.whole.bins,
        )

    def record(
        self,
        function: Callable[..., S],
        summary: str,
        source: str,
        range: str = "0 … 1",  # noqa: A002  # as in `Metric`
        better: str = "high",
    ) -> Metric:
        """The metric's record; all metrics of one `evaluate` share the tables."""
        return Metric(
            function=function,
            summary=summary,
            source=source,
            range=range,
            better=better,
            protocols=self.protocols,
            interval_over="samples",
            of=self.of_sample,
            rows=PROTOCOL_ROWS,
            shares=information_tables,
            stream="table",
        )
