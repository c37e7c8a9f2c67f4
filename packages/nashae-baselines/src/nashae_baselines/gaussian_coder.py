"""An encoder that gives a Gaussian of codes: what the VAEs and InfoGAN share."""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from nashae_baselines.checks import matrix_from
from nashae_core import Trainable
from nashae_core.arguments import check_network, seeded


class Posterior(NamedTuple):
    """The posterior q(z|x): a Gaussian for each observation and latent.

    Args:
        mean: (batch, m), the means.
        log_variance: (batch, m), the logarithms of the variances.
    """

    mean: Float[Tensor, "batch m"]
    log_variance: Float[Tensor, "batch m"]


def drawn(posterior: Posterior, generator: torch.Generator | int) -> Float[Tensor, "batch m"]:
    """A sample of the posterior, differentiable in its means and variances."""
    mean, log_variance = posterior
    generator = seeded(generator, mean.device)
    noise = torch.randn(mean.shape, generator=generator, device=mean.device, dtype=mean.dtype)
    return mean + noise * (0.5 * log_variance).exp()


class GaussianCoder(Trainable):
    """A model whose encoder gives a diagonal Gaussian of codes, the posterior q(z|x).

    Args:
        encoder: any module from observations (batch, ...) to (batch, 2m): the m means, then the m
            log-variances.

    Raises:
        TypeError: `encoder` is no module.
        ValueError: when it is applied, if it gives another shape.
    """

    def __init__(self, encoder: nn.Module) -> None:
        super().__init__()
        check_network(encoder, "encoder")
        self.encoder = encoder

    def posterior(self, x: Float[Tensor, "batch *shape"]) -> Posterior:
        """q(z|x) for observations (batch, ...)."""
        wanted = "(batch, 2m), a mean and a log-variance for each latent"
        heads = matrix_from(
            self.encoder, x, "the encoder", wanted, lambda _, k: k > 0 and k % 2 == 0
        )
        return Posterior(*heads.chunk(2, dim=1))

    def encode(self, x: Float[Tensor, "batch *shape"]) -> Float[Tensor, "batch m"]:
        """Codes (batch, m): the posterior's means."""
        return self.posterior(x).mean

    def sample(
        self, x: Float[Tensor, "batch *shape"], generator: torch.Generator | int
    ) -> Float[Tensor, "batch m"]:
        """A sample of q(z|x) for each observation, (batch, m).

        Args:
            x: (batch, ...), observations.
            generator: draws the noise; an int seeds one.
        """
        return drawn(self.posterior(x), generator)
