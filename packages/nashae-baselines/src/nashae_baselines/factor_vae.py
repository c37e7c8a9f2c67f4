"""FactorVAE: the total correlation is weighted, as a discriminator estimates it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from nashae_baselines.adversarial_vae import AdversarialConfig, AdversarialVAE
from nashae_baselines.discriminators import discriminator_turn, logits_of
from nashae_baselines.losses import permuted, sampled_kl
from nashae_core import Turn


@dataclass(frozen=True)
class FactorVAEConfig(AdversarialConfig):
    """The objective of FactorVAE. The defaults are those of NashAE's authors."""

    beta: float = 75.0
    """β ≥ 0: the weight of the total correlation, γ in the paper."""


class FactorVAE(AdversarialVAE[FactorVAEConfig]):
    """FactorVAE. The autoencoder lowers nll + KL + β·TC, the TC estimated by a discriminator.

    A step takes two batches: one for the autoencoder, one for the discriminator.

    Args:
        encoder: as of `VAE`.
        decoder: as of `VAE`.
        discriminator: any module from codes (batch, m) to one logit each (batch, 1), high for codes
            of the joint q(z), low for those of the product of its marginals.
        config: the objective; None: the defaults.

    Source: Kim & Mnih 2018, https://arxiv.org/abs/1802.05983.

    Example:
        >>> from nashae_core import MLP
        >>> from nashae_baselines import discriminator
        >>> encoder, decoder = MLP((8, 16, 4), generator=0), MLP((2, 16, 8), generator=1)
        >>> FactorVAE(encoder, decoder, discriminator(2, hidden=16, generator=2)).batches_per_step
        2
    """

    batches_per_step = 2
    config_class = FactorVAEConfig

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
        yield discriminator_turn(self.discriminator, joint, permuted(joint, generator))
