"""What `Dataset` and `AttributeDataset` share: observations, and arrays with a row for each."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from nashae_data.observations.arrays import check_unmasked
from nashae_data.observations.disk import in_any_order
from nashae_data.observations.places import by_place
from nashae_data.observations.protocol import Observations


@dataclass(frozen=True, eq=False)
class Record:
    """Observations; a subclass adds a row of labels for each, and where they come from."""

    observations: Observations

    def _keep(self, **values: object) -> None:
        """Set fields of this frozen record, while it is made."""
        for name, value in values.items():
            object.__setattr__(self, name, value)

    def _check_observations(self, *arrays: str) -> None:
        """Make observations indexable in any order, and refuse none of them and masked entries."""
        for name in ("observations", *arrays):
            check_unmasked(getattr(self, name), name)
        self._keep(observations=in_any_order(self.observations))
        observations = self.observations
        if not isinstance(observations, Observations):
            raise ValueError(
                f"observations must have shape, dtype, len() and indexing; got "
                f"{type(observations).__name__}: wrap them in numpy.asarray"
            )
        if not observations.shape or len(observations) == 0:
            raise ValueError(
                f"observations must have at least one row; got shape {tuple(observations.shape)}"
            )

    def _check_shapes(self, wanted: Mapping[str, tuple[int, ...]]) -> None:
        for name, shape in wanted.items():
            if getattr(self, name).shape != shape:
                raise ValueError(
                    f"{name} must have shape {shape}; got {getattr(self, name).shape}: give one "
                    f"row for each of {len(self)} observations, one column for each name"
                )

    def _check_names(self, field_name: str) -> None:
        names = getattr(self, field_name)
        if len(set(names)) < len(names):
            raise ValueError(f"{field_name} must all differ; got {names}: give each its own")

    def __len__(self) -> int:
        return len(self.observations)

    def __reduce__(self) -> tuple[Any, ...]:
        return by_place(
            type(self), **{part.name: getattr(self, part.name) for part in fields(self)}
        )
