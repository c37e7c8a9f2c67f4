"""AnnealedVAE: the KL divergence is held at a capacity that grows during training."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from nashae_baselines.checks import check_numbers, check_weights, checked_config
from nashae_baselines.gaussian_vae import GaussianVAE, Likelihood, check_likelihood
from nashae_baselines.losses import annealed_vae_loss, gaussian_kl
from nashae_baselines.rates import OF_ADAM, default_rate
from nashae_core import Turn, adam


@dataclass(frozen=True)
class AnnealedVAEConfig:
    """The objective of AnnealedVAE. The defaults are its authors', but for `warm_up`."""

    capacity: float = 25.0
    """C ≥ 0 in nats: what the KL divergence is held at in the end."""
    gamma: float = 1000.0
    """γ ≥ 0: the weight of the KL's distance from the capacity."""
    # Differs from the paper: Burgess et al. 2018 take 100,000 steps; this is the length of a run
    # by `TrainConfig()`, which would otherwise end at a hundredth of the capacity.
    warm_up: int = 1000
    """Steps in which the capacity rises in a straight line from 0 to C."""
    likelihood: Likelihood = "gaussian"
    """Gaussian of unit variance, or Bernoulli with the decoder's output as logits."""
    lr: float | None = None
    """Adam's learning rate; None: 5e-4, or less for wide networks (`default_rate`)."""

    def __post_init__(self) -> None:
        check_weights(capacity=self.capacity, gamma=self.gamma)
        check_numbers(lr=self.lr)
        if self.warm_up < 1:
            raise ValueError(f"warm_up must be at least 1; got {self.warm_up}")
        check_likelihood(self.likelihood)

    def capacity_at(self, step: int) -> float:
        """The capacity at step number `step` (from 0), in nats."""
        return self.capacity * min(1.0, step / self.warm_up)


class AnnealedVAE(GaussianVAE):
    """AnnealedVAE (Burgess et al. 2018) over an encoder and a decoder, as `VAE` takes them."""

    objective = "nll"  # the loss may rise with the capacity

    def __init__(
        self, encoder: nn.Module, decoder: nn.Module, config: AnnealedVAEConfig | None = None
    ) -> None:
        self.config = checked_config(config, AnnealedVAEConfig)
        super().__init__(encoder, decoder, self.config.likelihood)

    def optimizers(self) -> Mapping[str, Optimizer]:
        """Adam for the whole."""
        rate = self.config.lr or default_rate(5e-4, self.parameters(), OF_ADAM)
        return {"vae": adam(self.parameters(), rate)}

    def turns(
        self, batches: Sequence[Tensor], step: int, generator: torch.Generator
    ) -> Iterator[Turn]:
        """One turn: encoder and decoder lower nll + γ·|KL − C(step)|, the KL in closed form.

        In closed form because an estimate's noise would not average out within the bars.
        """
        (x,) = batches
        posterior, _, reconstruction = self(x, generator)
        nll = self.nll(reconstruction, x)
        kl = gaussian_kl(*posterior)
        capacity = self.config.capacity_at(step)
        loss = annealed_vae_loss(nll, kl, self.config.gamma, capacity)
        terms = {"nll": nll.detach(), "kl": kl.detach().sum(1).mean()}
        yield Turn("vae", loss, terms | {"capacity": torch.full_like(terms["nll"], capacity)})
