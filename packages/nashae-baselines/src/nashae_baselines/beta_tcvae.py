"""β-TCVAE: of the KL divergence, the total correlation alone is weighted."""

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor, nn
from torch.optim import Optimizer

from nashae_baselines.checks import check_choice, check_numbers, check_weights
from nashae_baselines.decomposition import Sampling, kl_terms
from nashae_baselines.gaussian_vae import Likelihood, RegularisedVAE, VAEOutput, check_likelihood
from nashae_baselines.optimizers import adagrad_for
from nashae_core.arguments import check_kind


@dataclass(frozen=True)
class BetaTCVAEConfig:
    """The objective of β-TCVAE. The defaults are those of NashAE's authors for Beamsynthesis."""

    observations: int
    """N, the number of observations of the data set, which the estimate of q(z) needs."""
    beta: float = 75.0
    """β ≥ 0: the weight of the total correlation; 1 is the VAE."""
    sampling: Sampling = "weighted"
    """Minibatch-weighted or minibatch-stratified sampling (Chen et al. 2018, appendix C)."""
    likelihood: Likelihood = "gaussian"
    """Gaussian of unit variance, or Bernoulli with the decoder's output as logits."""
    lr: float | None = None
    """Adagrad's learning rate; None: 0.01, or less for wide networks."""

    def __post_init__(self) -> None:
        if self.observations < 2:
            raise ValueError(f"observations must be at least 2; got {self.observations}")
        check_weights(beta=self.beta)
        check_choice("sampling", self.sampling, "weighted", "stratified")
        check_numbers(lr=self.lr)
        check_likelihood(self.likelihood)


class BetaTCVAE(RegularisedVAE[BetaTCVAEConfig]):
    """β-TCVAE. Its loss is nll + MI + β·TC + the dimension-wise KL (eq. 4).

    Args:
        encoder: as of `VAE`.
        decoder: as of `VAE`.
        config: the objective, with the number of observations.

    Source: Chen et al. 2018, https://arxiv.org/abs/1802.04942.

    Example:
        >>> from nashae_core import MLP
        >>> encoder, decoder = MLP((8, 16, 4), generator=0), MLP((2, 16, 8), generator=1)
        >>> BetaTCVAE(encoder, decoder, BetaTCVAEConfig(observations=100, beta=4.0)).config.sampling
        'weighted'
    """

    config_class = BetaTCVAEConfig

    def __init__(self, encoder: nn.Module, decoder: nn.Module, config: BetaTCVAEConfig) -> None:
        check_kind(config, BetaTCVAEConfig, "config", "it has to say the number of observations")
        super().__init__(encoder, decoder, config)

    def optimizers(self) -> Mapping[str, Optimizer]:
        """Adagrad for encoder and decoder."""
        # Differs from the paper: Chen et al. 2018 have Adam, NashAE's authors Adagrad.
        return {"vae": adagrad_for(self.parameters(), self.config.lr)}

    def regularised(
        self, nll: Tensor, output: VAEOutput, _step: int, /
    ) -> tuple[Tensor, Mapping[str, Tensor]]:
        """The loss nll + MI + β·TC + dimension-wise KL."""
        config = self.config
        mi, tc, dimension_wise = kl_terms(
            output.sample, *output.posterior, config.observations, sampling=config.sampling
        )
        loss = nll + mi + config.beta * tc + dimension_wise
        return loss, {"mi": mi, "tc": tc, "dimension_wise_kl": dimension_wise}
