"""Some observations on which a model is measured while it is trained."""

from collections.abc import Iterator

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from nashae_core.losses import reconstruction_loss
from nashae_core.nashae import NashAE
from nashae_core.observations import ObservationsLike, as_observations, batches, on_device

MOST_ROWS = 10_000
BATCH = 1000


def evenly(n: int, most: int) -> Int64[Tensor, " k"]:
    """At most so many of `n` indices, evenly spaced, the first and the last among them."""
    return torch.linspace(0, n - 1, min(n, most), dtype=torch.float64).long()


class DataSample:
    """At most 10,000 observations, evenly spaced in the data's order."""

    def __init__(self, observations: ObservationsLike, device: torch.device) -> None:
        self._observations, self._device = as_observations(observations), device
        self._index = evenly(len(self._observations), MOST_ROWS)

    def rows(self, model: NashAE, most: int) -> Tensor:
        """At most so many of these observations, evenly spaced, as the model sees them."""
        chosen = self._index[evenly(len(self._index), most)]
        return torch.cat(list(self._batches(_type(model), chosen)))

    @torch.no_grad()
    def codes(self, model: NashAE) -> Float[Tensor, "n m"]:
        """The codes of these observations."""
        return torch.cat([model.encode(x) for x in self._batches(_type(model))])

    @torch.no_grad()
    def error(self, model: NashAE) -> float:
        """½·mean (x′ − x)² over these observations."""
        losses = [
            len(x) * reconstruction_loss(model.decode(model.encode(x)), x)
            for x in self._batches(_type(model))
        ]
        return float(torch.stack(losses).sum()) / len(self._index)

    def variance(self) -> float:
        """V = ½·mean (x − x̄)²: the error of the mean observation x̄.

        Raises `ValueError` where all observations are the same.
        """
        sums = [x.double().sum(0) for x in self._batches(torch.float32)]
        mean = torch.stack(sums).sum(0) / len(self._index)
        squares = [(x - mean).square().sum() for x in self._batches(torch.float32)]
        variance = 0.5 * float(torch.stack(squares).sum()) / (len(self._index) * mean.numel())
        if not variance > 0:
            raise ValueError("all observations are the same: there is no factor to find")
        return variance

    def _batches(self, dtype: torch.dtype, index: Tensor | None = None) -> Iterator[Tensor]:
        rows = on_device(self._observations, self._device, dtype)
        chosen = self._index if index is None else index
        return batches(rows, torch.split(chosen, BATCH), self._device)


def _type(model: NashAE) -> torch.dtype:
    return model.predictors.weight1.dtype
