"""What the variational autoencoders share: a posterior, a likelihood, and a step of one loss."""

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import Generic, Literal, NamedTuple, Protocol, TypeVar, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor, nn

from nashae_baselines.checks import check_choice, checked_config
from nashae_baselines.gaussian_coder import GaussianCoder, Posterior, drawn
from nashae_baselines.losses import bernoulli_nll, gaussian_nll
from nashae_core import Demands, Turn
from nashae_core.arguments import applied, check_given_back, check_network

Likelihood = Literal["gaussian", "bernoulli"]


@runtime_checkable
class WithLikelihood(Protocol):
    """A config that names the likelihood."""

    @property
    def likelihood(self) -> Likelihood:
        """Gaussian of unit variance, or Bernoulli."""
        ...


Config = TypeVar("Config", bound=WithLikelihood)


class VAEOutput(NamedTuple):
    """All that a forward pass makes.

    Args:
        posterior: of each observation.
        sample: (batch, m), drawn from the posterior.
        reconstruction: (batch, ...), the decoder's raw output for the sample.
    """

    posterior: Posterior
    sample: Float[Tensor, "batch m"]
    reconstruction: Float[Tensor, "batch *shape"]


class GaussianVAE(GaussianCoder):
    """An encoder, a decoder and a diagonal Gaussian between them; a subclass adds the objective.

    A subclass implements `optimizers` and `turns`.

    Args:
        encoder: any module from observations (batch, ...) to (batch, 2m): means, log-variances.
        decoder: any module from codes (batch, m) to the observations' shape: their mean, or with
            the Bernoulli likelihood their logits; the observations are then in [0, 1].
        likelihood: "gaussian" (unit variance) or "bernoulli".
    """

    def __init__(self, encoder: nn.Module, decoder: nn.Module, likelihood: Likelihood) -> None:
        super().__init__(encoder)
        check_network(decoder, "decoder")
        self.decoder, self.likelihood = decoder, likelihood

    def demands(self) -> Demands:
        """Observations that are not all equal and, for the Bernoulli likelihood, in [0, 1]."""
        if self.likelihood == "gaussian":
            return Demands(varied=True)
        cure = 'scale them to [0, 1] for likelihood="bernoulli", or take likelihood="gaussian"'
        return Demands((0.0, 1.0), cure, varied=True)

    def decode(self, codes: Float[Tensor, "batch m"]) -> Float[Tensor, "batch *shape"]:
        """The mean of p(x|z) for codes (batch, m)."""
        x = applied(self.decoder, codes, "the decoder", "codes")
        return torch.sigmoid(x) if self.likelihood == "bernoulli" else x

    def forward(
        self, x: Float[Tensor, "batch *shape"], generator: torch.Generator | int
    ) -> VAEOutput:
        """The posterior, a sample of it, and the decoder's raw output for the sample.

        Args:
            x: (batch, ...), observations.
            generator: draws the sample; an int seeds one.
        """
        posterior = self.posterior(x)
        sample = drawn(posterior, generator)
        return VAEOutput(posterior, sample, applied(self.decoder, sample, "the decoder", "codes"))

    def nll(self, reconstruction: Tensor, x: Tensor) -> Float[Tensor, ""]:
        """−log p(x|z) in nats, summed over elements, mean over the batch.

        Args:
            reconstruction: (batch, ...), the decoder's raw output.
            x: (batch, ...), the observations.

        Raises:
            ValueError: the two have different shapes.
        """
        check_given_back(reconstruction, x)
        return (gaussian_nll if self.likelihood == "gaussian" else bernoulli_nll)(reconstruction, x)


class ConfiguredVAE(GaussianVAE, Generic[Config]):
    """A `GaussianVAE` whose likelihood and objective are a config's, of class `config_class`."""

    config_class: type[Config]
    config: Config

    def __init__(
        self, encoder: nn.Module, decoder: nn.Module, config: Config | None = None
    ) -> None:
        checked = checked_config(config, self.config_class)
        super().__init__(encoder, decoder, checked.likelihood)
        self.config = checked


class RegularisedVAE(ConfiguredVAE[Config]):
    """A VAE of one player: encoder and decoder lower the nll and a regulariser of the codes."""

    @abstractmethod
    def regularised(
        self, nll: Float[Tensor, ""], output: VAEOutput, step: int, /
    ) -> tuple[Float[Tensor, ""], Mapping[str, Tensor]]:
        """The loss of a batch at step number `step`, and its terms for the history."""

    def turns(
        self, batches: Sequence[Tensor], step: int, generator: torch.Generator
    ) -> Iterator[Turn]:
        """One turn: encoder and decoder lower the loss of `regularised`."""
        (x,) = batches
        output = self(x, generator)
        nll = self.nll(output.reconstruction, x)
        loss, terms = self.regularised(nll, output, step)
        terms = {"nll": nll, **terms}
        yield Turn("vae", loss, {name: term.detach() for name, term in terms.items()})


def check_likelihood(likelihood: str) -> None:
    """Raise `ValueError` for an unknown likelihood."""
    check_choice("likelihood", likelihood, "gaussian", "bernoulli")
