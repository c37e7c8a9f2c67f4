"""A cell of a table: the runs of one method and weight."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Self

from apps.recipes import method_named
from apps.reproduce.estimate import mean_of
from apps.runs.rows import Row, select


@dataclass(frozen=True)
class Cell:
    """The runs of one method and weight, of one m or of all (None), in the order of their seeds.

    A table's own cell adds what the table reports of them.
    """

    method: str
    weight: float
    latents: int | None
    runs: tuple[Row, ...]

    @classmethod
    def of(
        cls,
        rows: Iterable[Row],
        method: str,
        weight: float,
        latents: int | None = None,
        **reported: Any,
    ) -> Self:
        """The cell with its runs among `rows`, and what the paper reports of it."""
        size = {} if latents is None else {"latents": latents}
        own = select(rows, method=method, weight=weight, **size)
        return cls(method, weight, latents, own, **reported)

    @property
    def name(self) -> str:
        """The method and weight as the paper writes them."""
        return method_named(self.method).title(self.weight)

    @property
    def learned(self) -> tuple[int, ...]:
        """The learned latents of each run, by the method's own rule."""
        return tuple(run["learned"] for run in self.runs)

    @property
    def predictability(self) -> float | None:
        """The mean R² of the learned latents over the runs; None if none has predictors."""
        return mean_of([run["predictability"] for run in self.runs if "predictability" in run])
