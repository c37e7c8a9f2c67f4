"""What `train` asks of a model."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from nashae_core.observations.inspection import Demands


class Turn(NamedTuple):
    """One player's move within a step: `player` lowers `loss` by one step of its optimiser.

    `terms` are what the history shall keep, each a detached number (or one a run). `gradients` are
    those of `loss` in the player's parameters, in their order, where the model has worked them out
    itself; `loss` is then not looked at.
    """

    player: str
    loss: Tensor
    terms: Mapping[str, Tensor]
    gradients: Sequence[Tensor] | None = None


# The head of `turns` on one line: the batches of a step, and its turns.
Batches = Sequence[Tensor]
Turns = Iterator[Turn]


class Trainable(nn.Module, ABC):
    """What `train` asks of a model: its optimisers by player, and the turns of a step.

    A model with one loss has one player and one turn; NashAE has its predictors and its
    autoencoder, FactorVAE its autoencoder and its discriminator.
    """

    batches_per_step: int = 1
    objective: str | None = None
    """The term of the history that a run has to end lower than it began. None: the loss of the only
    player, and nothing of a game."""

    def demands(self) -> Demands:
        """What the model asks of its observations, which are looked at before training."""
        return Demands()

    @abstractmethod
    def optimizers(self) -> Mapping[str, Optimizer]:
        """A fresh optimiser for each player, over that player's parameters alone."""

    @abstractmethod
    def turns(self, batches: Batches, step: int, generator: torch.Generator) -> Turns:
        """The turns of step number `step` (from 0) on `batches_per_step` batches of observations.

        A turn is taken before the next one is asked for. Noise is drawn from `generator`, which is
        on the device of the model.
        """
