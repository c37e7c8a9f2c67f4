"""The adversarial autoencoder: a discriminator tells its codes from samples of the prior."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from nashae_baselines.checks import check_numbers, check_weights, checked_config
from nashae_baselines.discriminators import adversaries, logits_of
from nashae_baselines.gaussian_vae import GaussianVAE, Likelihood, check_likelihood
from nashae_baselines.losses import discriminator_loss, generator_loss
from nashae_core import Turn
from nashae_core.arguments import check_network


@dataclass(frozen=True)
class AAEConfig:
    """The game of the adversarial autoencoder. The learning rates are those of FactorVAE here."""

    beta: float = 1.0
    """β ≥ 0: the weight of the adversarial loss against the reconstruction."""
    likelihood: Likelihood = "gaussian"
    """Gaussian of unit variance, or Bernoulli with the decoder's output as logits."""
    lr: float | None = None
    """Adam's learning rate for the encoder and the decoder; None: 1e-4, or less for wide networks
    (`default_rate`)."""
    discriminator_lr: float = 1e-4
    """Adam's learning rate for the discriminator; its betas are 0.5 and 0.9."""

    def __post_init__(self) -> None:
        check_weights(beta=self.beta)
        check_numbers(lr=self.lr, discriminator_lr=self.discriminator_lr)
        check_likelihood(self.likelihood)


class AAE(GaussianVAE):
    """The adversarial autoencoder (Makhzani et al. 2016) with the Gaussian posterior of section 2.

    Encoder and decoder are as `VAE` takes them; the prior is standard normal.

    - `discriminator`: any module from codes (batch, m) to one logit each (batch, 1): that they are
      of the prior, and not of an encoder.
    """

    objective = "nll"

    def __init__(
        self,
        encoder: nn.Module,
        decoder: nn.Module,
        discriminator: nn.Module,
        config: AAEConfig | None = None,
    ) -> None:
        self.config = checked_config(config, AAEConfig)
        super().__init__(encoder, decoder, self.config.likelihood)
        check_network(discriminator, "discriminator")
        self.discriminator = discriminator

    def optimizers(self) -> Mapping[str, Optimizer]:
        """Adam for the autoencoder and Adam for the discriminator."""
        config = self.config
        return adversaries(self, self.discriminator, config.lr, config.discriminator_lr)

    def turns(
        self,
        batches: Sequence[Tensor],
        step: int,  # noqa: ARG002
        generator: torch.Generator,
    ) -> Iterator[Turn]:
        """The autoencoder lowers nll − β·mean log D(z); the discriminator learns on that z."""
        (x,) = batches
        _, sample, reconstruction = self(x, generator)
        nll = self.nll(reconstruction, x)
        made = generator_loss(logits_of(self.discriminator, sample, constant=True))
        terms = {"nll": nll.detach(), "generator_loss": made.detach()}
        # Differs from the paper: Makhzani et al. 2016 take turns of their own, with optimisers of
        # their own, for the reconstruction, the discriminator and the encoder that deceives it.
        yield Turn("vae", nll + self.config.beta * made, terms)

        codes = sample.detach()
        prior = torch.randn(
            codes.shape, generator=generator, device=codes.device, dtype=codes.dtype
        )
        logits = logits_of(self.discriminator, torch.cat([prior, codes]))
        loss = discriminator_loss(*logits.chunk(2))
        yield Turn("discriminator", loss, {"discriminator_loss": loss.detach()})
