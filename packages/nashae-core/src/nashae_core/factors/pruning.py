"""Training that takes dead latents out on its way, so that the model shrinks to what it uses."""

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

from nashae_core.arguments import check_fields, check_kind, check_multiples, on_known_device, seeded
from nashae_core.factors.checks import check_game, check_networks
from nashae_core.factors.fork import Fork
from nashae_core.factors.sample import DataSample
from nashae_core.nashae import NashAE
from nashae_core.observations.access import ObservationsLike, weight_type
from nashae_core.run import History, Progress, TrainConfig
from nashae_core.state import TrainingState
from nashae_core.training import train


@dataclass(frozen=True)
class Pruning:
    """When latents are taken out, and which."""

    every: int = 100
    """Steps between two prunings."""
    until: int = 600
    """The last pruning that leaves a spare. One more follows `every` steps later, without."""
    least_range: float = 0.2
    """A latent stays when its max − min over the data is above this, NashAE's rule of a learned
    latent; the widest of the others stays as a spare, because it may still be on its way."""
    last_range: float = 0.05
    """The same for the last pruning: what is narrower by then is dead."""

    def __post_init__(self) -> None:
        check_fields(self, "at least 1", "every")
        check_fields(self, "at least 0", "until")
        check_fields(self, "in [0, 1)", "least_range", "last_range")

    @property
    def last(self) -> int:
        """The step of the last pruning."""
        return self.until // self.every * self.every + self.every

    def kept(self, ranges: Float[Tensor, " m"], step: int) -> list[int]:
        """The latents that stay after the pruning of a step; at least one does."""
        least = self.last_range if step >= self.last else self.least_range
        stays = ranges > least
        if step < self.last or not stays.any():
            spare = torch.where(stays, -1.0, ranges).argmax()
            if not stays.all():
                stays[spare] = True
        return stays.nonzero().flatten().tolist()


def train_pruned(
    model: NashAE,
    observations: ObservationsLike,
    config: TrainConfig,
    generator: torch.Generator | int,
    pruning: Pruning | None = None,
    *,
    device: str | torch.device = "cpu",
    resume: Mapping[str, Tensor] | None = None,
    on_record: Callable[[Progress], object] | None = None,
) -> tuple[NashAE, History]:
    """Train a copy of a model as `train` does, and take the latents out that die on the way.

    A latent that is taken out is held at its mean over the data (`remove_latents`). Ranges and
    means are those of at most 10,000 observations. The model that is returned has the latents that
    stayed.

    - `resume`: a `Progress.state()` of an earlier call with equal arguments, whatever number of
      latents it had; the run ends with the bits of one that was not interrupted.
    - `on_record`: as of `train`; where it returns `True`, nothing is taken out any more either.

    Raises `ValueError`, all before anything is trained, where `train` does, where
    `config.record_every` does not divide `pruning.every`, for a model that is no NashAE, networks
    that `remove_latents` refuses and such as do not take the observations.

    Differs from the paper, which prunes nothing: there dead latents go on being trained, and grow
    back, the more the larger m.
    """
    check_game(model)
    check_kind(config, TrainConfig, "config", "give TrainConfig(...)")
    pruning = Pruning() if pruning is None else pruning
    check_kind(pruning, Pruning, "pruning", "give Pruning(...)")
    generator, device = seeded(generator), on_known_device(device)
    # Where states are taken.
    check_multiples({"pruning.every": pruning.every}, config.record_every, "config.record_every")
    sample = DataSample.of(observations, device, weight_type(model))
    check_networks(model, sample.rows(2))
    fork = Fork(deepcopy(model))
    if resume is not None:
        fork = Fork.resumed(fork.model, TrainingState.from_tensors(resume))
    fork, ended = pruned(fork, sample, config, generator, pruning, device, on_record)
    if ended:
        config = replace(config, steps=fork.step)
    history = train(
        fork.model,
        sample.observations,
        config,
        generator,
        device=device,
        resume=None if fork.state is None else fork.state.to_tensors(),
        on_record=on_record,
    )
    return fork.model, history


def pruned(
    fork: Fork,
    sample: DataSample,
    config: TrainConfig,
    generator: torch.Generator,
    pruning: Pruning,
    device: torch.device,
    on_record: Callable[[Progress], object] | None,
) -> tuple[Fork, bool]:
    """Trained until the last pruning within `config.steps`; whether `on_record` ended it."""
    ended = False

    def noted(progress: Progress, _: NashAE) -> bool:
        nonlocal ended
        ended = on_record is not None and on_record(progress) is True
        return ended

    last = min(pruning.last, config.steps // pruning.every * pruning.every)
    # A state that was taken at a pruning was taken before it.
    first = max(1, -(-fork.step // pruning.every)) * pruning.every
    for step in range(first, last + 1, pruning.every):
        until = replace(config, steps=step)
        fork = fork.trained(sample.observations, until, generator, device, noted)
        if ended:
            break
        codes = sample.codes(fork.model)
        kept = pruning.kept(codes.amax(0) - codes.amin(0), step)
        if removed := [i for i in range(fork.latents) if i not in kept]:
            fork = fork.without(removed, codes.mean(0))
    return fork, ended
