"""What the variational autoencoders share: a Gaussian posterior, a likelihood, and their codes."""

from typing import Literal, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from nashae_baselines.gaussian_coder import GaussianCoder, Posterior, drawn
from nashae_baselines.losses import bernoulli_nll, gaussian_nll
from nashae_core import Demands
from nashae_core.arguments import applied, check_given_back, check_network

Likelihood = Literal["gaussian", "bernoulli"]


class VAEOutput(NamedTuple):
    """All that a forward pass makes: the posterior, a sample of it (batch, m), its decoding."""

    posterior: Posterior
    sample: Float[Tensor, "batch m"]
    reconstruction: Float[Tensor, "batch *shape"]


class GaussianVAE(GaussianCoder):
    """An encoder, a decoder and a diagonal Gaussian between them; the objective is a subclass's.

    - `encoder`: any module from observations (batch, ...) to (batch, 2m): means, log-variances.
    - `decoder`: any module from codes (batch, m) to the observations' shape: their mean, or with
      the Bernoulli likelihood their logits; the observations are then in [0, 1].
    """

    def __init__(self, encoder: nn.Module, decoder: nn.Module, likelihood: Likelihood) -> None:
        super().__init__(encoder)
        check_network(decoder, "decoder")
        self.decoder, self.likelihood = decoder, likelihood

    def demands(self) -> Demands:
        """Observations that differ, and for the Bernoulli likelihood are in [0, 1]."""
        if self.likelihood == "gaussian":
            return Demands(varied=True)
        cure = 'scale them to [0, 1] for likelihood="bernoulli", or take likelihood="gaussian"'
        return Demands((0.0, 1.0), cure, varied=True)

    def decode(self, codes: Float[Tensor, "batch m"]) -> Float[Tensor, "batch *shape"]:
        """The mean of p(x|z) for `codes`."""
        x = applied(self.decoder, codes, "the decoder", "codes")
        return torch.sigmoid(x) if self.likelihood == "bernoulli" else x

    def forward(
        self, x: Float[Tensor, "batch *shape"], generator: torch.Generator | int
    ) -> VAEOutput:
        """The posterior, a sample drawn from it by `generator`, and the decoder's raw output.

        An int seeds a generator.
        """
        posterior = self.posterior(x)
        sample = drawn(posterior, generator)
        return VAEOutput(posterior, sample, applied(self.decoder, sample, "the decoder", "codes"))

    def nll(self, reconstruction: Tensor, x: Tensor) -> Float[Tensor, ""]:
        """−log p(x|z) of the decoder's raw output, summed over elements, mean over the batch.

        Raises `ValueError` where the decoder's output has another shape than the observations.
        """
        check_given_back(reconstruction, x)
        return (gaussian_nll if self.likelihood == "gaussian" else bernoulli_nll)(reconstruction, x)


def check_likelihood(likelihood: str) -> None:
    """Refuse a likelihood that is none."""
    if likelihood not in ("gaussian", "bernoulli"):
        raise ValueError(f"likelihood must be gaussian or bernoulli; got {likelihood!r}")
