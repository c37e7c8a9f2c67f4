"""The protocols of TAD, by name."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64

from nashae_metrics.attributes.auroc import rank_auroc
from nashae_metrics.attributes.grid_auroc import grid_auroc, resampled_grid_auroc
from nashae_metrics.attributes.noise_floor import chance_auroc
from nashae_metrics.attributes.resampled_auroc import resampled_auroc


@dataclass(frozen=True)
class TADProtocol:
    """How a protocol takes AUROCs, of how many samples, and by which rule of active latents."""

    auroc: Callable[..., Float64[np.ndarray, "m k"]]
    resampled: Callable[..., Float64[np.ndarray, "draws m k"]]
    samples: int | None
    active: str
    normal_rows: int | None  # with more rows, random latents' AUROCs come from the normal limit
    largest_gap: float  # of the two best AUROCs of an attribute

    def random_areas(
        self,
        labels: Bool[np.ndarray, "n k"],
        latents: int,
        repetitions: int,
        rng: np.random.Generator,
    ) -> Float64[np.ndarray, "repetitions latents k"]:
        """Draw the AUROCs of random latents."""
        if not latents or (self.normal_rows is not None and len(labels) > self.normal_rows):
            return chance_auroc(labels, latents, repetitions, rng)
        shape = (len(labels), latents)
        return np.stack(
            [self.auroc(rng.standard_normal(shape), labels) for _ in range(repetitions)]
        )


PROTOCOLS = {
    "exact": TADProtocol(rank_auroc, resampled_auroc, None, "constant", 200, 0.5),
    "yeats2022": TADProtocol(grid_auroc, resampled_grid_auroc, 1000, "nashae", None, 1.0),
}
