"""The variational autoencoder, and with β its best-known variant for disentanglement."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from nashae_baselines.checks import check_numbers, check_weights, checked_config
from nashae_baselines.gaussian_vae import GaussianVAE, Likelihood, check_likelihood
from nashae_baselines.losses import beta_vae_loss, gaussian_kl, sampled_kl
from nashae_baselines.rates import OF_ADAGRAD, default_rate
from nashae_core import Turn, adagrad


@dataclass(frozen=True)
class VAEConfig:
    """The objective of a (β-)VAE. The defaults are the NashAE authors' for Beamsynthesis."""

    beta: float = 1.0
    """β ≥ 0: the weight of the KL divergence; 1 is the VAE."""
    # Differs from the paper: the VAE's authors take the closed form for a Gaussian posterior
    # (Kingma & Welling 2014, eq. 10); NashAE's estimate it from the one sample that is decoded.
    kl: Literal["sampled", "closed"] = "sampled"
    """The KL by one sample, log q − log p, as the NashAE authors have it, or in closed form."""
    # Differs from the paper: in Kingma & Welling 2014 (eq. 12) a Gaussian decoder gives its
    # variance too; NashAE's authors fix it at 1.
    likelihood: Likelihood = "gaussian"
    """Gaussian of unit variance, or Bernoulli with the decoder's output as logits."""
    lr: float | None = None
    """Adagrad's learning rate; None: 0.01, or less for wide networks (`default_rate`)."""

    def __post_init__(self) -> None:
        check_weights(beta=self.beta)
        check_numbers(lr=self.lr)
        if self.kl not in ("sampled", "closed"):
            raise ValueError(f"kl must be sampled or closed; got {self.kl!r}")
        check_likelihood(self.likelihood)


class VAE(GaussianVAE):
    """β-VAE (Kingma & Welling 2014; Higgins et al. 2017) over an encoder and a decoder.

    - `encoder`: any module from observations (batch, ...) to (batch, 2m): means, log-variances.
    - `decoder`: any module from codes (batch, m) to the observations' shape: their mean, or with
      the Bernoulli likelihood their logits.

    Raises `ValueError` where one of the two gives another shape.
    """

    def __init__(
        self, encoder: nn.Module, decoder: nn.Module, config: VAEConfig | None = None
    ) -> None:
        self.config = checked_config(config, VAEConfig)
        super().__init__(encoder, decoder, self.config.likelihood)

    def optimizers(self) -> Mapping[str, Optimizer]:
        """Adagrad for the whole."""
        rate = self.config.lr or default_rate(0.01, self.parameters(), OF_ADAGRAD)
        # Differs from the paper: Higgins et al. 2017 have Adagrad for dSprites, but Adam with 1e-4
        # for photographs (CelebA); NashAE's authors have Adagrad throughout.
        return {"vae": adagrad(self.parameters(), rate)}

    def turns(
        self,
        batches: Sequence[Tensor],
        step: int,  # noqa: ARG002
        generator: torch.Generator,
    ) -> Iterator[Turn]:
        """One turn: encoder and decoder lower nll + β·KL."""
        (x,) = batches
        posterior, sample, reconstruction = self(x, generator)
        nll = self.nll(reconstruction, x)
        closed = self.config.kl == "closed"
        kl = gaussian_kl(*posterior) if closed else sampled_kl(sample, *posterior)
        loss = beta_vae_loss(nll, kl, self.config.beta)
        yield Turn("vae", loss, {"nll": nll.detach(), "kl": kl.detach().sum(1).mean()})
