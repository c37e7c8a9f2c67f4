"""InfoGAN: a generator whose codes can be read off what it makes."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.optim import Optimizer

from nashae_baselines.checks import check_numbers, check_weights, checked_config
from nashae_baselines.discriminators import logits_of
from nashae_baselines.gaussian_coder import GaussianCoder
from nashae_baselines.losses import code_nll, discriminator_loss, generator_loss
from nashae_baselines.rates import OF_ADAM, default_rate
from nashae_core import Demands, Turn, adam
from nashae_core.arguments import applied, check_given_back, check_network, whole


@dataclass(frozen=True)
class InfoGANConfig:
    """The game of InfoGAN. The learning rates are its authors'."""

    lam: float = 1.0
    """λ ≥ 0: the weight of the mutual information of codes and observations."""
    noise: int = 0
    """Inputs of the generator beside the codes, which nothing reads off."""
    lr: float | None = None
    """Adam's learning rate for the generator and for Q; its betas are 0.5 and 0.999. None: 1e-3, or
    less for wide networks (`default_rate`)."""
    discriminator_lr: float | None = None
    """Adam's learning rate for the discriminator, with the same betas; None: 2e-4, or less."""

    def __post_init__(self) -> None:
        check_weights(lam=self.lam)
        check_numbers(lr=self.lr, discriminator_lr=self.discriminator_lr)
        if self.noise < 0:
            raise ValueError(f"noise must be at least 0; got {self.noise}")


class InfoGAN(GaussianCoder):
    """InfoGAN (Chen et al. 2016) with continuous codes, each uniform on [−1, 1].

    - `encoder`: Q, any module from observations (batch, ...) to (batch, 2 · latents): means and
      log-variances of the codes.
    - `decoder`: the generator, any module from (batch, latents + noise) to the observations' shape.
    - `discriminator`: any module from observations (batch, ...) to one logit each (batch, 1): that
      they are real, and not generated.
    - `latents`: m, the number of codes.

    A generator without noise that Q inverts has no bound to its mutual information; Q's variance
    then goes on falling.

    Raises `ValueError` for fewer than one latent, and in training where a network gives another
    shape.
    """

    def __init__(
        self,
        encoder: nn.Module,
        decoder: nn.Module,
        discriminator: nn.Module,
        latents: int,
        config: InfoGANConfig | None = None,
    ) -> None:
        # Differs from the paper: in Chen et al. 2016 Q is the discriminator but for its last layer;
        # here it is a network of its own, the encoder that the other models take.
        super().__init__(encoder)
        check_network(decoder, "decoder")
        check_network(discriminator, "discriminator")
        latents = whole(latents, "latents")
        self.decoder, self.discriminator, self.latents = decoder, discriminator, latents
        self.config = checked_config(config, InfoGANConfig)

    def decode(self, codes: Float[Tensor, "batch m"]) -> Float[Tensor, "batch *shape"]:
        """What the generator makes of `codes`, its noise at 0, the mean."""
        noise = codes.new_zeros(len(codes), self.config.noise)
        return applied(self.decoder, torch.cat([codes, noise], 1), "the decoder", "codes")

    def demands(self) -> Demands:
        """Observations that differ."""
        return Demands(varied=True)

    def optimizers(self) -> Mapping[str, Optimizer]:
        """Adam for the discriminator and Adam for the generator and Q together."""
        generator = [*self.decoder.parameters(), *self.encoder.parameters()]
        judge, betas = list(self.discriminator.parameters()), (0.5, 0.999)
        lr = self.config.lr or default_rate(1e-3, generator, OF_ADAM)
        discriminator_lr = self.config.discriminator_lr or default_rate(2e-4, judge, OF_ADAM)
        return {
            "discriminator": adam(judge, discriminator_lr, betas),
            "generator": adam(generator, lr, betas),
        }

    def turns(
        self,
        batches: Sequence[Tensor],
        step: int,  # noqa: ARG002
        generator: torch.Generator,
    ) -> Iterator[Turn]:
        """The discriminator learns; the generator and Q lower −mean log D(x̃) − λ·information."""
        (x,) = batches
        codes, made = self._generate(x, generator)
        # What the discriminator learns on is also what the generator then answers for.
        logits = logits_of(self.discriminator, torch.cat([x, made.detach()]))
        loss = discriminator_loss(*logits.chunk(2))
        yield Turn("discriminator", loss, {"discriminator_loss": loss.detach()})

        deceit = generator_loss(logits_of(self.discriminator, made, constant=True))
        information = self.mutual_information(codes, made)
        terms = {
            "generator_loss": deceit.detach(),
            "mutual_information": information.detach(),
        }
        yield Turn("generator", deceit - self.config.lam * information, terms)

    def mutual_information(
        self, codes: Float[Tensor, "batch m"], made: Float[Tensor, "batch *shape"]
    ) -> Float[Tensor, ""]:
        """The lower bound, in nats, of the information between codes and what is made of them.

        H(c) + mean log Q(c|x), H(c) = m·log 2 (Chen et al. 2016, eq. 5).

        Raises `ValueError` where Q gives another number of codes.
        """
        posterior = self.posterior(made)
        if posterior.mean.shape != codes.shape:
            raise ValueError(
                f"the encoder gave {posterior.mean.shape[1]} means for {codes.shape[1]} latents"
            )
        return codes.shape[1] * math.log(2) - code_nll(codes, *posterior)

    def _generate(self, x: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """As many codes (batch, m) as there are observations, and what is made of them."""
        width = self.latents + self.config.noise
        drawn = torch.rand(len(x), width, generator=generator, device=x.device, dtype=x.dtype)
        inputs = 2 * drawn - 1
        made = applied(self.decoder, inputs, "the decoder", "codes")
        check_given_back(made, x)
        return inputs[:, : self.latents], made.to(x.dtype)
