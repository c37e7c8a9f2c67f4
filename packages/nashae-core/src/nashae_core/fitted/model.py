"""A trained NashAE with all that it needs to be used on data in their own units."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor, nn

from nashae_core.arguments import as_codes, on_known_device, whole
from nashae_core.encoding import encode
from nashae_core.fitted.architecture import Architecture
from nashae_core.fitted.rows import Normalisation, NormalisedRows, rows_at_once, source_of
from nashae_core.nashae import NashAE
from nashae_core.observations.arrays import described
from nashae_core.run import History, TrainConfig

# A latent that ranges over more is active: the paper's rule.
ACTIVE_RANGE = 0.2


@dataclass(frozen=True, eq=False, kw_only=True)
class FittedNashAE:
    """What `fit` gives: networks, normalisation, training, and what was learned.

    Codes are in (0, 1). All tensors that its methods give are on the CPU, observations in the
    data's own units, as float32.
    """

    model: NashAE
    """Takes normalised observations; in evaluation mode."""
    architecture: Architecture | None
    """Of its networks; None for an encoder and a decoder of one's own."""
    shape: tuple[int, ...]
    """Of one observation."""
    normalisation: Normalisation
    training: TrainConfig
    history: History
    """The losses; of the steps that were trained, which early stopping may make fewer."""
    low: Float[Tensor, " m"]
    """The least code of each latent over the training observations (at most 10,000 of them)."""
    mean: Float[Tensor, " m"]
    """The mean code."""
    high: Float[Tensor, " m"]
    """The greatest code."""
    explained: float
    """The share of the training observations' variance that reconstructions explain, 1 being all
    of it; of at most 10,000 observations, as the next one."""
    explained_held_out: float | None
    """The same of observations that were not trained on; None where none were held out."""
    held_out: Int64[Tensor, " h"]
    """Which rows were held out."""

    @property
    def latents(self) -> int:
        """m, active or not."""
        return len(self.mean)

    @property
    def active(self) -> Bool[Tensor, " m"]:
        """Which latents range over more than 0.2, the paper's rule for a learned latent."""
        return self.high - self.low > ACTIVE_RANGE

    def transform(self, observations: Any) -> Float[Tensor, "n m"]:
        """The codes of observations (n, ...), of whatever type `fit` takes.

        Raises:
            ValueError: for observations of another shape than those that were fitted.
        """
        rows = self._normalised(observations)
        batch = rows_at_once(self.shape)
        return encode(self.model, rows, batch_size=batch, device=self._device)

    @torch.no_grad()
    def inverse_transform(self, codes: Any) -> Float[Tensor, "n *shape"]:
        """The observations that codes (n, m) stand for.

        Raises:
            ValueError: for codes that are not finite or not (n, m).
        """
        found = as_codes(codes)
        if found.shape[1] != self.latents:
            raise ValueError(
                f"codes must be (n, {self.latents}), a column a latent; got {tuple(found.shape)}: "
                "give what transform gave"
            )
        like = next(self.model.parameters())
        decoded = [
            self.normalisation.undo(self.model.decode(piece.to(like)).cpu())
            for piece in torch.split(found, rows_at_once(self.shape))
        ]
        return torch.cat(decoded) if decoded else torch.zeros(0, *self.shape)

    def reconstruct(self, observations: Any) -> Float[Tensor, "n *shape"]:
        """The reconstructions of observations (n, ...)."""
        return self.inverse_transform(self.transform(observations))

    def traverse(
        self, latent: int, *, steps: int = 7, around: Any = None
    ) -> Float[Tensor, "steps *shape"]:
        """What one latent does: observations along it, from its least code to its greatest.

        Args:
            latent: its index, from 0.
            steps: 2 or more.
            around: the code (m,) at which the other latents are held; None for the mean code.

        Raises:
            ValueError: for a latent that there is not, fewer than two steps, and another shape.
        """
        steps, latent = whole(steps, "steps", 2), whole(latent, "latent", 0)
        if latent >= self.latents:
            raise ValueError(f"latent must be 0 ... {self.latents - 1}; got {latent}")
        held = self.mean if around is None else as_codes([around], "around")[0]
        if held.shape != self.mean.shape:
            raise ValueError(
                f"around must be one code ({self.latents},); got {described(around)}: "
                "give a row of what transform gave"
            )
        codes = held.to(torch.float32).repeat(steps, 1)
        low, high = (float(bound[latent]) for bound in (self.low, self.high))
        codes[:, latent] = torch.linspace(low, high, steps, device="cpu")
        return self.inverse_transform(codes)

    def to(self, device: str | torch.device) -> "FittedNashAE":
        """The same model on a device, where its methods then compute."""
        self.model.to(on_known_device(device))
        return replace(self)

    def save(self, path: str | Path) -> None:
        """Write the model to a new folder: weights, a description, a model card, checksums.

        Raises:
            ValueError: where the folder is there already.
        """
        from nashae_core.fitted.disk import save  # which knows this class

        save(self, path)

    @staticmethod
    def load(
        path: str | Path, *, encoder: nn.Module | None = None, decoder: nn.Module | None = None
    ) -> "FittedNashAE":
        """Read what `save` wrote. No code in the folder is run.

        Args:
            path: the folder.
            encoder: only for a model that was fitted with networks of one's own: built as then.
            decoder: likewise.

        Raises:
            ValueError: where a file is missing, damaged or changed, and where the networks are not
                those of the file.
        """
        from nashae_core.fitted.disk import load

        return load(path, encoder=encoder, decoder=decoder)

    @property
    def _device(self) -> torch.device:
        return next(self.model.parameters()).device

    def _normalised(self, observations: Any) -> Tensor | NormalisedRows:
        source = source_of(observations)
        if tuple(source.shape[1:]) != self.shape:
            wanted = ", ".join(map(str, ("n", *self.shape)))
            raise ValueError(
                f"observations must be ({wanted}), as those that were fitted; got "
                f"{described(observations)}: give them in that shape"
            )
        index = torch.arange(source.shape[0], device="cpu")
        return NormalisedRows(source, index, self.normalisation).observations()
