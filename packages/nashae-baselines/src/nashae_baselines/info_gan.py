"""InfoGAN: a generator whose codes can be inferred from the observations that it makes."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.optim import Optimizer

from nashae_baselines.checks import check_numbers, check_weights, checked_config
from nashae_baselines.discriminators import discriminator_turn, logits_of
from nashae_baselines.gaussian_coder import GaussianCoder
from nashae_baselines.losses import code_nll, generator_loss
from nashae_baselines.optimizers import adam_for
from nashae_core import Demands, Turn
from nashae_core.arguments import applied, check_given_back, check_network, whole


@dataclass(frozen=True)
class InfoGANConfig:
    """The objective of InfoGAN. The learning rates are its authors'."""

    lam: float = 1.0
    """λ ≥ 0: the weight of the mutual information of codes and observations."""
    noise: int = 0
    """Further inputs of the generator, which Q does not infer; at least 0."""
    lr: float | None = None
    """Adam's learning rate for the generator and for Q; its betas are 0.5 and 0.999. None: 1e-3, or
    less for wide networks."""
    discriminator_lr: float | None = None
    """Adam's learning rate for the discriminator, with the same betas; None: 2e-4, or less."""

    def __post_init__(self) -> None:
        check_weights(lam=self.lam)
        check_numbers(lr=self.lr, discriminator_lr=self.discriminator_lr)
        if self.noise < 0:
            raise ValueError(f"noise must be at least 0; got {self.noise}")


class InfoGAN(GaussianCoder):
    """InfoGAN with continuous codes, each uniform on [−1, 1].

    If the generator takes no noise and Q inverts it, their mutual information has no bound, and Q's
    variance goes on falling.

    Args:
        encoder: Q, any module from observations (batch, ...) to (batch, 2 · latents): means and
            log-variances of the codes.
        decoder: the generator, any module from (batch, latents + noise) to the observations' shape.
        discriminator: any module from observations (batch, ...) to one logit each (batch, 1), high
            for real ones, low for generated ones.
        latents: m ≥ 1, the number of codes.
        config: the objective; None: the defaults.

    Raises:
        TypeError: a network is no module, or `config` no `InfoGANConfig`.
        ValueError: `latents` is below 1; in training, if a network gives another shape.

    Source: Chen, Duan et al. 2016, https://arxiv.org/abs/1606.03657.

    Example:
        >>> from nashae_core import MLP
        >>> from nashae_baselines import discriminator
        >>> q, generator = MLP((8, 16, 4), generator=0), MLP((2, 16, 8), generator=1)
        >>> InfoGAN(q, generator, discriminator(8, hidden=16, generator=2), latents=2).config.lam
        1.0
    """

    def __init__(
        self,
        encoder: nn.Module,
        decoder: nn.Module,
        discriminator: nn.Module,
        latents: int,
        config: InfoGANConfig | None = None,
    ) -> None:
        # Differs from the paper: in Chen et al. 2016 Q shares all layers of the discriminator but
        # the last; here it is a network of its own, the encoder that the other models take.
        super().__init__(encoder)
        check_network(decoder, "decoder")
        check_network(discriminator, "discriminator")
        latents = whole(latents, "latents")
        self.decoder, self.discriminator, self.latents = decoder, discriminator, latents
        self.config = checked_config(config, InfoGANConfig)

    def decode(self, codes: Float[Tensor, "batch m"]) -> Float[Tensor, "batch *shape"]:
        """The generator's output for codes (batch, m), its noise at 0, the mean."""
        noise = codes.new_zeros(len(codes), self.config.noise)
        return applied(self.decoder, torch.cat([codes, noise], 1), "the decoder", "codes")

    def demands(self) -> Demands:
        """Observations that are not all equal."""
        return Demands(varied=True)

    def optimizers(self) -> Mapping[str, Optimizer]:
        """Adam for the discriminator, and Adam for the generator and Q together."""
        makers, betas = [*self.decoder.parameters(), *self.encoder.parameters()], (0.5, 0.999)
        judge, judge_lr = self.discriminator.parameters(), self.config.discriminator_lr
        return {
            "discriminator": adam_for(judge, judge_lr, 2e-4, betas),
            "generator": adam_for(makers, self.config.lr, 1e-3, betas),
        }

    def turns(
        self,
        batches: Sequence[Tensor],
        step: int,  # noqa: ARG002
        generator: torch.Generator,
    ) -> Iterator[Turn]:
        """The discriminator learns; the generator and Q lower −mean log D(x̃) − λ·information."""
        (x,) = batches
        codes, generated = self._generate(x, generator)
        yield discriminator_turn(self.discriminator, x, generated.detach())

        # The generator moves on the very observations that the discriminator has learned on.
        deceit = generator_loss(logits_of(self.discriminator, generated, constant=True))
        information = self.mutual_information(codes, generated)
        terms = {"generator_loss": deceit.detach(), "mutual_information": information.detach()}
        yield Turn("generator", deceit - self.config.lam * information, terms)

    def mutual_information(
        self, codes: Float[Tensor, "batch m"], made: Float[Tensor, "batch *shape"]
    ) -> Float[Tensor, ""]:
        """The lower bound, in nats, of the information between codes and generated observations.

        H(c) + mean log Q(c|x), H(c) = m·log 2 (Chen, Duan et al. 2016, eq. 5).

        Args:
            codes: (batch, m), in [−1, 1].
            made: (batch, ...), what the generator makes of them.

        Raises:
            ValueError: Q gives another number of codes.
        """
        posterior = self.posterior(made)
        if posterior.mean.shape != codes.shape:
            raise ValueError(
                f"the encoder must give {codes.shape[1]} means, one for each latent; got "
                f"{posterior.mean.shape[1]}"
            )
        return codes.shape[1] * math.log(2) - code_nll(codes, *posterior)

    def _generate(self, x: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """As many codes (batch, m) as observations, and what the generator makes of them."""
        width = self.latents + self.config.noise
        uniform = torch.rand(len(x), width, generator=generator, device=x.device, dtype=x.dtype)
        inputs = 2 * uniform - 1
        generated = applied(self.decoder, inputs, "the decoder", "codes")
        check_given_back(generated, x)
        return inputs[:, : self.latents], generated.to(x.dtype)
