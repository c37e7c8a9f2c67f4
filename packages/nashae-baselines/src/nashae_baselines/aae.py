"""The adversarial autoencoder: a discriminator tells its codes from samples of the prior."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from nashae_baselines.adversarial_vae import AdversarialConfig, AdversarialVAE
from nashae_baselines.discriminators import discriminator_turn, logits_of
from nashae_baselines.losses import generator_loss
from nashae_core import Turn


@dataclass(frozen=True)
class AAEConfig(AdversarialConfig):
    """The objective of the adversarial autoencoder. The learning rates are FactorVAE's here."""

    beta: float = 1.0
    """β ≥ 0: the weight of the adversarial loss against the reconstruction."""


class AAE(AdversarialVAE[AAEConfig]):
    """The adversarial autoencoder with a Gaussian posterior and a standard normal prior.

    The autoencoder lowers nll − β·mean log D(z): its codes shall pass for samples of the prior.

    Args:
        encoder: as of `VAE`.
        decoder: as of `VAE`.
        discriminator: any module from codes (batch, m) to one logit each (batch, 1), high for
            samples of the prior, low for codes.
        config: the objective; None: the defaults.

    Source: Makhzani et al. 2016, section 2, https://arxiv.org/abs/1511.05644.

    Example:
        >>> from nashae_core import MLP
        >>> from nashae_baselines import discriminator
        >>> encoder, decoder = MLP((8, 16, 4), generator=0), MLP((2, 16, 8), generator=1)
        >>> sorted(AAE(encoder, decoder, discriminator(2, hidden=16, generator=2)).optimizers())
        ['discriminator', 'vae']
    """

    config_class = AAEConfig

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
        deceit = generator_loss(logits_of(self.discriminator, sample, constant=True))
        # Differs from the paper: Makhzani et al. 2016 take turns of their own, with optimisers of
        # their own, for the reconstruction, the discriminator and the encoder that deceives it.
        terms = {"nll": nll.detach(), "generator_loss": deceit.detach()}
        yield Turn("vae", nll + self.config.beta * deceit, terms)

        codes = sample.detach()
        like_codes = {"device": codes.device, "dtype": codes.dtype}
        prior = torch.randn(codes.shape, generator=generator, **like_codes)
        yield discriminator_turn(self.discriminator, prior, codes)
