"""Whether a run has lowered what it must."""

import warnings
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

# An objective may end higher than it began by this share: batches differ, and the first step has
# one.
NOISE = 0.5


class Objective:
    """The objective in the first step of a run and in its last entry, on the model's device.

    Args:
        name: The term of the history that is the objective; None for the loss of the only player.
        players: Their number. With several and no name there is no objective.
        began: The objective in the first step, of a run that is resumed.
    """

    def __init__(self, name: str | None, players: int, began: Tensor | None) -> None:
        self._name, self._alone = name, players == 1
        self.began = began
        self._ended: Tensor | None = None

    def note(self, outcomes: Sequence[tuple[Mapping[str, Tensor], Tensor | None]]) -> None:
        """Note some steps: of each the terms, and the loss of its last turn."""
        if self._name is not None:
            values = [terms[self._name] for terms, _ in outcomes if self._name in terms]
        else:
            values = [loss for _, loss in outcomes if self._alone and loss is not None]
        if values:
            of_steps = torch.stack(values)
            self.began = of_steps[0] if self.began is None else self.began
            self._ended = of_steps.mean(0)

    def warn_of_rise(self) -> None:
        """Warn if it has ended more than 1.5 times as high as it began.

        Called by `train`; the warning names the caller of `train`.
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
