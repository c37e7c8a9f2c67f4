"""Training that removes inactive latents, so that the model shrinks to what it uses."""

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
    """When latents are removed, and which."""

    every: int = 100
    """Steps between two prunings."""
    until: int = 600
    """The last pruning that keeps a spare. One more follows `every` steps later, without."""
    least_range: float = 0.2
    """A latent is active if its max − min over the data is above this, NashAE's rule of a learned
    latent. The widest inactive one is kept as a spare: it may still become active."""
    last_range: float = 0.05
    """The same for the last pruning: what is narrower by then stays inactive."""

    def __post_init__(self) -> None:
        check_fields(self, "at least 1", "every")
        check_fields(self, "at least 0", "until")
        check_fields(self, "in [0, 1)", "least_range", "last_range")

    @property
    def last(self) -> int:
        """The step of the last pruning."""
        return self.until // self.every * self.every + self.every

    def kept(self, ranges: Float[Tensor, " m"], step: int) -> list[int]:
        """The indices of the latents that the pruning at a step keeps, at least one."""
        kept = ranges > (self.last_range if step >= self.last else self.least_range)
        if not kept.all() and (step < self.last or not kept.any()):
            kept[torch.where(kept, -1.0, ranges).argmax()] = True
        return kept.nonzero().flatten().tolist()


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
    """Train a copy of a model as `train` does, and remove latents that become inactive.

    A removed latent is held at its mean over the data (`remove_latents`). Ranges and means are
    those of at most 10,000 observations.

    Differs from the paper, which removes nothing: inactive latents stay in training and become
    active again, the more the larger m.

    Args:
        model: A NashAE whose encoder ends, and decoder begins, with a linear layer with a bias.
        observations: As for `train`.
        config: `config.record_every` must divide `pruning.every`.
        generator: As for `train`.
        pruning: When latents are removed, and which.
        device: Where to train.
        resume: A `Progress.state()` of an earlier call with equal arguments, of any number of
            latents; the run ends with the bits of one that was not interrupted.
        on_record: As for `train`; once it returns `True` nothing more is removed.

    Returns:
        The trained copy, with the latents that stayed, and its history.

    Raises:
        ValueError: As for `train`; a `record_every` that does not fit; networks that cannot lose a
            latent or do not take the observations. All before anything is trained.
        TypeError: `model` is no NashAE.

    Example:
        >>> import torch
        >>> from nashae_core import MLP, NashAE, Predictors, TrainConfig, train_pruned
        >>> model = NashAE(MLP((6, 5), generator=0), MLP((5, 6), generator=0),
        ...                Predictors(5, generator=0))
        >>> x = torch.randn(50, 6, generator=torch.Generator().manual_seed(0))
        >>> smaller, history = train_pruned(model, x, TrainConfig(steps=100), generator=0)
        >>> smaller.predictors.latents <= 5
        True
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
