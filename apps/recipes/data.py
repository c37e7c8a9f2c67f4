"""The data sets of the recipes, and how the networks see them."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from apps.recipes.faces import OnFaces, drawn_by, kept_faces
from nashae_core import ImageObservations, Observations, PackedObservations, StreamedImages
from nashae_data import (
    BEAMSYNTHESIS_MEAN,
    BEAMSYNTHESIS_STD,
    AttributeDataset,
    Dataset,
    beamsynthesis,
    celeba,
    dsprites,
)

DataName = Literal["beamsynthesis", "dsprites", "synthetic-faces", "celeba"]
AnyDataset = Dataset | AttributeDataset

# Each from a folder: the first two are computed and need none, the faces are kept there once they
# are drawn, and CelebA is read from there.
DATA_SETS: dict[DataName, Callable[[Path, OnFaces | None], AnyDataset]] = {
    "beamsynthesis": lambda *_: beamsynthesis(),
    "dsprites": lambda *_: dsprites(),
    "synthetic-faces": kept_faces,
    "celeba": lambda root, on_faces: celeba(root, on_progress=on_faces),
}
# Of each colour, from 0 to 1, in the 64 × 64 crops. CelebA's are the authors'; those of the
# synthetic faces are their own, over all that a recipe trains on.
COLOURS: dict[DataName, tuple[tuple[float, ...], tuple[float, ...]]] = {
    "celeba": ((0.5337, 0.4157, 0.3562), (0.2956, 0.2581, 0.2477)),
    "synthetic-faces": ((0.5984, 0.4902, 0.4273), (0.2227, 0.2130, 0.1981)),
}


class _HasData(Protocol):
    @property
    def data(self) -> DataName: ...


@runtime_checkable
class _Packed(Protocol):
    @property
    def packed(self) -> npt.NDArray[np.uint8]: ...


def load_data(
    recipe: _HasData, root: Path = Path("data"), on_faces: OnFaces | None = None
) -> AnyDataset:
    """The data set of a recipe; `root` is the folder of those that lie on disk.

    `on_faces` is told how many of how many faces are done, where they are made for the first time.
    """
    return DATA_SETS[recipe.data](root, on_faces)


def network_inputs(recipe: _HasData, dataset: AnyDataset, device: str) -> Tensor | Observations:
    """The observations as the networks see them.

    - dSprites: packed and raw, 0 and 1 of each pixel, flat.
    - Faces: (3, 64, 64), normalised by colour; all of them on `device` as bytes where they take at
      most half of its free memory, else read from disk while the model is trained.
    - Waveforms: (samples,), normalised.
    """
    observations = dataset.observations
    if recipe.data in COLOURS:
        mean, std = COLOURS[recipe.data]
        if not _fits(observations, device):
            return StreamedImages(observations, mean, std)
        return ImageObservations(_in_memory(observations), mean, std)
    if isinstance(observations, _Packed):
        return PackedObservations(observations.packed)
    return normalise(torch.tensor(observations[:]))


def input_scale(recipe: _HasData) -> dict[str, Any]:
    """What makes the networks' inputs of a data set: `mean` and `std`, of faces by colour.

    Of drawn faces also what code draws them, `drawn_by`; of dSprites, which are raw, nothing.
    """
    if recipe.data == "beamsynthesis":
        return {"mean": BEAMSYNTHESIS_MEAN, "std": BEAMSYNTHESIS_STD}
    if recipe.data not in COLOURS:
        return {}
    mean, std = COLOURS[recipe.data]
    drawn = {"drawn_by": drawn_by()} if recipe.data == "synthetic-faces" else {}
    return {"mean": mean, "std": std, **drawn}


def decoded_images(recipe: _HasData, decoded: Tensor) -> npt.NDArray[Any]:
    """Images (n, 64, 64) or (n, 64, 64, 3), from 0 to 1, of what a decoder gave for n codes.

    A Bernoulli decoder gives probabilities; others have no bounds, and are cut off at 0 and 1.
    """
    if recipe.data in COLOURS:
        mean, std = (torch.tensor(c) for c in COLOURS[recipe.data])
        decoded = decoded.permute(0, 2, 3, 1) * std + mean
    else:
        decoded = decoded.reshape(len(decoded), 64, 64)
    images: npt.NDArray[Any] = decoded.clamp(0, 1).numpy()
    return images


def normalise(observations: Tensor) -> Tensor:
    """Beamsynthesis as the networks see it, by the authors' mean and deviation."""
    return (observations - BEAMSYNTHESIS_MEAN) / BEAMSYNTHESIS_STD


def denormalise(observations: Tensor) -> Tensor:
    """The inverse of `normalise`."""
    return observations * BEAMSYNTHESIS_STD + BEAMSYNTHESIS_MEAN


def _in_memory(images: Any) -> npt.NDArray[np.uint8]:
    array: npt.NDArray[np.uint8] = images if isinstance(images, np.ndarray) else images[:]
    return array


def _fits(images: Any, device: str) -> bool:
    if isinstance(images, np.ndarray) and device == "cpu":
        return True  # it is there already, or mapped from a file
    if torch.device(device).type == "cuda":
        free = torch.cuda.mem_get_info(device)[0]
    elif "SC_AVPHYS_PAGES" in os.sysconf_names:
        free = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    else:
        return False
    return 2 * int(np.prod(images.shape)) <= free
