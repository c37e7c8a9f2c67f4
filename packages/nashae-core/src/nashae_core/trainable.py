"""What a model must have for `train` to train it."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from nashae_core.observations.inspection import Demands


class Turn(NamedTuple):
    """One player's move within a step: it lowers a loss by one step of its optimiser.

    Args:
        player: A key of `Trainable.optimizers`.
        loss: What the player lowers.
        terms: Detached numbers (or one per run) for the history, by name.
        gradients: Those of `loss` in the player's parameters, in their order, if the model has
            computed them itself; `loss` is then ignored.
    """

    player: str
    loss: Tensor
    terms: Mapping[str, Tensor]
    gradients: Sequence[Tensor] | None = None


# The head of `turns` on one line: the batches of a step, and its turns.
Batches = Sequence[Tensor]
Turns = Iterator[Turn]


class Trainable(nn.Module, ABC):
    """A model that `train` can train: it has an optimiser per player, and a step is some turns.

    A model with one loss has one player and one turn. NashAE's players are its predictors and its
    autoencoder, FactorVAE's its autoencoder and its discriminator.
    """

    batches_per_step: int = 1
    objective: str | None = None
    """The term of the history that must fall in training. None: the loss of the only player; with
    several players, nothing."""

    def demands(self) -> Demands:
        """What the model requires of its observations; checked before training."""
        return Demands()

    @abstractmethod
    def optimizers(self) -> Mapping[str, Optimizer]:
        """A new optimiser for each player, over that player's parameters."""

    @abstractmethod
    def turns(self, batches: Batches, step: int, generator: torch.Generator) -> Turns:
        """The turns of one step; each is taken before the next is asked for.

        Args:
            batches: `batches_per_step` batches of observations.
            step: The number of the step, from 0.
            generator: Draws the model's noise; it is on the model's device.
        """
