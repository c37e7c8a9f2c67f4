"""FactorVAE: the total correlation is weighed by a discriminator that tells it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from nashae_baselines.checks import check_numbers, check_weights, checked_config
from nashae_baselines.discriminators import adversaries, logits_of
from nashae_baselines.gaussian_vae import GaussianVAE, Likelihood, check_likelihood
from nashae_baselines.losses import discriminator_loss, permuted, sampled_kl
from nashae_core import Turn
from nashae_core.arguments import check_network


@dataclass(frozen=True)
class FactorVAEConfig:
    """The game of FactorVAE. The defaults are the NashAE authors'."""

    beta: float = 75.0
    """γ of the paper, which NashAE's authors call β, ≥ 0: the weight of the total correlation."""
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


class FactorVAE(GaussianVAE):
    """FactorVAE (Kim & Mnih 2018) over an encoder and a decoder, as `VAE` takes them.

    - `discriminator`: any module from codes (batch, m) to one logit each (batch, 1): that they are
      of the joint q(z), and not of the product of its marginals.

    A step takes two batches: one for the autoencoder, one for the discriminator.
    """

    batches_per_step = 2
    objective = "nll"

    def __init__(
        self,
        encoder: nn.Module,
        decoder: nn.Module,
        discriminator: nn.Module,
        config: FactorVAEConfig | None = None,
    ) -> None:
        self.config = checked_config(config, FactorVAEConfig)
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
        """The autoencoder lowers nll + KL + β·TC; then the discriminator learns on other data."""
        # Differs from the paper: in the code of NashAE's authors the discriminator moves first,
        # here the autoencoder, as in Kim & Mnih 2018, algorithm 2: one game, half a step apart.
        x, others = batches
        posterior, sample, reconstruction = self(x, generator)
        nll = self.nll(reconstruction, x)
        kl = sampled_kl(sample, *posterior).sum(1).mean()
        # log D/(1 − D) is the logit itself: the density ratio of the joint and the product.
        # Differs from the paper: NashAE's authors add 1e-8 to 1 − D, which changes it by less than
        # 1e-6 where the logit is below 4, and bounds it at 18.
        tc = logits_of(self.discriminator, sample, constant=True).mean()
        terms = {"nll": nll.detach(), "kl": kl.detach(), "tc": tc.detach()}
        yield Turn("vae", nll + kl + self.config.beta * tc, terms)

        with torch.no_grad():
            joint = self.sample(others, generator)
        logits = logits_of(self.discriminator, torch.cat([joint, permuted(joint, generator)]))
        loss = discriminator_loss(*logits.chunk(2))
        yield Turn("discriminator", loss, {"discriminator_loss": loss.detach()})
