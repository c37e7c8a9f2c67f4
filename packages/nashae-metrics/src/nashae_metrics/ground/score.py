"""The result of every metric."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool

from nashae_metrics.ground.intervals import Interval


@dataclass(frozen=True, eq=False, kw_only=True)
class Score:
    """`score` is the metric's number; beside it stands what it depends on.

    interval: of the score, `over` other samples or, in metrics with `repeats`, over other draws
    from the same samples; None if not requested, or if too costly. active (m,): the latents that
    took part, by `rule`. samples: how many rows were scored. protocol: the name to cite. seed: of
    the generator that was given; None without one.
    """

    score: float
    interval: Interval | None = None
    active: Bool[np.ndarray, " m"]
    rule: str
    samples: int
    protocol: str
    seed: int | None = None

    @property
    def active_count(self) -> int:
        """How many latents took part."""
        return int(self.active.sum())


def seed_of(rng: np.random.Generator | None) -> int | None:
    """The seed of `rng`, if it is one whole number.

    A spawned generator has none: its parent's seed alone would not reproduce it.
    """
    sequence = getattr(rng.bit_generator, "seed_seq", None) if rng is not None else None
    entropy = getattr(sequence, "entropy", None)
    spawned = getattr(sequence, "spawn_key", ())
    return entropy if isinstance(entropy, int) and not spawned else None
