"""β-TCVAE: of the KL divergence, the total correlation alone is weighted."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from nashae_baselines.checks import check_numbers, check_weights
from nashae_baselines.gaussian_vae import GaussianVAE, Likelihood, check_likelihood
from nashae_baselines.losses import Sampling, kl_terms
from nashae_baselines.rates import OF_ADAGRAD, default_rate
from nashae_core import Turn, adagrad
from nashae_core.arguments import check_kind


@dataclass(frozen=True)
class BetaTCVAEConfig:
    """The objective of β-TCVAE. The defaults are the NashAE authors' for Beamsynthesis."""

    observations: int
    """N, the number of observations of the data set, which the estimate of q(z) needs."""
    beta: float = 75.0
    """β ≥ 0: the weight of the total correlation; 1 is the VAE."""
    sampling: Sampling = "weighted"
    """Minibatch-weighted or minibatch-stratified sampling (Chen et al. 2018, appendix C)."""
    likelihood: Likelihood = "gaussian"
    """Gaussian of unit variance, or Bernoulli with the decoder's output as logits."""
    lr: float | None = None
    """Adagrad's learning rate; None: 0.01, or less for wide networks (`default_rate`)."""

    def __post_init__(self) -> None:
        if self.observations < 2:
            raise ValueError(f"observations must be at least 2; got {self.observations}")
        check_weights(beta=self.beta)
        if self.sampling not in ("weighted", "stratified"):
            raise ValueError(f"sampling must be weighted or stratified; got {self.sampling!r}")
        check_numbers(lr=self.lr)
        check_likelihood(self.likelihood)


class BetaTCVAE(GaussianVAE):
    """β-TCVAE (Chen et al. 2018) over an encoder and a decoder, as `VAE` takes them."""

    def __init__(self, encoder: nn.Module, decoder: nn.Module, config: BetaTCVAEConfig) -> None:
        check_kind(config, BetaTCVAEConfig, "config", "it has to say the number of observations")
        super().__init__(encoder, decoder, config.likelihood)
        self.config = config

    def optimizers(self) -> Mapping[str, Optimizer]:
        """Adagrad for the whole."""
        rate = self.config.lr or default_rate(0.01, self.parameters(), OF_ADAGRAD)
        # Differs from the paper: Chen et al. 2018 have Adam, NashAE's authors Adagrad.
        return {"vae": adagrad(self.parameters(), rate)}

    def turns(
        self,
        batches: Sequence[Tensor],
        step: int,  # noqa: ARG002
        generator: torch.Generator,
    ) -> Iterator[Turn]:
        """One turn: encoder and decoder lower nll + MI + β·TC + dimension-wise KL (eq. 4)."""
        (x,) = batches
        posterior, sample, reconstruction = self(x, generator)
        nll = self.nll(reconstruction, x)
        mi, tc, dimension_wise = kl_terms(
            sample,
            posterior.mean,
            posterior.log_variance,
            self.config.observations,
            sampling=self.config.sampling,
        )
        loss = nll + mi + self.config.beta * tc + dimension_wise
        terms = {"nll": nll, "mi": mi, "tc": tc, "dimension_wise_kl": dimension_wise}
        yield Turn("vae", loss, {name: term.detach() for name, term in terms.items()})
