"""What a metric declares of itself."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from nashae_metrics.ground.active_latents import ActiveLatents
from nashae_metrics.ground.score import Score

Needs = Literal["factors", "attributes", "codes", "predictions", "codes of several seeds"]


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One metric: its function, and all that `evaluate`, the command line and the README say of it.

    Args:
        function: the public function; it takes codes, then what the metric needs.
        summary: what the score is, in one line.
        source: the paper that defines it.
        range: of the score, with m latents and k factors.
        better: "high" or "low", or in words what is best.
        cost: seconds on one core for 10,000 observations, 10 latents and 5 factors, with the
            default interval.
        needs: what the metric takes beside the codes.
        protocols: their names, the default first.
        interval_over: what an interval of `evaluate` speaks of: "samples" (bootstrap resamples) or
            "draws" (repeats); None if it would cost too much.
        of: what `evaluate` calls, the function itself by default. It takes a checked `Sample` if
            the metric needs factors, else the arrays; then by keyword `protocol`, `rng`, and
            `bootstrap` or `repeats` as `interval_over` says.
        rows: by protocol, how many rows of the sample are drawn before `of` sees it; all if absent.
        rules: by protocol, the rule of active latents of the sample; "constant" if absent.
        shares: computes from the sample what several metrics need. `evaluate` calls it once with
            the keywords of `of` and hands the result to each of them as `shared`.
        stream: whose random stream `evaluate` gives the metric; its own by default.
    """

    function: Callable[..., Score]
    summary: str
    source: str
    range: str = "0 … 1"
    better: str = "high"
    cost: float = 0.1
    needs: Needs = "factors"
    protocols: tuple[str, ...] = ("standard", "locatello2019")
    interval_over: Literal["samples", "draws"] | None = None
    of: Callable[..., Score] | None = None
    rows: Mapping[str, int | None] = field(default_factory=dict)
    rules: Mapping[str, str | ActiveLatents] = field(default_factory=dict)
    shares: Callable[..., Any] | None = None
    stream: str = ""

    @property
    def name(self) -> str:
        """The name of the function."""
        return self.function.__name__
