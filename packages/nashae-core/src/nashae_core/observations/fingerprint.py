"""A few observations of a data set, and a record that distinguishes it from others."""

import hashlib

import torch
from torch import Tensor

from nashae_core.observations.access import Observations, batches, evenly


def evenly_spaced(observations: Tensor | Observations, most: int, device: torch.device) -> Tensor:
    """At most `most` of the observations, the first and the last among them."""
    return next(iter(batches(observations, evenly(len(observations), most)[None], device)))


def fingerprint(sample: Tensor, n: int) -> dict[str, object]:
    """What distinguishes n observations: their number, shape and type, and a digest of some."""
    content = sample.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy()
    return {
        "rows": n,
        "shape": list(sample.shape[1:]),
        "dtype": str(sample.dtype),
        "device": sample.device.type,
        "sample": hashlib.sha256(content).hexdigest()[:16],  # type: ignore[arg-type]
    }
