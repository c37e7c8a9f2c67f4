"""DIP-VAE: the codes' covariance is drawn to that of the prior."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.optim import Optimizer

from nashae_baselines.checks import check_numbers, check_weights, checked_config
from nashae_baselines.gaussian_coder import Posterior
from nashae_baselines.gaussian_vae import GaussianVAE, Likelihood, check_likelihood
from nashae_baselines.losses import beta_vae_loss, code_covariance, dip_penalty, gaussian_kl
from nashae_baselines.rates import OF_ADAGRAD, default_rate
from nashae_core import Turn, adagrad


@dataclass(frozen=True)
class DIPVAEConfig:
    """The objective of DIP-VAE. The weights' ratio is its authors' for kind "i"."""

    off_diagonal: float = 10.0
    """λ_od ≥ 0: the weight of the covariances between latents."""
    diagonal: float = 100.0
    """λ_d ≥ 0: that of the variances' distance from 1; Kumar et al. have 10·λ_od for kind "i", and
    λ_od for kind "ii"."""
    kind: Literal["i", "ii"] = "i"
    """Whose covariance: "i" the posteriors' means', "ii" that of q(z), their variances included."""
    likelihood: Likelihood = "gaussian"
    """Gaussian of unit variance, or Bernoulli with the decoder's output as logits."""
    lr: float | None = None
    """Adagrad's learning rate; None: 0.01, or less for wide networks (`default_rate`)."""

    def __post_init__(self) -> None:
        check_weights(off_diagonal=self.off_diagonal, diagonal=self.diagonal)
        check_numbers(lr=self.lr)
        if self.kind not in ("i", "ii"):
            raise ValueError(f"kind must be i or ii; got {self.kind!r}")
        check_likelihood(self.likelihood)


class DIPVAE(GaussianVAE):
    """DIP-VAE (Kumar et al. 2018) over an encoder and a decoder, as `VAE` takes them."""

    def __init__(
        self, encoder: nn.Module, decoder: nn.Module, config: DIPVAEConfig | None = None
    ) -> None:
        self.config = checked_config(config, DIPVAEConfig)
        super().__init__(encoder, decoder, self.config.likelihood)

    def optimizers(self) -> Mapping[str, Optimizer]:
        """Adagrad for the whole."""
        rate = self.config.lr or default_rate(0.01, self.parameters(), OF_ADAGRAD)
        # Differs from the paper: Kumar et al. 2018 have Adam; Adagrad is what the other VAEs of
        # NashAE's comparison have.
        return {"vae": adagrad(self.parameters(), rate)}

    def turns(
        self,
        batches: Sequence[Tensor],
        step: int,  # noqa: ARG002
        generator: torch.Generator,
    ) -> Iterator[Turn]:
        """One turn: encoder and decoder lower nll + KL + the penalty, the KL in closed form."""
        (x,) = batches
        posterior, _, reconstruction = self(x, generator)
        nll = self.nll(reconstruction, x)
        kl = gaussian_kl(*posterior)
        penalty = dip_penalty(
            self.covariance(posterior), self.config.off_diagonal, self.config.diagonal
        )
        terms = {"nll": nll, "kl": kl.sum(1).mean(), "penalty": penalty}
        loss = beta_vae_loss(nll, kl, 1.0) + penalty
        yield Turn("vae", loss, {name: term.detach() for name, term in terms.items()})

    def covariance(self, posterior: Posterior) -> Float[Tensor, "m m"]:
        """The covariance that is penalised, (m, m): of the means, or of q(z) over the batch.

        That of q(z) is the means' and, on the diagonal, the mean variance: the law of total
        covariance (Kumar et al. 2018).
        """
        covariance = code_covariance(posterior.mean)
        if self.config.kind == "ii":
            covariance = covariance + posterior.log_variance.exp().mean(0).diag()
        return covariance
