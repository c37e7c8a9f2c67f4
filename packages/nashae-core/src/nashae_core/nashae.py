"""NashAE: an autoencoder trained against predictors of its own latents."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.optim import Optimizer

from nashae_core.arguments import (
    applied,
    check_choice,
    check_fields,
    check_given_back,
    check_kind,
    check_network,
)
from nashae_core.kernels.optimizers import adam
from nashae_core.losses import covariance_loss, reconstruction_loss, weighted_loss
from nashae_core.observations.inspection import Demands
from nashae_core.predictors import Predictors
from nashae_core.trainable import Batches, Trainable, Turn, Turns

# The buffers that hold what `standardise` was given.
STANDARD = ("data_shift", "data_scale")


@dataclass(frozen=True)
class NashAEConfig:
    """The losses and learning rates of NashAE. The defaults are those of the authors' code."""

    lam: float = 0.2
    """λ in [0, 1), the weight of the covariance against the reconstruction (eq. 5)."""
    warm_up: int = 0
    """Steps over which the weight rises linearly from 0 to λ; the authors use 0."""
    warm_up_from: int = 0
    """The step at which the rise begins; the weight is 0 before, unless `warm_up` is 0."""
    predictor_updates: int = 5
    """Updates of the predictors per step, before one of the autoencoder."""
    autoencoder_lr: float = 1e-3
    """Adam's learning rate for the encoder and the decoder."""
    predictor_lr: float = 1e-2
    """Adam's learning rate for the predictors."""
    reconstruction: Literal["mean", "sum"] = "mean"
    """Squared errors are averaged over an observation's elements or, as in eq. 1, summed."""
    covariance: Literal["through-predictions", "through-both"] = "through-predictions"
    """Whether the gradient of eq. 4 reaches z′ alone, with z fixed, or z as well."""
    code_noise: float = 0.0
    """Standard deviation of Gaussian noise added to the decoder's input in training. The predictors
    see clean codes. The authors use 0."""
    logit_weight: float = 0.0
    """The weight of ½·E|ζ|², which keeps codes away from 0 and 1; the authors use 0."""

    def __post_init__(self) -> None:
        check_fields(self, "in [0, 1)", "lam")
        check_fields(self, "at least 1", "predictor_updates")
        check_fields(self, "at least 0", "warm_up", "warm_up_from", "code_noise", "logit_weight")
        check_fields(self, "above 0", "autoencoder_lr", "predictor_lr")
        check_choice(self.reconstruction, "reconstruction", ("mean", "sum"))
        check_choice(self.covariance, "covariance", ("through-predictions", "through-both"))

    def at_odds(self, odds: float, warm_up: int) -> "NashAEConfig":
        """The same config with λ/(1 − λ) = `odds`, λ rising over the first `warm_up` steps."""
        return replace(self, lam=odds / (1 + odds), warm_up=warm_up, warm_up_from=0)

    def weight(self, step: int) -> float:
        """The weight of the covariance in a step, counted from 0."""
        if not self.warm_up:
            return self.lam
        return self.lam * min(1.0, max(0.0, (step - self.warm_up_from) / self.warm_up))


class NashAEOutput(NamedTuple):
    """The result of a forward pass.

    Args:
        codes: z (batch, m), each in (0, 1).
        reconstruction: x′, of the observations' shape.
        predictions: z′ (batch, m), of the codes.
    """

    codes: Float[Tensor, "*runs batch m"]
    reconstruction: Float[Tensor, "*observations"]
    predictions: Float[Tensor, "*runs batch m"]


class NashAE(Trainable):
    """An autoencoder and predictors of its latents (Yeats et al. 2022, section 3).

    Args:
        encoder: Any module from observations (batch, ...) to real numbers ζ (batch, m). NashAE
            applies the sigmoid that makes codes of them.
        decoder: Any module from codes (batch, m) to the observations' shape.
        predictors: `Predictors(m, ...)`.
        config: Losses and learning rates.

    Source:
        https://arxiv.org/abs/2209.10677

    Example:
        >>> import torch
        >>> from nashae_core import MLP, NashAE, Predictors
        >>> model = NashAE(MLP((6, 8, 3), generator=0), MLP((3, 8, 6), generator=0),
        ...                Predictors(3, generator=0))
        >>> model(torch.rand(5, 6)).codes.shape
        torch.Size([5, 3])
    """

    objective = "reconstruction_loss"
    data_shift: Tensor | None
    data_scale: Tensor | None

    def __init__(
        self,
        encoder: nn.Module,
        decoder: nn.Module,
        predictors: Predictors,
        config: NashAEConfig | None = None,
    ) -> None:
        super().__init__()
        check_network(encoder, "encoder")
        check_network(decoder, "decoder")
        check_kind(predictors, Predictors, "predictors", "give Predictors(latents, ...)")
        config = NashAEConfig() if config is None else config
        check_kind(config, NashAEConfig, "config", "give NashAEConfig(...)")
        self.encoder, self.decoder, self.predictors = encoder, decoder, predictors
        self.config = config
        for name in STANDARD:
            self.register_buffer(name, None)
        self.register_load_state_dict_pre_hook(_take_standard)  # type: ignore[no-untyped-call]

    def standardise(self, shift: float = 0.0, scale: float = 1.0) -> None:
        """Make the networks see (x − shift)/scale from now on; `encode` and `decode` still take x.

        The losses are those of the standardised observations, so λ and the learning rates mean what
        they mean for data of mean 0 and deviation 1. Both numbers are part of the `state_dict` and
        of weights on disk (`data_shift`, `data_scale`), unless they are 0 and 1.

        Raises:
            ValueError: A number is not finite, or `scale` is 0.
        """
        if not (math.isfinite(shift) and math.isfinite(scale) and scale):
            raise ValueError(
                f"shift and scale must be finite, and scale not 0; got {shift} and {scale}"
            )
        weight, neither = self.predictors.weight1, (shift, scale) == (0, 1)
        for name, value in zip(STANDARD, (shift, scale), strict=True):
            setattr(self, name, None if neither else weight.new_tensor(value))

    @property
    def standardised_by(self) -> tuple[float, float]:
        """The shift and the scale of `standardise`; 0 and 1 if the networks see x."""
        if self.data_shift is None or self.data_scale is None:
            return 0.0, 1.0
        return float(self.data_shift), float(self.data_scale)

    def standardised(self, x: Float[Tensor, "*observations"]) -> Float[Tensor, "*observations"]:
        """The observations as the networks see them."""
        if self.data_shift is None or self.data_scale is None:
            return x
        return (x - self.data_shift) / self.data_scale

    def encode(self, x: Float[Tensor, "*observations"]) -> Float[Tensor, "*runs batch m"]:
        """Codes z = sigmoid(ζ), each in (0, 1)."""
        return torch.sigmoid(self._logits(self.standardised(x)))

    def _logits(self, x: Float[Tensor, "*observations"]) -> Float[Tensor, "*runs batch m"]:
        zeta = applied(self.encoder, x, "the encoder")
        if zeta.dim() < 2 or zeta.shape[-1] != self.predictors.latents:
            raise ValueError(
                f"the encoder must give (batch, {self.predictors.latents}), a number for each "
                f"predictor; got {tuple(zeta.shape)} for observations {tuple(x.shape)}"
            )
        # In the weights' type, whatever autocast made of ζ: near ½ the 8 bits of bfloat16 are too
        # few for a covariance of 1e-3.
        return zeta.to(self.predictors.weight1.dtype)

    def decode(self, codes: Float[Tensor, "*runs batch m"]) -> Float[Tensor, "*observations"]:
        """The reconstruction of observations from their codes."""
        x = self._decoded(codes)
        if self.data_shift is None or self.data_scale is None:
            return x
        return x * self.data_scale + self.data_shift

    def forward(self, x: Float[Tensor, "*observations"]) -> NashAEOutput:
        """Codes, reconstruction and predictions of observations (batch, ...)."""
        codes = self.encode(x)
        return NashAEOutput(codes, self.decode(codes), self.predictors(codes))

    def _decoded(self, codes: Float[Tensor, "*runs batch m"]) -> Float[Tensor, "*observations"]:
        """The reconstruction of `standardised` observations."""
        return applied(self.decoder, codes, "the decoder", "codes")

    def demands(self) -> Demands:
        """Observations that are not all equal."""
        return Demands(varied=True, standardised_by=self.standardised_by)

    def optimizers(self) -> Mapping[str, Optimizer]:
        """Adam for the predictors and Adam for the autoencoder."""
        autoencoder = [*self.encoder.parameters(), *self.decoder.parameters()]
        return {
            "predictors": adam(self.predictors.parameters(), self.config.predictor_lr),
            "autoencoder": adam(autoencoder, self.config.autoencoder_lr),
        }

    def turns(self, batches: Batches, step: int, generator: torch.Generator) -> Turns:
        """The predictors fit the codes of a batch, then the autoencoder moves on the same batch."""
        x = self.standardised(batches[0])
        # One encoding serves all turns: those of the predictors do not move the encoder.
        logits = self._logits(x)
        codes = torch.sigmoid(logits)
        for loss, gradients in self.predictors.rounds(codes, self.config.predictor_updates):
            yield Turn("predictors", loss, {"predictor_loss": loss}, gradients)
        turn = self._autoencoder_turn(x, codes, self.config.weight(step), generator)
        if self.config.logit_weight:
            size = logits.square().sum(-1).mean(-1).sum() / 2
            turn = turn._replace(loss=turn.loss + self.config.logit_weight * size)
        yield turn

    def _autoencoder_turn(
        self, x: Tensor, codes: Tensor, weight: float, generator: torch.Generator
    ) -> Turn:
        predictions = self.predictors(codes)
        reconstruction = self._decoded(noisy(codes, self.config.code_noise, generator))
        check_given_back(reconstruction, x)
        # Differs from the paper: eq. 4 does not say so, but the authors hold z fixed in the
        # covariance, so that the encoder is moved only through what the predictors see.
        truth = codes if self.config.covariance == "through-both" else codes.detach()
        l_r = reconstruction_loss(
            reconstruction, x, reduction=self.config.reconstruction, runs=codes.dim() - 2
        )
        l_a = covariance_loss(predictions, truth)
        loss = weighted_loss(l_r, l_a, weight)
        terms = {"reconstruction_loss": l_r.detach(), "covariance_loss": l_a.detach()}
        # The sum over runs gives each run the gradient that it has alone.
        return Turn("autoencoder", loss.sum(), terms)


def noisy(
    codes: Float[Tensor, "*runs batch m"], deviation: float, generator: torch.Generator
) -> Float[Tensor, "*runs batch m"]:
    """The codes with Gaussian noise; nothing is drawn for a deviation of 0."""
    if not deviation:
        return codes
    noise = torch.randn(codes.shape, generator=generator, device=codes.device, dtype=codes.dtype)
    return codes + deviation * noise


def _take_standard(model: NashAE, state: Mapping[str, Tensor], prefix: str, *_: Any) -> None:
    """Before a state is loaded, make the model standardised, or not, as the state is."""
    for name in STANDARD:
        value, like = state.get(prefix + name), model.predictors.weight1
        setattr(model, name, None if value is None else value.to(like, copy=True))
