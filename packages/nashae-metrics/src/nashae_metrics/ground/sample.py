"""Codes with their factors, checked once; what several metrics need of them is computed once."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from jaxtyping import Bool, Float, Float64, Int64

from nashae_metrics.ground.active_latents import ActiveLatents, active_latents
from nashae_metrics.ground.arrays import (
    check_varying,
    codes_and_factors,
    codes_array,
    factor_classes,
)
from nashae_metrics.ground.intervals import (
    Bootstrap,
    Interval,
    block_numbers,
    draw_weights,
    interval_of,
)
from nashae_metrics.ground.score import seed_of
from nashae_metrics.ground.splits import drawn_rows
from nashae_metrics.information.binned import BinnedCodes, Information

PROTOCOL_ROWS = {"standard": None, "locatello2019": 10_000}


@dataclass(frozen=True, eq=False)
class Sample:
    """n codes (n, m) with their k factors: values (n, k) and classes (n, k) 0 ... size - 1.

    active (m,): the latents that take part, by `rule`. binned (k,): which factors are continuous
    and were cut into `factor_bins` classes of equal counts. columns (k,): of the `given` columns
    that the user handed in, which the factors are.
    """

    codes: Float[np.ndarray, "n m"]
    values: Float64[np.ndarray, "n k"]
    classes: Int64[np.ndarray, "n k"]
    sizes: tuple[int, ...]
    active: Bool[np.ndarray, " m"]
    rule: str
    binned: Bool[np.ndarray, " k"]
    factor_bins: int | None
    columns: tuple[int, ...]
    given: int
    _kept: dict[object, Information] = field(default_factory=dict, init=False, repr=False)

    def __len__(self) -> int:
        return len(self.codes)

    @property
    def used(self) -> Float[np.ndarray, "n a"]:
        """The codes of the active latents alone."""
        return self.codes if self.active.all() else np.ascontiguousarray(self.codes[:, self.active])

    def spread(
        self, values: npt.NDArray[np.float64], *, missing: float = 0.0
    ) -> npt.NDArray[np.float64]:
        """Rows (a, ...) of the active latents at their places among all m, `missing` elsewhere."""
        full = np.full((len(self.active), *values.shape[1:]), missing)
        full[self.active] = values
        return full

    def common_fields(
        self, protocol: str, rng: np.random.Generator | None, *, samples: int | None = None
    ) -> dict[str, Any]:
        """What every `Score` says of where it comes from; `samples`: the rows, all by default."""
        return {
            "active": self.active,
            "rule": self.rule,
            "samples": len(self) if samples is None else samples,
            "protocol": protocol,
            "seed": seed_of(rng),
        }

    def information(self, bins: int) -> Information:
        """Information of the active latents, in `bins` bins of equal width, and the factors."""
        key = ("whole", bins)
        if key not in self._kept:
            self._kept[key] = BinnedCodes(self.used, bins).information(self.classes, self.sizes)
        return self._kept[key]

    def information_interval(
        self,
        score: float,
        score_of: Callable[[Information], Float64[np.ndarray, " draws"]],
        *,
        bins: int,
        bootstrap: Bootstrap | None,
        rng: np.random.Generator | None,
        highest: float = 1.0,
    ) -> Interval | None:
        """The interval of a score that depends on `information` alone.

        None without `rng` or `bootstrap`.

        Metrics of one sample that ask with one `bins` and `bootstrap` share the resamples.
        """
        if rng is None or bootstrap is None:
            return None
        key = (bins, bootstrap)
        if key not in self._kept:
            numbers = block_numbers(len(self), bootstrap, rng)
            weights = draw_weights(int(numbers.max()) + 1, bootstrap, rng)
            self._kept[key] = BinnedCodes(self.used, bins).information(
                self.classes, self.sizes, blocks=numbers, weights=weights
            )
        return interval_of(score, score_of(self._kept[key]), bootstrap, highest=highest)


def checked_sample(
    codes: npt.ArrayLike,
    factors: npt.ArrayLike,
    *,
    active: str | ActiveLatents | npt.ArrayLike = "constant",
    factor_bins: int | None = None,
    missing: float | int | None = None,
    columns: Sequence[int] | None = None,
    number: int | None = None,
    rng: np.random.Generator | None = None,
    protocol: str = "standard",
) -> Sample:
    """Check codes (n, m) and factors (n, k), and draw `number` rows of them where that is given.

    factors: whole numbers; a column with others is continuous and needs `factor_bins`, the number
    of classes of equal counts that it is cut into. missing: a label that stands for an unknown one;
    rows that have it are left out. columns: those in use, None for all. Raises
    `ValueError` for codes that are not finite or not (n >= 2, m >= 1), factors that are continuous
    without `factor_bins` or of another length, and an unknown rule; `NotApplicable` for factors
    that are constant, and fewer rows than `protocol` takes.
    """
    checked, values = codes_and_factors(codes, factors, missing)
    given = values.shape[1]
    names = tuple(range(given) if columns is None else columns)
    values = values[:, names]
    classes, binned = factor_classes(values, factor_bins)
    if number is not None:
        rows = drawn_rows(len(checked), number, rng, protocol=protocol)
        checked, values, classes = checked[rows], values[rows], classes[rows]
    check_varying(classes, names)
    dense = np.empty_like(classes)
    sizes = []
    for column, factor in enumerate(classes.T):
        found, dense[:, column] = np.unique(factor, return_inverse=True)
        sizes.append(len(found))
    mask, rule = active_latents(checked, active)
    return Sample(
        codes=checked,
        values=values.astype(np.float64),
        classes=dense,
        sizes=tuple(sizes),
        active=mask,
        rule=rule,
        binned=binned,
        factor_bins=factor_bins,
        columns=names,
        given=given,
    )


def protocol_sample(
    codes: npt.ArrayLike,
    factors: npt.ArrayLike,
    *,
    protocol: str,
    active: str | ActiveLatents | npt.ArrayLike,
    factor_bins: int | None,
    missing: float | int | None = None,
    rng: np.random.Generator | None,
    known: Collection[str] = tuple(PROTOCOL_ROWS),
) -> Sample:
    """The sample that a metric of one table takes: "standard" all rows, "locatello2019" 10,000.

    known: the protocols that the metric has; any other is a `ValueError`.
    """
    if protocol not in known:
        raise ValueError(f"unknown protocol {protocol!r}; the known are {sorted(known)}")
    return checked_sample(
        codes,
        factors,
        active=active,
        factor_bins=factor_bins,
        missing=missing,
        number=PROTOCOL_ROWS[protocol],
        rng=rng,
        protocol=protocol,
    )


def codes_sample(
    codes: npt.ArrayLike,
    *,
    protocol: str,
    active: str | ActiveLatents | npt.ArrayLike,
    rng: np.random.Generator | None,
) -> Sample:
    """The sample of a metric without factors: "standard" all rows, "locatello2019" 10,000."""
    if protocol not in PROTOCOL_ROWS:
        raise ValueError(f"unknown protocol {protocol!r}; the known are {sorted(PROTOCOL_ROWS)}")
    checked = codes_array(codes)
    number = PROTOCOL_ROWS[protocol]
    if number is not None:
        checked = checked[drawn_rows(len(checked), number, rng, protocol=protocol)]
    mask, rule = active_latents(checked, active)
    none = np.empty((len(checked), 0))
    return Sample(
        codes=checked,
        values=none,
        classes=none.astype(np.int64),
        sizes=(),
        active=mask,
        rule=rule,
        binned=np.empty(0, dtype=bool),
        factor_bins=None,
        columns=(),
        given=0,
    )
