"""An encoder that gives a Gaussian of codes: what the VAEs and InfoGAN share."""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from nashae_core import Trainable
from nashae_core.arguments import applied, check_network, seeded


class Posterior(NamedTuple):
    """q(z|x): a Gaussian for each latent, both (batch, m)."""

    mean: Float[Tensor, "batch m"]
    log_variance: Float[Tensor, "batch m"]


def drawn(posterior: Posterior, generator: torch.Generator | int) -> Float[Tensor, "batch m"]:
    """A sample of the posterior, differentiable in it."""
    mean, log_variance = posterior
    generator = seeded(generator, mean.device)
    noise = torch.randn(mean.shape, generator=generator, device=mean.device, dtype=mean.dtype)
    return mean + noise * (0.5 * log_variance).exp()


class GaussianCoder(Trainable):
    """A model whose encoder gives a diagonal Gaussian of codes, the posterior q(z|x).

    - `encoder`: any module from observations (batch, ...) to (batch, 2m): means, log-variances.
    """

    def __init__(self, encoder: nn.Module) -> None:
        super().__init__()
        check_network(encoder, "encoder")
        self.encoder = encoder

    def posterior(self, x: Float[Tensor, "batch *shape"]) -> Posterior:
        """q(z|x) for observations (batch, ...)."""
        heads = applied(self.encoder, x, "the encoder")
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

    def sample(
        self, x: Float[Tensor, "batch *shape"], generator: torch.Generator | int
    ) -> Float[Tensor, "batch m"]:
        """A sample of q(z|x) for each observation, drawn by `generator`, which an int seeds."""
        return drawn(self.posterior(x), generator)
