"""NashAE: an autoencoder that plays against predictors of its own latents."""

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

# What the observations are standardised by, where they are: buffers of the model.
STANDARD = ("data_shift", "data_scale")


@dataclass(frozen=True)
class NashAEConfig:
    """The game. The defaults are the authors'."""

    lam: float = 0.2
    """λ in [0, 1): the weight of the covariance against the reconstruction (eq. 5)."""
    warm_up: int = 0
    """Steps over which the weight rises linearly from 0 to λ; the authors have none."""
    warm_up_from: int = 0
    """The step at which that begins; until then the weight is 0, unless `warm_up` is 0."""
    predictor_updates: int = 5
    """Updates of the predictors a step, before the one of the autoencoder."""
    autoencoder_lr: float = 1e-3
    """Adam's learning rate for the encoder and the decoder."""
    predictor_lr: float = 1e-2
    """Adam's learning rate for the predictors."""
    reconstruction: Literal["mean", "sum"] = "mean"
    """The reconstruction loss is the mean over an observation's elements or, as in eq. 1, a sum."""
    covariance: Literal["through-predictions", "through-both"] = "through-predictions"
    """Where the gradient of eq. 4 goes: into z′ alone, z being fixed, or into z as well."""
    code_noise: float = 0.0
    """Standard deviation of Gaussian noise on the codes that the decoder is given while it is
    trained; the predictors are given the codes as they are. The authors have none."""
    logit_weight: float = 0.0
    """The weight of ½·E|ζ|², which keeps codes from the ends of (0, 1); the authors have none."""

    def __post_init__(self) -> None:
        check_fields(self, "in [0, 1)", "lam")
        check_fields(self, "at least 1", "predictor_updates")
        check_fields(self, "at least 0", "warm_up", "warm_up_from", "code_noise", "logit_weight")
        check_fields(self, "above 0", "autoencoder_lr", "predictor_lr")
        check_choice(self.reconstruction, "reconstruction", ("mean", "sum"))
        check_choice(self.covariance, "covariance", ("through-predictions", "through-both"))

    def at_odds(self, odds: float, warm_up: int) -> "NashAEConfig":
        """The same game at λ/(1 − λ) = `odds`, to which λ rises over `warm_up` steps at first."""
        return replace(self, lam=odds / (1 + odds), warm_up=warm_up, warm_up_from=0)

    def weight(self, step: int) -> float:
        """The weight of the covariance in step number `step`, from 0."""
        if not self.warm_up:
            return self.lam
        return self.lam * min(1.0, max(0.0, (step - self.warm_up_from) / self.warm_up))


class NashAEOutput(NamedTuple):
    """All that a forward pass makes.

    Codes z in (0, 1) (batch, m), the reconstruction x′ (as the observations), predictions z′ of
    the codes (batch, m).
    """

    codes: Float[Tensor, "*runs batch m"]
    reconstruction: Float[Tensor, "*observations"]
    predictions: Float[Tensor, "*runs batch m"]


class NashAE(Trainable):
    """An autoencoder and its predictors (Yeats et al. 2022, section 3).

    - `encoder`: any module from observations (batch, ...) to ζ (batch, latents), real numbers: the
      sigmoid that makes codes of them is NashAE's.
    - `decoder`: any module from codes (batch, latents) back to the observations' shape.
    - `predictors`: `Predictors(latents, ...)`.

    The networks are given the observations as they are, unless `standardise` was called.
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
        """From now on give the networks (x − shift)/scale in place of the observations x.

        `encode`, `decode` and training take x itself all the same. The losses are those of the
        standardised observations, so that λ and the learning rates mean what they mean for data of
        mean 0 and deviation 1. Both numbers belong to the model's state and to its weights on disk
        (`data_shift` and `data_scale`; absent at 0 and 1, where the networks are given x).

        Raises `ValueError` where one is not finite, or `scale` is 0.
        """
        if not (math.isfinite(shift) and math.isfinite(scale) and scale):
            raise ValueError(
                f"shift and scale must be finite, and scale not 0; got {shift} and {scale}"
            )
        weight, plain = self.predictors.weight1, (shift, scale) == (0, 1)
        for name, value in zip(STANDARD, (shift, scale), strict=True):
            setattr(self, name, None if plain else weight.new_tensor(value))

    @property
    def standardised_by(self) -> tuple[float, float]:
        """The shift and the scale of `standardise`; 0 and 1 where the networks are given x."""
        if self.data_shift is None or self.data_scale is None:
            return 0.0, 1.0
        return float(self.data_shift), float(self.data_scale)

    def standardised(self, x: Float[Tensor, "*observations"]) -> Float[Tensor, "*observations"]:
        """The observations as the networks are given them."""
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
                f"the encoder gave {tuple(zeta.shape)} for observations {tuple(x.shape)}; "
                f"the predictors want (batch, {self.predictors.latents})"
            )
        # In the weights' type, whatever autocast made of ζ: codes are near ½, where 8 bits are too
        # few for a covariance of 1e-3.
        return zeta.to(self.predictors.weight1.dtype)

    def decode(self, codes: Float[Tensor, "*runs batch m"]) -> Float[Tensor, "*observations"]:
        """The observations that `codes` stand for."""
        x = self._decoded(codes)
        if self.data_shift is None or self.data_scale is None:
            return x
        return x * self.data_scale + self.data_shift

    def forward(self, x: Float[Tensor, "*observations"]) -> NashAEOutput:
        """Codes, reconstruction and predictions of observations (batch, ...)."""
        codes = self.encode(x)
        return NashAEOutput(codes, self.decode(codes), self.predictors(codes))

    def _decoded(self, codes: Float[Tensor, "*runs batch m"]) -> Float[Tensor, "*observations"]:
        """What the decoder gives: the observations as the networks are given them."""
        return applied(self.decoder, codes, "the decoder", "codes")

    def demands(self) -> Demands:
        """Observations that differ."""
        return Demands(varied=True, standardised_by=self.standardised_by)

    def optimizers(self) -> Mapping[str, Optimizer]:
        """Adam for the predictors and Adam for the autoencoder."""
        autoencoder = [*self.encoder.parameters(), *self.decoder.parameters()]
        return {
            "predictors": adam(self.predictors.parameters(), self.config.predictor_lr),
            "autoencoder": adam(autoencoder, self.config.autoencoder_lr),
        }

    def turns(self, batches: Batches, step: int, generator: torch.Generator) -> Turns:
        """The predictors fit the codes of a batch; the autoencoder answers on the same batch."""
        x = self.standardised(batches[0])
        # One encoding serves both players: the predictors' turns do not move the encoder.
        logits = self._logits(x)
        codes = torch.sigmoid(logits)
        for loss, gradients in self.predictors.rounds(codes, self.config.predictor_updates):
            yield Turn("predictors", loss, {"predictor_loss": loss}, gradients)
        turn = self._answer(x, codes, self.config.weight(step), generator)
        if self.config.logit_weight:
            size = logits.square().sum(-1).mean(-1).sum() / 2
            turn = turn._replace(loss=turn.loss + self.config.logit_weight * size)
        yield turn

    def _answer(self, x: Tensor, codes: Tensor, weight: float, generator: torch.Generator) -> Turn:
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
    """The codes with Gaussian noise; nothing is drawn for none."""
    if not deviation:
        return codes
    noise = torch.randn(codes.shape, generator=generator, device=codes.device, dtype=codes.dtype)
    return codes + deviation * noise


def _take_standard(model: NashAE, state: Mapping[str, Tensor], prefix: str, *_: Any) -> None:
    """Before a state is loaded: the model is standardised, or not, as the state is."""
    for name in STANDARD:
        found = state.get(prefix + name)
        like = model.predictors.weight1
        setattr(model, name, None if found is None else found.to(like, copy=True))
