"""The variational autoencoder, and with β its best-known variant for disentanglement."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.optim import Optimizer

from nashae_baselines.losses import (
    bernoulli_nll,
    beta_vae_loss,
    gaussian_kl,
    gaussian_nll,
    sampled_kl,
)
from nashae_core import Trainable, Turn


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
    likelihood: Literal["gaussian", "bernoulli"] = "gaussian"
    """Gaussian of unit variance, or Bernoulli with the decoder's output as logits."""
    lr: float = 0.01
    """Adagrad's learning rate."""

    def __post_init__(self) -> None:
        if not 0 <= self.beta < float("inf"):
            raise ValueError(f"beta must be a finite number of at least 0; got {self.beta}")
        if not 0 < self.lr < float("inf"):
            raise ValueError(f"lr must be a finite number above 0; got {self.lr}")
        if self.kl not in ("sampled", "closed"):
            raise ValueError(f"kl must be sampled or closed; got {self.kl!r}")
        if self.likelihood not in ("gaussian", "bernoulli"):
            raise ValueError(f"likelihood must be gaussian or bernoulli; got {self.likelihood!r}")


class Posterior(NamedTuple):
    """q(z|x): a Gaussian for each latent, both (batch, m)."""

    mean: Float[Tensor, "batch m"]
    log_variance: Float[Tensor, "batch m"]


class VAEOutput(NamedTuple):
    """All that a forward pass makes: the posterior, a sample of it (batch, m), its decoding."""

    posterior: Posterior
    sample: Float[Tensor, "batch m"]
    reconstruction: Float[Tensor, "batch *shape"]


class VAE(Trainable):
    """β-VAE (Kingma & Welling 2014; Higgins et al. 2017).

    - `encoder`: any module from observations (batch, ...) to (batch, 2m): means, log-variances.
    - `decoder`: any module from codes (batch, m) to the observations' shape: their mean, or with
      the Bernoulli likelihood their logits.

    Raises `ValueError` where one of the two gives another shape.
    """

    def __init__(
        self, encoder: nn.Module, decoder: nn.Module, config: VAEConfig | None = None
    ) -> None:
        super().__init__()
        self.encoder, self.decoder = encoder, decoder
        self.config = config or VAEConfig()

    def posterior(self, x: Float[Tensor, "batch *shape"]) -> Posterior:
        """q(z|x) for observations (batch, ...)."""
        heads: Tensor = self.encoder(x)
        if heads.dim() != 2 or heads.shape[1] % 2 or not heads.shape[1]:
            raise ValueError(
                f"the encoder gave {tuple(heads.shape)} for observations {tuple(x.shape)}; "
                "it must be (batch, 2m): a mean and a log-variance for each latent"
            )
        # Under autocast the heads come in 8 bits: too coarse for a sample, and for its density.
        return Posterior(*heads.to(x.dtype).chunk(2, dim=1))

    def encode(self, x: Float[Tensor, "batch *shape"]) -> Float[Tensor, "batch m"]:
        """Codes: the posterior's mean."""
        return self.posterior(x).mean

    def decode(self, codes: Float[Tensor, "batch m"]) -> Float[Tensor, "batch *shape"]:
        """The mean of p(x|z) for `codes`."""
        x: Tensor = self.decoder(codes)
        return torch.sigmoid(x) if self.config.likelihood == "bernoulli" else x

    def forward(self, x: Float[Tensor, "batch *shape"], generator: torch.Generator) -> VAEOutput:
        """The posterior, a sample drawn from it by `generator`, and the decoder's raw output."""
        posterior = self.posterior(x)
        noise = torch.randn(
            posterior.mean.shape,
            generator=generator,
            device=posterior.mean.device,
            dtype=posterior.mean.dtype,
        )
        sample = posterior.mean + noise * (0.5 * posterior.log_variance).exp()
        return VAEOutput(posterior, sample, self.decoder(sample))

    def optimizers(self) -> Mapping[str, Optimizer]:
        """Adagrad for the whole."""
        # Differs from the paper: Higgins et al. 2017 have Adagrad for dSprites, but Adam with 1e-4
        # for photographs (CelebA); NashAE's authors have Adagrad throughout.
        return {"vae": torch.optim.Adagrad(self.parameters(), lr=self.config.lr)}

    def turns(
        self,
        batches: Sequence[Tensor],
        step: int,  # noqa: ARG002
        generator: torch.Generator,
    ) -> Iterator[Turn]:
        """One turn: encoder and decoder lower nll + β·KL."""
        (x,) = batches
        posterior, sample, reconstruction = self(x, generator)
        if reconstruction.shape != x.shape:
            raise ValueError(
                f"the decoder gave {tuple(reconstruction.shape)} for observations {tuple(x.shape)}"
            )
        gaussian = self.config.likelihood == "gaussian"
        nll = (gaussian_nll if gaussian else bernoulli_nll)(reconstruction, x)
        closed = self.config.kl == "closed"
        kl = gaussian_kl(*posterior) if closed else sampled_kl(sample, *posterior)
        loss = beta_vae_loss(nll, kl, self.config.beta)
        yield Turn("vae", loss, {"nll": nll.detach(), "kl": kl.detach().sum(1).mean()})
