"""The record of data of one's own, as those of the paper's sets."""

from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from apps.recipes.data_set import DataSet, Unlabelled
from apps.recipes.inputs import Inputs
from apps.recipes.networks import Networks
from apps.recipes.source import Labels, Source
from nashae_core import Architecture, Normalisation, StreamedObservations, TrainConfig
from nashae_core.fitted.rows import NormalisedRows, source_of
from nashae_data import AttributeDataset, Dataset, Provenance

Array = npt.NDArray[Any]
KEPT: dict[Labels, tuple[str, ...]] = {
    "none": (),
    "factors": ("factors", "values"),
    "attributes": ("attributes",),
}


class OwnInputs:
    """How networks see data of one's own."""

    def __init__(self, source: Source) -> None:
        self.source = source

    @property
    def images(self) -> bool:
        """Whether the observations are drawn as images: also small ones that a perceptron sees."""
        plain = self.source.kind == "vector" and len(self.source.shape) == 2
        return plain or self.source.kind == "image"

    @cached_property
    def normalisation(self) -> Normalisation:
        """By which they are normalised."""
        shape: tuple[int, ...] = self.source.shape
        if len(self.source.mean) == 1:
            shape = ()
        elif len(self.source.mean) != np.prod(shape):
            axis = {"first": 0, "last": len(shape) - 1}[self.source.channels]
            shape = tuple(side if i == axis else 1 for i, side in enumerate(shape))
        pair = self.source.mean, self.source.std
        mean, std = (torch.tensor(n, dtype=torch.float64).reshape(shape) for n in pair)
        return Normalisation(mean, std)

    def of(self, observations: Any, _: str = "cpu") -> Tensor | StreamedObservations:
        """All of them, normalised; what lies on disk is read batch by batch."""
        return self.rows(observations, torch.arange(self.source.n))

    def trained(self, observations: Any, _: str = "cpu") -> Tensor | StreamedObservations:
        """Those that are trained on."""
        return self.rows(observations, self.source.rows[0])

    def rows(self, observations: Any, index: Tensor) -> Tensor | StreamedObservations:
        """Those at an ascending index."""
        rows = NormalisedRows(source_of(observations), index, self.normalisation).observations()
        return rows if isinstance(rows, Tensor) else StreamedObservations(rows)

    def decoded(self, decoded: Tensor) -> Array:
        """What a decoder gives, in the data's units; images (n, h, w) or (n, h, w, 3), 0 to 1."""
        return self._shown(self.normalisation.undo(decoded).numpy())

    def shown(self, observation: Any) -> Array:
        """One observation in the unit of `decoded`."""
        shown: Array = self._shown(np.asarray(observation)[None])[0]
        return shown

    def _shown(self, rows: Array) -> Array:
        if not self.images:
            return rows.reshape(len(rows), -1)
        if self.source.channels == "first":
            rows = np.moveaxis(rows, 1, -1)
        low, high = self.source.low, self.source.high
        shown = np.clip((rows - low) / (high - low if high > low else 1.0), 0, 1)
        if shown.ndim == 3:
            return shown
        return shown[..., 0] if shown.shape[-1] == 1 else shown[..., :3]


@cache
def own_data_set(source: Source) -> DataSet:
    """The record of data of one's own."""
    data_inputs = OwnInputs(source)

    def architecture(latents: int) -> Architecture:
        return Architecture(source.kind, source.shape, source.channels, latents)

    def encoder(outputs: int, generator: torch.Generator) -> nn.Module:
        return architecture(outputs).encoder(generator)

    def decoder(latents: int, generator: torch.Generator) -> nn.Module:
        return architecture(latents).decoder(generator)

    return DataSet(
        name="own",
        title=Path(source.path).name,
        load=lambda *_: labelled_data(source),
        observations=len(source.rows[0]),
        inputs=Inputs(
            data_inputs.of, data_inputs.decoded, data_inputs.shown, images=data_inputs.images
        ),
        networks=Networks(encoder, decoder, encoder, decoder),
        latents=10,
        train=TrainConfig(),
        settings=(),
        kept=KEPT[source.labels],
        on_disk=True,
        trained=data_inputs.trained,
    )


def labelled_data(source: Source) -> Dataset | AttributeDataset | Unlabelled:
    """The data with what is beside them: factors, or else attributes, or nothing."""
    data = source.open()
    provenance = Provenance(source=source.path)
    names = data.names
    if data.factors is not None:
        columns = [np.unique(column, return_inverse=True) for column in data.factors.T]
        classes = np.stack([inverse for _, inverse in columns], 1)
        numbers = data.factors.dtype.kind in "biuf"
        values = data.factors.astype(float) if numbers else classes.astype(float)
        names = names or tuple(f"factor {i + 1}" for i in range(classes.shape[1]))
        sizes = tuple(len(found) for found, _ in columns)
        return Dataset(data.observations, classes, values, names, sizes, provenance)
    if data.attributes is not None:
        odd = np.setdiff1d(data.attributes, [-1, 0, 1])
        if odd.size:
            raise ValueError(
                f"attributes must be 0 and 1, or -1 and 1; got {odd[0]} in {source.path}: give "
                "them as factors"
            )
        attributes = data.attributes > 0  # CelebA's lists have -1 and 1
        names = names or tuple(f"attribute {i + 1}" for i in range(attributes.shape[1]))
        n = len(attributes)
        whole, nothing = np.zeros(n, np.int64), np.zeros((n, 0))
        return AttributeDataset(
            data.observations, attributes, names, whole, nothing, (), provenance
        )
    return Unlabelled(data.observations, provenance)
