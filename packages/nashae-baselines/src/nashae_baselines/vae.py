"""The variational autoencoder, and β-VAE, its best-known variant for disentanglement."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from torch import Tensor
from torch.optim import Optimizer

from nashae_baselines.checks import check_choice, check_numbers, check_weights
from nashae_baselines.gaussian_vae import Likelihood, RegularisedVAE, VAEOutput, check_likelihood
from nashae_baselines.losses import beta_vae_loss, gaussian_kl, sampled_kl
from nashae_baselines.optimizers import adagrad_for


@dataclass(frozen=True)
class VAEConfig:
    """The objective of a (β-)VAE. The defaults are those of NashAE's authors for Beamsynthesis."""

    beta: float = 1.0
    """β ≥ 0: the weight of the KL divergence; 1 is the VAE."""
    # Differs from the paper: the VAE's authors take the closed form for a Gaussian posterior
    # (Kingma & Welling 2014, eq. 10); NashAE's estimate it from the one sample that is decoded.
    kl: Literal["sampled", "closed"] = "sampled"
    """The KL from one sample, log q − log p, as NashAE's authors have it, or in closed form."""
    # Differs from the paper: in Kingma & Welling 2014 (eq. 12) a Gaussian decoder gives its
    # variance too; NashAE's authors fix it at 1.
    likelihood: Likelihood = "gaussian"
    """Gaussian of unit variance, or Bernoulli with the decoder's output as logits."""
    lr: float | None = None
    """Adagrad's learning rate; None: 0.01, or less for wide networks."""

    def __post_init__(self) -> None:
        check_weights(beta=self.beta)
        check_numbers(lr=self.lr)
        check_choice("kl", self.kl, "sampled", "closed")
        check_likelihood(self.likelihood)


class VAE(RegularisedVAE[VAEConfig]):
    """The variational autoencoder; with β ≠ 1, β-VAE. Its loss is nll + β·KL.

    Args:
        encoder: any module from observations (batch, ...) to (batch, 2m): the m means, then the m
            log-variances.
        decoder: any module from codes (batch, m) to the observations' shape: their mean, or with
            the Bernoulli likelihood their logits.
        config: the objective; None: the defaults.

    Raises:
        TypeError: a network is no module, or `config` no `VAEConfig`.
        ValueError: in training, if a network gives another shape.

    Source: Kingma & Welling 2014, https://arxiv.org/abs/1312.6114; Higgins et al. 2017,
    https://openreview.net/forum?id=Sy2fzU9gl.

    Example:
        >>> import torch
        >>> from nashae_core import MLP, TrainConfig, encode, train
        >>> x = torch.rand(100, 8, generator=torch.Generator().manual_seed(0))
        >>> encoder, decoder = MLP((8, 16, 4), generator=0), MLP((2, 16, 8), generator=1)
        >>> model = VAE(encoder, decoder, VAEConfig(beta=4.0))
        >>> history = train(model, x, TrainConfig(steps=10), generator=2)
        >>> encode(model, x).shape
        torch.Size([100, 2])
    """

    config_class = VAEConfig

    def optimizers(self) -> Mapping[str, Optimizer]:
        """Adagrad for encoder and decoder."""
        # Differs from the paper: Higgins et al. 2017 have Adagrad for dSprites, but Adam with 1e-4
        # for photographs (CelebA); NashAE's authors have Adagrad throughout.
        return {"vae": adagrad_for(self.parameters(), self.config.lr)}

    def regularised(
        self, nll: Tensor, output: VAEOutput, _step: int, /
    ) -> tuple[Tensor, Mapping[str, Tensor]]:
        """The loss nll + β·KL."""
        closed = self.config.kl == "closed"
        posterior, sample, _ = output
        kl = gaussian_kl(*posterior) if closed else sampled_kl(sample, *posterior)
        return beta_vae_loss(nll, kl, self.config.beta), {"kl": kl.sum(1).mean()}
