"""An autoencoder whose codes' covariances are penalised: NashAE without its predictors."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.optim import Optimizer

from nashae_baselines.checks import check_numbers, checked_config, matrix_from
from nashae_baselines.losses import covariance_penalty
from nashae_core import Demands, Trainable, Turn, adam, reconstruction_loss, weighted_loss
from nashae_core.arguments import applied, check_given_back, check_network


@dataclass(frozen=True)
class CovarianceAutoencoderConfig:
    """The objective. The defaults are those of NashAE."""

    lam: float = 0.2
    """λ in [0, 1): the weight of the covariances against the reconstruction."""
    lr: float = 1e-3
    """Adam's learning rate."""

    def __post_init__(self) -> None:
        if not 0 <= self.lam < 1:
            raise ValueError(f"lam (λ) must be in [0, 1); got {self.lam}")
        check_numbers(lr=self.lr)


class CovarianceAutoencoder(Trainable):
    """NashAE without its predictors: an ablation, in no paper.

    The penalty lowers the linear dependence of pairs of latents; NashAE's predictors see any
    function of all other latents.

    Args:
        encoder: any module from observations (batch, ...) to ζ (batch, m), real numbers, of which
            this model takes the sigmoid, as NashAE does.
        decoder: any module from codes (batch, m) to the observations' shape.
        config: the objective; None: the defaults.

    Raises:
        TypeError: a network is no module, or `config` no `CovarianceAutoencoderConfig`.
        ValueError: in training, if a network gives another shape.

    Source: compare Yeats et al. 2022, https://arxiv.org/abs/2209.10677.

    Example:
        >>> from nashae_core import MLP
        >>> encoder, decoder = MLP((8, 16, 2), generator=0), MLP((2, 16, 8), generator=1)
        >>> CovarianceAutoencoder(encoder, decoder).encode(torch.zeros(5, 8)).shape
        torch.Size([5, 2])
    """

    def __init__(
        self,
        encoder: nn.Module,
        decoder: nn.Module,
        config: CovarianceAutoencoderConfig | None = None,
    ) -> None:
        super().__init__()
        check_network(encoder, "encoder")
        check_network(decoder, "decoder")
        self.encoder, self.decoder = encoder, decoder
        self.config = checked_config(config, CovarianceAutoencoderConfig)

    def encode(self, x: Float[Tensor, "batch *shape"]) -> Float[Tensor, "batch m"]:
        """Codes z = sigmoid(ζ), each in (0, 1)."""
        n = len(x)
        # 8 bits, as autocast gives, would be too few for a covariance of 1e-3.
        zeta = matrix_from(self.encoder, x, "the encoder", "(batch, m)", lambda rows, _: rows == n)
        return torch.sigmoid(zeta)

    def decode(self, codes: Float[Tensor, "batch m"]) -> Float[Tensor, "batch *shape"]:
        """The reconstructions of codes (batch, m)."""
        return applied(self.decoder, codes, "the decoder", "codes")

    def demands(self) -> Demands:
        """Observations that are not all equal."""
        return Demands(varied=True)

    def optimizers(self) -> Mapping[str, Optimizer]:
        """Adam for encoder and decoder."""
        return {"autoencoder": adam(self.parameters(), self.config.lr)}

    def turns(
        self,
        batches: Sequence[Tensor],
        step: int,  # noqa: ARG002
        generator: torch.Generator,  # noqa: ARG002
    ) -> Iterator[Turn]:
        """One turn: encoder and decoder lower (1 − λ)·½·mean (x′ − x)² + λ·Σ_{i≠j} |Cov|."""
        (x,) = batches
        codes = self.encode(x)
        reconstruction = self.decode(codes)
        check_given_back(reconstruction, x)
        l_r, l_c = reconstruction_loss(reconstruction, x), covariance_penalty(codes)
        terms = {"reconstruction_loss": l_r.detach(), "covariance_loss": l_c.detach()}
        yield Turn("autoencoder", weighted_loss(l_r, l_c, self.config.lam), terms)
