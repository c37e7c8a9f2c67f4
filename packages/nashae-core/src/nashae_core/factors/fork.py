"""A model and the state its training resumes from, changed together.

A search cuts a run into calls of `train`. Between two calls a fork adds or removes latents; all
other weights and the optimisers' moments stay, bit for bit.
"""

import math
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor, nn

from nashae_core.factors.layers import first_linear, last_linear, record_latents
from nashae_core.nashae import NashAE, NashAEConfig
from nashae_core.observations.access import Observations
from nashae_core.run import Progress, TrainConfig
from nashae_core.state import TrainingState
from nashae_core.training import train

# Codes nearer to 0 or 1 are moved to this distance before their logit is taken.
SATURATED = 1e-6
# A weight (hidden,) and a bias () of the encoder's last layer.
Row = tuple[Tensor, Tensor]


@dataclass(frozen=True)
class Fork:
    """A model, and the state that it resumes from. Every method returns a changed copy."""

    model: NashAE
    state: TrainingState | None = None
    """None before the first training."""
    error: float = math.nan
    """The error that a search measured after the last training."""

    @property
    def latents(self) -> int:
        """The number of latents."""
        return self.model.predictors.latents

    @property
    def step(self) -> int:
        """The steps trained so far."""
        return 0 if self.state is None else self.state.step

    def trained(
        self,
        observations: Observations,
        config: TrainConfig,
        generator: torch.Generator,
        device: torch.device,
        on_record: Callable[[Progress, NashAE], object] | None = None,
    ) -> "Fork":
        """Trained until `config.steps` in all, or until `on_record` returns `True`.

        `on_record` gets the model as it is by then. A state, where there is one, sets `generator`.
        """
        model, states = deepcopy(self.model), [self.state]

        def keep(progress: Progress) -> bool:
            ends = on_record is not None and on_record(progress, model) is True
            if ends or progress.step == progress.steps:
                states.append(TrainingState.from_tensors(progress.state()))
            return ends

        resume = None if self.state is None else self.state.to_tensors()
        train(model, observations, config, generator, device=device, resume=resume, on_record=keep)
        return Fork(model, states[-1])

    def with_config(self, config: NashAEConfig) -> "Fork":
        """The same model with another config."""
        model = deepcopy(self.model)
        model.config = config
        # On purpose another run than the state's.
        return Fork(model, None if self.state is None else replace(self.state, about=None))

    @torch.no_grad()
    def without(self, latents: Sequence[int], values: Tensor) -> "Fork":
        """Without some latents, each held at its entry of `values` (m,), as `remove_latents`."""
        model, m = deepcopy(self.model), self.latents
        predictors, (weight, bias) = model.predictors, first_linear(model.decoder)
        removed = sorted(latents)
        held = values.to(weight)[removed]
        bias.add_(weight[:, removed] @ held)
        seen = torch.einsum("nih,i->nh", predictors.weight1[:, removed], held)
        predictors.bias1.add_(seen[:, None])
        kept = torch.tensor([i for i in range(m) if i not in removed], device="cpu")

        def cut(tensor: Tensor, dim: int) -> Tensor:
            return tensor.index_select(dim, kept.to(tensor.device))

        return _resized(model, self.state, len(kept), cut)

    @torch.no_grad()
    def with_latent(self, generator: torch.Generator, row: Row | None = None) -> "Fork":
        """With one latent more, its last, as `add_latent`."""
        m = self.latents

        def extended(tensor: Tensor, dim: int) -> Tensor:
            shape = list(tensor.shape)
            shape[dim] = 1
            return torch.cat([tensor, tensor.new_zeros(shape)], dim)

        fork = _resized(deepcopy(self.model), self.state, m + 1, extended)
        predictors, (weight, bias) = fork.model.predictors, last_linear(fork.model.encoder)
        row = _drawn(weight, generator) if row is None else row
        weight[m], bias[m] = (part.to(weight) for part in row)
        fresh = type(predictors)(m + 1, predictors.hidden, generator=generator)
        for name, parameter in predictors.named_parameters():
            parameter[m] = fresh.get_parameter(name)[m].to(parameter)
        return fork.with_weights_of(fork.model)

    @torch.no_grad()
    def folded(self, latent: int, into: int, share: float, codes: Float[Tensor, "n m"]) -> "Fork":
        """Without a latent, of which another one carries a share.

        Args:
            latent: The latent to remove; it is held at its mean over the data.
            into: The latent to whose logit `share` times the removed logit less its mean is added.
            share: The factor.
            codes: (n, m), the codes of the data.

        Raises:
            ValueError: `into` is `latent` or no latent.
        """
        m, model = self.latents, deepcopy(self.model)
        if into == latent or not 0 <= into < m:
            raise ValueError(f"into must be one of 0 ... {m - 1} other than {latent}; got {into}")
        weight, bias = last_linear(model.encoder)
        mean = torch.logit(codes[:, latent].double(), eps=SATURATED).mean().to(bias)
        weight[into] += share * weight[latent]
        bias[into] += share * (bias[latent] - mean)
        return Fork(model, self.state).without([latent], codes.mean(0))

    def with_latents(self, m: int) -> "Fork":
        """With m latents, to load weights of that shape into."""
        fork, device = self, self.model.predictors.weight1.device
        for _ in range(self.latents, m):
            fork = fork.with_latent(torch.Generator(device))
        if m < self.latents:
            fork = fork.without(range(m, self.latents), torch.zeros(self.latents, device="cpu"))
        return fork

    def with_weights_of(self, model: NashAE) -> "Fork":
        """The same state with the weights of `model`, for `model`."""
        return Fork(model, None if self.state is None else self.state.with_weights(model))

    @classmethod
    def resumed(cls, model: NashAE, state: TrainingState) -> "Fork":
        """A model of as many latents as the state's, and the state; the weights are yet to load.

        Raises:
            ValueError: The state is not of a NashAE.
        """
        if "predictors.weight1" not in state.model:
            raise ValueError("the state to resume from is not of a NashAE")
        return cls(cls(model).with_latents(state.model["predictors.weight1"].shape[1]).model, state)


def _drawn(weight: Tensor, generator: torch.Generator) -> Row:
    """A row of a linear layer, drawn as PyTorch draws a fresh one's."""
    inputs = weight.shape[1]
    bound = 1 / math.sqrt(inputs)
    empty = partial(torch.empty, dtype=weight.dtype, device=generator.device)
    return (
        nn.init.normal_(empty(inputs), std=bound, generator=generator),
        nn.init.uniform_(empty(1), -bound, bound, generator=generator)[0],
    )


def _resized(
    model: NashAE,
    state: TrainingState | None,
    m: int,
    change: Callable[[Tensor, int], Tensor],
) -> Fork:
    """Apply `change` to every dimension that counts latents: of `model`, in place, and of a state.

    `change` takes a tensor and the dimension.
    """
    dims = _latent_dims(model)
    moments = {} if state is None else _resized_moments(model, state, dims, change)
    for parameter in model.parameters():
        for dim in dims.get(id(parameter), ()):
            parameter.data = change(parameter.data, dim)
    model.predictors.latents = m
    record_latents(model.encoder, model.decoder, m)
    return Fork(model, None if state is None else state.with_weights(model, moments))


def _latent_dims(model: NashAE) -> dict[int, tuple[int, ...]]:
    """By the id of a parameter, its dimensions that count latents."""
    rows = (*last_linear(model.encoder), *model.predictors.parameters())
    return {
        **{id(parameter): (0,) for parameter in rows},
        id(model.predictors.weight1): (0, 1),
        id(first_linear(model.decoder)[0]): (1,),
    }


def _resized_moments(
    model: NashAE,
    state: TrainingState,
    dims: dict[int, tuple[int, ...]],
    change: Callable[[Tensor, int], Tensor],
) -> dict[str, dict[int, dict[str, Tensor]]]:
    def changed(moment: Tensor, parameter: Tensor) -> Tensor:
        for dim in dims.get(id(parameter), ()) if moment.dim() else ():  # a step count has none
            moment = change(moment, dim)
        return moment

    parameters = {
        player: [p for group in optimizer.param_groups for p in group["params"]]
        for player, optimizer in model.optimizers().items()
    }
    return {
        player: {
            i: {key: changed(tensor, parameters[player][i]) for key, tensor in moments.items()}
            for i, moments in of_player.items()
        }
        for player, of_player in state.moments.items()
    }
