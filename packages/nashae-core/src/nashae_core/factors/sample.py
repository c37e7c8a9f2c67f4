"""A sample of observations, on which models are measured while a search trains them."""

from collections.abc import Iterable, Iterator

import torch
from jaxtyping import Float
from torch import Tensor

from nashae_core.losses import reconstruction_loss
from nashae_core.nashae import NashAE
from nashae_core.observations.access import (
    Observations,
    ObservationsLike,
    batches,
    evenly,
    on_device,
)

MOST_ROWS = 10_000
BATCH = 1000


class HeldObservations:
    """Observations that are on their device and checked, for many calls of `train`.

    Args:
        rows: As `on_device` gives them.
        device: Their device.
        dtype: The type of a batch.
        shift: A batch is (x − shift)/scale, computed in 64 bits.
        scale: See `shift`.
    """

    def __init__(
        self,
        rows: Tensor | Observations,
        device: torch.device,
        dtype: torch.dtype,
        shift: float = 0.0,
        scale: float = 1.0,
    ) -> None:
        self._rows, self._device, self._dtype = rows, device, dtype
        self._shift, self._scale = shift, scale

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: Tensor) -> Tensor:
        return self._standard(self._rows[index])

    def read_ahead(self, index: Iterable[Tensor]) -> Iterator[Tensor]:
        """The observations at each of `index`, in order; read ahead if they are streamed."""
        return map(self._standard, batches(self._rows, index, self._device))

    def _standard(self, x: Tensor) -> Tensor:
        if (self._shift, self._scale) != (0.0, 1.0):
            x = (x.double() - self._shift) / self._scale
        return x.to(self._dtype)


class DataSample:
    """At most 10,000 observations, evenly spaced in the data's order."""

    def __init__(self, observations: HeldObservations) -> None:
        self.observations = observations
        self._index = evenly(len(observations), MOST_ROWS)

    @classmethod
    def of(
        cls, observations: ObservationsLike, device: torch.device, dtype: torch.dtype
    ) -> "DataSample":
        """A sample of observations that are yet to be moved to `device` as `dtype`.

        Raises `ValueError` as `train` does.
        """
        return cls(HeldObservations(on_device(observations, device, dtype), device, dtype))

    def batches(self) -> Iterator[Tensor]:
        """These observations, 1000 at a time."""
        return self.observations.read_ahead(torch.split(self._index, BATCH))

    def rows(self, most: int) -> Tensor:
        """At most `most` of these observations, evenly spaced."""
        chosen = self._index[evenly(len(self._index), most)]
        return torch.cat(list(self.observations.read_ahead([chosen])))

    @torch.no_grad()
    def codes(self, model: NashAE) -> Float[Tensor, "n m"]:
        """The codes of these observations."""
        return torch.cat([model.encode(x) for x in self.batches()])

    @torch.no_grad()
    def error(self, model: NashAE) -> float:
        """½·mean (x′ − x)² over these observations."""
        losses = [
            len(x) * reconstruction_loss(model.decode(model.encode(x)), x) for x in self.batches()
        ]
        return float(torch.stack(losses).sum()) / len(self._index)

    def __len__(self) -> int:
        return len(self._index)
