"""AnnealedVAE: the KL divergence is held at a capacity that grows during training."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.optim import Optimizer

from nashae_baselines.checks import check_numbers, check_weights
from nashae_baselines.gaussian_vae import Likelihood, RegularisedVAE, VAEOutput, check_likelihood
from nashae_baselines.losses import annealed_vae_loss, gaussian_kl
from nashae_baselines.optimizers import adam_for


@dataclass(frozen=True)
class AnnealedVAEConfig:
    """The objective of AnnealedVAE. The defaults are its authors' except `warm_up`."""

    capacity: float = 25.0
    """C ≥ 0 in nats: the KL divergence that is aimed at in the end."""
    gamma: float = 1000.0
    """γ ≥ 0: the weight of the KL's distance from the capacity."""
    # Differs from the paper: Burgess et al. 2018 take 100,000 steps; this is the length of a run
    # by `TrainConfig()`, which would otherwise end at a hundredth of the capacity.
    warm_up: int = 1000
    """Steps in which the capacity rises linearly from 0 to C."""
    likelihood: Likelihood = "gaussian"
    """Gaussian of unit variance, or Bernoulli with the decoder's output as logits."""
    lr: float | None = None
    """Adam's learning rate; None: 5e-4, or less for wide networks."""

    def __post_init__(self) -> None:
        check_weights(capacity=self.capacity, gamma=self.gamma)
        check_numbers(lr=self.lr)
        if self.warm_up < 1:
            raise ValueError(f"warm_up must be at least 1; got {self.warm_up}")
        check_likelihood(self.likelihood)

    def capacity_at(self, step: int) -> float:
        """The capacity at step number `step` (from 0), in nats."""
        return self.capacity * min(1.0, step / self.warm_up)


class AnnealedVAE(RegularisedVAE[AnnealedVAEConfig]):
    """AnnealedVAE. Its loss is nll + γ·|KL − C(step)|.

    Args:
        encoder: as of `VAE`.
        decoder: as of `VAE`.
        config: the objective; None: the defaults.

    Source: Burgess et al. 2018, https://arxiv.org/abs/1804.03599.

    Example:
        >>> from nashae_core import MLP
        >>> encoder, decoder = MLP((8, 16, 4), generator=0), MLP((2, 16, 8), generator=1)
        >>> AnnealedVAE(encoder, decoder).config.capacity_at(500)
        12.5
    """

    config_class = AnnealedVAEConfig
    objective = "nll"  # the loss may rise with the capacity

    def optimizers(self) -> Mapping[str, Optimizer]:
        """Adam for encoder and decoder."""
        return {"vae": adam_for(self.parameters(), self.config.lr, 5e-4)}

    def regularised(
        self, nll: Tensor, output: VAEOutput, step: int, /
    ) -> tuple[Tensor, Mapping[str, Tensor]]:
        """The loss nll + γ·|KL − C(step)|.

        The KL is in closed form: the noise of an estimate would not average out within |·|.
        """
        kl, capacity = gaussian_kl(*output.posterior), self.config.capacity_at(step)
        loss = annealed_vae_loss(nll, kl, self.config.gamma, capacity)
        return loss, {"kl": kl.sum(1).mean(), "capacity": torch.full_like(nll.detach(), capacity)}
