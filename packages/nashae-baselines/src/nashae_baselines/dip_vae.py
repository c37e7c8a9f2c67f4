"""DIP-VAE: the covariance of the codes is drawn to that of the prior, the identity."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from jaxtyping import Float
from torch import Tensor
from torch.optim import Optimizer

from nashae_baselines.checks import check_choice, check_numbers, check_weights
from nashae_baselines.gaussian_coder import Posterior
from nashae_baselines.gaussian_vae import Likelihood, RegularisedVAE, VAEOutput, check_likelihood
from nashae_baselines.losses import beta_vae_loss, code_covariance, dip_penalty, gaussian_kl
from nashae_baselines.optimizers import adagrad_for


@dataclass(frozen=True)
class DIPVAEConfig:
    """The objective of DIP-VAE. The weights' ratio is its authors' for kind "i"."""

    off_diagonal: float = 10.0
    """λ_od ≥ 0: the weight of the covariances between latents."""
    diagonal: float = 100.0
    """λ_d ≥ 0: the weight of the variances' distances from 1; Kumar et al. have 10·λ_od for kind
    "i" and λ_od for kind "ii"."""
    kind: Literal["i", "ii"] = "i"
    """The covariance that is penalised: "i" of the posteriors' means, "ii" of q(z)."""
    likelihood: Likelihood = "gaussian"
    """Gaussian of unit variance, or Bernoulli with the decoder's output as logits."""
    lr: float | None = None
    """Adagrad's learning rate; None: 0.01, or less for wide networks."""

    def __post_init__(self) -> None:
        check_weights(off_diagonal=self.off_diagonal, diagonal=self.diagonal)
        check_numbers(lr=self.lr)
        check_choice("kind", self.kind, "i", "ii")
        check_likelihood(self.likelihood)


class DIPVAE(RegularisedVAE[DIPVAEConfig]):
    """DIP-VAE. Its loss is nll + KL + λ_od·Σ_{i≠j} C_ij² + λ_d·Σ_i (C_ii − 1)².

    Args:
        encoder: as of `VAE`.
        decoder: as of `VAE`.
        config: the objective; None: the defaults.

    Source: Kumar, Sattigeri & Balakrishnan 2018, https://arxiv.org/abs/1711.00848.

    Example:
        >>> from nashae_core import MLP
        >>> encoder, decoder = MLP((8, 16, 4), generator=0), MLP((2, 16, 8), generator=1)
        >>> DIPVAE(encoder, decoder, DIPVAEConfig(kind="ii")).config.diagonal
        100.0
    """

    config_class = DIPVAEConfig

    def optimizers(self) -> Mapping[str, Optimizer]:
        """Adagrad for encoder and decoder."""
        # Differs from the paper: Kumar et al. 2018 have Adam; Adagrad is what the other VAEs of
        # NashAE's comparison have.
        return {"vae": adagrad_for(self.parameters(), self.config.lr)}

    def regularised(
        self, nll: Tensor, output: VAEOutput, _step: int, /
    ) -> tuple[Tensor, Mapping[str, Tensor]]:
        """The loss nll + KL + the penalty, the KL in closed form."""
        config, kl = self.config, gaussian_kl(*output.posterior)
        covariance = self.covariance(output.posterior)
        penalty = dip_penalty(covariance, config.off_diagonal, config.diagonal)
        loss = beta_vae_loss(nll, kl, 1.0) + penalty
        return loss, {"kl": kl.sum(1).mean(), "penalty": penalty}

    def covariance(self, posterior: Posterior) -> Float[Tensor, "m m"]:
        """The covariance that is penalised: of the means, or of q(z) over the batch.

        By the law of total covariance that of q(z) is the means' and, on the diagonal, the mean
        variance.
        """
        covariance = code_covariance(posterior.mean)
        if self.config.kind == "ii":
            covariance = covariance + posterior.log_variance.exp().mean(0).diag()
        return covariance
