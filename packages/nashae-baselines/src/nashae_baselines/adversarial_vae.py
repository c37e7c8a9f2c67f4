"""What AAE and FactorVAE share: a VAE with a discriminator of its codes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from torch import nn
from torch.optim import Optimizer

from nashae_baselines.checks import check_numbers, check_weights
from nashae_baselines.gaussian_vae import ConfiguredVAE, Likelihood, check_likelihood
from nashae_baselines.optimizers import adam_for
from nashae_core.arguments import check_network


@dataclass(frozen=True)
class AdversarialConfig:
    """The objective of a VAE with a discriminator of its codes."""

    beta: float
    """β ≥ 0: the weight of what the discriminator says of the codes."""
    likelihood: Likelihood = "gaussian"
    """Gaussian of unit variance, or Bernoulli with the decoder's output as logits."""
    lr: float | None = None
    """Adam's learning rate for encoder and decoder; None: 1e-4, or less for wide networks."""
    discriminator_lr: float = 1e-4
    """Adam's learning rate for the discriminator; its betas are 0.5 and 0.9."""

    def __post_init__(self) -> None:
        check_weights(beta=self.beta)
        check_numbers(lr=self.lr, discriminator_lr=self.discriminator_lr)
        check_likelihood(self.likelihood)


Config = TypeVar("Config", bound=AdversarialConfig)


class AdversarialVAE(ConfiguredVAE[Config]):
    """A VAE with a discriminator of its codes; players "vae" and "discriminator".

    A subclass implements `turns`.

    Args:
        encoder: as of `VAE`.
        decoder: as of `VAE`.
        discriminator: any module from codes (batch, m) to one logit each (batch, 1).
        config: the objective; None: the defaults.
    """

    objective = "nll"

    def __init__(
        self,
        encoder: nn.Module,
        decoder: nn.Module,
        discriminator: nn.Module,
        config: Config | None = None,
    ) -> None:
        super().__init__(encoder, decoder, config)
        check_network(discriminator, "discriminator")
        self.discriminator = discriminator

    def optimizers(self) -> Mapping[str, Optimizer]:
        """Adam for encoder and decoder, and Adam for the discriminator."""
        autoencoder, config = [*self.encoder.parameters(), *self.decoder.parameters()], self.config
        judge, judge_lr = self.discriminator.parameters(), config.discriminator_lr
        return {
            "vae": adam_for(autoencoder, config.lr, 1e-4),
            "discriminator": adam_for(judge, judge_lr, judge_lr, (0.5, 0.9)),
        }
