"""What the variational autoencoders share: a Gaussian posterior, a likelihood, and their codes."""

from typing import Literal, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from nashae_baselines.losses import bernoulli_nll, gaussian_nll
from nashae_core import Trainable

Likelihood = Literal["gaussian", "bernoulli"]


class Posterior(NamedTuple):
    """q(z|x): a Gaussian for each latent, both (batch, m)."""

    mean: Float[Tensor, "batch m"]
    log_variance: Float[Tensor, "batch m"]


class VAEOutput(NamedTuple):
    """All that a forward pass makes: the posterior, a sample of it (batch, m), its decoding."""

    posterior: Posterior
    sample: Float[Tensor, "batch m"]
    reconstruction: Float[Tensor, "batch *shape"]


def drawn(posterior: Posterior, generator: torch.Generator) -> Float[Tensor, "batch m"]:
    """A sample of the posterior, differentiable in it."""
    mean, log_variance = posterior
    noise = torch.randn(mean.shape, generator=generator, device=mean.device, dtype=mean.dtype)
    return mean + noise * (0.5 * log_variance).exp()


class GaussianVAE(Trainable):
    """An encoder, a decoder and a diagonal Gaussian between them; the objective is a subclass's.

    - `encoder`: any module from observations (batch, ...) to (batch, 2m): means, log-variances.
    - `decoder`: any module from codes (batch, m) to the observations' shape: their mean, or with
      the Bernoulli likelihood their logits; the observations are then in [0, 1].
    """

    def __init__(self, encoder: nn.Module, decoder: nn.Module, likelihood: Likelihood) -> None:
        super().__init__()
        self.encoder, self.decoder, self.likelihood = encoder, decoder, likelihood

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
        return torch.sigmoid(x) if self.likelihood == "bernoulli" else x

    def forward(self, x: Float[Tensor, "batch *shape"], generator: torch.Generator) -> VAEOutput:
        """The posterior, a sample drawn from it by `generator`, and the decoder's raw output."""
        posterior = self.posterior(x)
        sample = drawn(posterior, generator)
        return VAEOutput(posterior, sample, self.decoder(sample))

    def sample(
        self, x: Float[Tensor, "batch *shape"], generator: torch.Generator
    ) -> Float[Tensor, "batch m"]:
        """A sample of q(z|x) for each observation, drawn by `generator`."""
        return drawn(self.posterior(x), generator)

    def nll(self, reconstruction: Tensor, x: Tensor) -> Float[Tensor, ""]:
        """−log p(x|z) of the decoder's raw output, summed over elements, mean over the batch.

        Raises `ValueError` where the decoder's output has another shape than the observations.
        """
        if reconstruction.shape != x.shape:
            raise ValueError(
                f"the decoder gave {tuple(reconstruction.shape)} for observations {tuple(x.shape)}"
            )
        return (gaussian_nll if self.likelihood == "gaussian" else bernoulli_nll)(reconstruction, x)


def check_likelihood(likelihood: str) -> None:
    """Refuse a likelihood that is none."""
    if likelihood not in ("gaussian", "bernoulli"):
        raise ValueError(f"likelihood must be gaussian or bernoulli; got {likelihood!r}")


def check_numbers(**numbers: float) -> None:
    """Refuse numbers that are not finite or not above 0."""
    for name, number in numbers.items():
        if not 0 < number < float("inf"):
            raise ValueError(f"{name} must be a finite number above 0; got {number}")
