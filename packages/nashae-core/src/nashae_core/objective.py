"""What a run has to lower, and whether it has."""

import warnings
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

# By this share of itself an objective may end higher than it began: the first step's is of one
# batch, and a short run's has not fallen by more than batches differ.
NOISE = 0.5


class Objective:
    """The objective in the first step of a run and in its last entry, on the model's device.

    - `name`: the term of the history that it is; None: the loss of the only player.
    - `players`: how many there are. A game that names no term has no objective.
    - `began`: the objective in the first step, of a run that is resumed.
    """

    def __init__(self, name: str | None, players: int, began: Tensor | None) -> None:
        self._name, self._alone = name, players == 1
        self.began = began
        self._ended: Tensor | None = None

    def note(self, taken: Sequence[tuple[Mapping[str, Tensor], Tensor | None]]) -> None:
        """What some steps came to: their terms, and the loss of the last turn of each."""
        if self._name is not None:
            values = [terms[self._name] for terms, _ in taken if self._name in terms]
        else:
            values = [loss for _, loss in taken if self._alone and loss is not None]
        if values:
            of_steps = torch.stack(values)
            self.began = of_steps[0] if self.began is None else self.began
            self._ended = of_steps.mean(0)

    def warn_of_rise(self) -> None:
        """Warn where it has ended at more than one and a half times what it was at first.

        Called by `train`, whose caller the warning names.
        """
        if self.began is None or self._ended is None:
            return
        began, ended = self.began.flatten().cpu(), self._ended.flatten().cpu()
        rose = ~(ended - began <= NOISE * began.abs())  # so that NaN is one as well
        if not rose.any():
            return
        runs = f", in {int(rose.sum())} of {len(rose)} runs" if len(rose) > 1 else ""
        first, last = (float(values[rose][0]) for values in (began, ended))
        warnings.warn(
            f"{self._name or 'the loss'} must fall in training; got {first:.4g} in the first step "
            f"and {last:.4g} at the end{runs}: lower the learning rate, or scale the observations "
            "to a deviation of about 1",
            stacklevel=4,
        )
