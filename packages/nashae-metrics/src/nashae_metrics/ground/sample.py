"""Codes with their factors, checked."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from jaxtyping import Bool, Float, Float64, Int64

from nashae_metrics.ground.active_latents import ActiveLatents, active_latents
from nashae_metrics.ground.arrays import (
    check_varying,
    codes_and_factors,
    codes_array,
)
from nashae_metrics.ground.choices import check_choice
from nashae_metrics.ground.factor_classes import factor_classes
from nashae_metrics.ground.score import seed_of
from nashae_metrics.ground.splits import drawn_rows

PROTOCOL_ROWS = {"standard": None, "locatello2019": 10_000}


@dataclass(frozen=True, eq=False)
class Sample:
    """n codes (n, m) with their k factors: values (n, k) and classes (n, k) 0 ... size - 1.

    sizes (k,): how many classes each factor has. active (m,): the active latents, by `rule`. binned
    (k,): which factors are continuous and were cut into `factor_bins` classes of equal counts.
    columns (k,): their places among the `given` columns that the user gave.
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

    def __len__(self) -> int:
        return len(self.codes)

    @property
    def used(self) -> Float[np.ndarray, "n a"]:
        """The codes of the active latents."""
        return self.codes if self.active.all() else np.ascontiguousarray(self.codes[:, self.active])

    def spread(
        self, values: npt.NDArray[np.float64], *, missing: float = 0.0
    ) -> npt.NDArray[np.float64]:
        """Rows (a, ...) of the active latents at their places among all m, `missing` elsewhere."""
        full = np.full((len(self.active), *values.shape[1:]), missing)
        full[self.active] = values
        return full

    def spread_pairs(self, values: Float64[np.ndarray, "a a"]) -> Float64[np.ndarray, "m m"]:
        """Values of pairs of active latents at their places among all pairs, 0 elsewhere."""
        full = np.zeros((len(self.active), len(self.active)))
        full[np.ix_(self.active, self.active)] = values
        return full

    def common_fields(
        self, protocol: str, rng: np.random.Generator | None, *, samples: int | None = None
    ) -> dict[str, Any]:
        """The fields of a `Score` that say where it comes from; `samples`: all rows by default."""
        return {
            "active": self.active,
            "rule": self.rule,
            "samples": len(self) if samples is None else samples,
            "protocol": protocol,
            "seed": seed_of(rng),
        }


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
    every_value: bool = False,
) -> Sample:
    """Check codes (n, m) and factors (n, k); draw `number` rows of them, as `protocol` takes them.

    factors, active, factor_bins, missing: as in `evaluate`. columns: of `factors` to use, None for
    all. every_value: each value of a continuous factor is a class of its own.

    Raises `ValueError` for arguments that are not as described, and `NotApplicable` for a constant
    factor or fewer rows than `number`.
    """
    checked, values = codes_and_factors(codes, factors, missing)
    given = values.shape[1]
    names = tuple(range(given) if columns is None else columns)
    values = values[:, names]
    classes, binned = factor_classes(values, len(values) if every_value else factor_bins)
    if number is not None:
        rows = drawn_rows(len(checked), number, rng, protocol=protocol)
        checked, values, classes = checked[rows], values[rows], classes[rows]
    check_varying(classes, names)
    dense = np.empty_like(classes)
    sizes = []
    for column, factor in enumerate(classes.T):
        present, dense[:, column] = np.unique(factor, return_inverse=True)
        sizes.append(len(present))
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
    """Check codes and factors; draw the rows of the protocol, which is one of the `known`."""
    check_choice("protocol", protocol, known)
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
    """Check codes without factors; draw the rows of the protocol."""
    check_choice("protocol", protocol, PROTOCOL_ROWS)
    checked = codes_array(codes)
    number = PROTOCOL_ROWS[protocol]
    if number is not None:
        checked = checked[drawn_rows(len(checked), number, rng, protocol=protocol)]
    mask, rule = active_latents(checked, active)
    return Sample(
        codes=checked,
        values=np.empty((len(checked), 0)),
        classes=np.empty((len(checked), 0), dtype=np.int64),
        sizes=(),
        active=mask,
        rule=rule,
        binned=np.empty(0, dtype=bool),
        factor_bins=None,
        columns=(),
        given=0,
    )
