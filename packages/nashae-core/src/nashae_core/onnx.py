"""A fitted model as ONNX, for other languages and runtimes (`pip install nashae-core[onnx]`)."""

from copy import deepcopy
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor, nn

from nashae_core.arguments import as_path
from nashae_core.fitted.model import FittedNashAE
from nashae_core.fitted.rows import Normalisation
from nashae_core.nashae import NashAE


def export_onnx(fitted: FittedNashAE, encoder: str | Path, decoder: str | Path) -> None:
    """Write the encoder and the decoder, each to a file of its own.

    Args:
        fitted: the model.
        encoder: the file that maps `observations` (n, ...), float32 in the data's own units, to
            `codes` (n, m). Data whose mean is far larger than their deviation lose digits in
            float32.
        decoder: the file that maps `codes` back to `observations`.

    n is free in both.
    """
    model = deepcopy(fitted.model).cpu().float()
    shape, latents = fitted.shape, fitted.latents
    by = fitted.normalisation
    rows, codes = torch.zeros(2, *shape), torch.full((2, latents), 0.5)
    _write(_Encode(model, by), rows, "observations", "codes", as_path(encoder))
    _write(_Decode(model, by), codes, "codes", "observations", as_path(decoder))


def _write(network: nn.Module, example: Tensor, given: str, made: str, path: Path) -> None:
    program = torch.onnx.export(
        network.eval(),
        (example,),
        input_names=[given],
        output_names=[made],
        dynamic_shapes=({0: torch.export.Dim("n")},),
        dynamo=True,
        verbose=False,
    )
    assert program is not None  # of the exporter by dynamo
    program.save(path)


class _Normalised(nn.Module):
    def __init__(self, model: NashAE, by: Normalisation) -> None:
        super().__init__()
        self.model = model
        self.register_buffer("mean", by.mean.float())
        self.register_buffer("std", by.std.float())
        self.mean: Tensor
        self.std: Tensor


class _Encode(_Normalised):
    def forward(self, observations: Float[Tensor, "n *shape"]) -> Float[Tensor, "n m"]:
        return self.model.encode((observations - self.mean) / self.std)


class _Decode(_Normalised):
    def forward(self, codes: Float[Tensor, "n m"]) -> Float[Tensor, "n *shape"]:
        return self.model.decode(codes) * self.std + self.mean
