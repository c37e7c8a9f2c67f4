"""What the search for the number of factors and the one for their axes have in common."""

from collections.abc import Callable

import torch

from nashae_core.arguments import on_known_device
from nashae_core.factors.axes import AxesConfig
from nashae_core.factors.checks import check_networks
from nashae_core.factors.count import CountConfig
from nashae_core.factors.fork import Fork
from nashae_core.factors.pruning import pruned
from nashae_core.factors.standard import standard_sample
from nashae_core.nashae import NashAE
from nashae_core.observations.access import ObservationsLike, weight_type
from nashae_core.run import Progress, TrainConfig

# Two models are compared by the mean of this many errors, the last that were recorded.
LAST = 5


class Search:
    """Standardised observations, and how models are trained on them.

    Raises as `standard_sample` and `check_networks` do.
    """

    def __init__(
        self,
        model: NashAE,
        observations: ObservationsLike,
        config: CountConfig | AxesConfig,
        generator: torch.Generator,
        device: str | torch.device,
    ) -> None:
        self.config, self.generator, self.device = config, generator, on_known_device(device)
        dtype = weight_type(model)
        self.sample, self.standard = standard_sample(observations, self.device, dtype)
        check_networks(model, self.sample.rows(2))

    def begun(self, model: NashAE) -> Fork:
        """A model on the device, with λ/(1 − λ) in units of the data's variance."""
        odds = self.config.covariance_weight * self.standard.variance
        return Fork(model.to(self.device)).with_config(
            model.config.at_odds(odds, self.config.warm_up)
        )

    def pruned(self, fork: Fork, on_record: Callable[[Progress], object] | None) -> Fork:
        """Trained with pruning until the last pruning."""
        pruning = self.config.pruning
        until = self.train_config(pruning.last)
        fork, _ = pruned(fork, self.sample, until, self.generator, pruning, self.device, on_record)
        return fork

    def trained(
        self,
        fork: Fork,
        steps: int,
        on_record: Callable[[Progress, NashAE], object] | None,
        generator: torch.Generator | None = None,
    ) -> Fork:
        """Trained until `steps` in all; the generator is the search's if none is given."""
        generator = self.generator if generator is None else generator
        until = self.train_config(steps)
        return fork.trained(self.sample.observations, until, generator, self.device, on_record)

    def train_config(self, steps: int) -> TrainConfig:
        """The config of a training until `steps` in all."""
        return TrainConfig(steps, self.config.batch_size, self.config.record_every)

    def explained(self, error: float) -> float:
        """1 − error/variance, for an error on the standardised observations."""
        return 1 - error / self.standard.variance

    def finished(self, model: NashAE) -> NashAE:
        """The model, which from now on takes the observations as the caller gave them."""
        model.standardise(self.standard.shift, self.standard.scale)
        return model.eval()
