"""Images held as bytes, normalised batch by batch on the model's device.

Images are uint8 (n, height, width, channels). A batch is (batch, channels, height, width): numbers
in [0, 1] less the mean of their channel, over its deviation, in PyTorch's channels-last memory.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import torch
from jaxtyping import Float, Integer, UInt8
from torch import Tensor

from nashae_core.observations.arrays import as_tensor, check_dtype, described, no_array
from nashae_core.observations.streams import ArrayLike, ahead, pinned, read_rows


class ImageObservations:
    """Images that are moved to the model's device whole, as bytes.

    Args:
        images: uint8 (n, height, width, channels), a tensor or an array; shared, not copied.
        mean: Of each channel, for numbers in [0, 1].
        std: The deviation of each channel, above 0.
        dtype: The floating-point type of a batch.

    Raises:
        ValueError: Other images; numbers that are not finite or not one per channel.
        TypeError: No array.

    Example:
        >>> import torch
        >>> from nashae_core import ImageObservations
        >>> images = torch.zeros(9, 64, 64, 3, dtype=torch.uint8)
        >>> ImageObservations(images, (0.5,) * 3, (0.25,) * 3)[torch.tensor([0, 4])].shape
        torch.Size([2, 3, 64, 64])
    """

    def __init__(
        self,
        images: Any,
        mean: Sequence[float],
        std: Sequence[float],
        dtype: torch.dtype = torch.float32,
    ) -> None:
        self.images: UInt8[Tensor, "n h w c"] = as_tensor(images, "images")
        self.mean, self.std = _checked(self.images, mean, std)
        self._channels = _Channels(self.mean, self.std, self.images.device, dtype)

    @property
    def dtype(self) -> torch.dtype:
        """The type of a batch."""
        return self._channels.dtype

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: Integer[Tensor, "*batch"]) -> Float[Tensor, "*batch c h w"]:
        """The images at `index`, on the device that holds the bytes, normalised.

        Raises `IndexError` for an index outside -n ... n − 1.
        """
        return self._channels.normalised(self.images[index])

    def to(self, device: str | torch.device, dtype: torch.dtype) -> "ImageObservations":
        """The same images on `device`, as `dtype`; the bytes are shared where possible."""
        return ImageObservations(self.images.to(device), self.mean, self.std, dtype)


class StreamedImages:
    """Images that are read from disk while the model is busy with the batch before.

    As `ImageObservations`, but `images` is anything with `shape`, `dtype` and `[index]` that gives
    uint8 (batch, height, width, channels), read as by `StreamedObservations`.
    """

    def __init__(
        self,
        images: ArrayLike,
        mean: Sequence[float],
        std: Sequence[float],
        device: str | torch.device = "cpu",
        dtype: torch.dtype = torch.float32,
    ) -> None:
        if not isinstance(images, ArrayLike):
            raise no_array(images, "images")
        self.mean, self.std = _checked(images, mean, std)
        self.images, self.device = images, torch.device(device)
        self._channels = _Channels(self.mean, self.std, self.device, dtype)

    def __len__(self) -> int:
        return self.images.shape[0]

    def __getitem__(self, index: Integer[Tensor, "*batch"]) -> Float[Tensor, "*batch c h w"]:
        """The images at `index`, on the device, normalised.

        Raises `IndexError` for an index outside -n ... n − 1.
        """
        return self._on_device(self._read(index))

    def read_ahead(self, index: Iterable[Tensor]) -> Iterator[Float[Tensor, "*batch c h w"]]:
        """The images at each of `index`, in order."""
        return map(self._on_device, ahead(self._read, index))

    def to(self, device: str | torch.device, dtype: torch.dtype) -> "StreamedImages":
        """The same images, for a model on `device` with weights of `dtype`."""
        return StreamedImages(self.images, self.mean, self.std, device, dtype)

    def _read(self, index: Tensor) -> Tensor:
        return pinned(read_rows(self.images, index, "images"), self.device)

    def _on_device(self, images: Tensor) -> Tensor:
        return self._channels.normalised(images.to(self.device, non_blocking=True))


class _Channels:
    """The mean and deviation of each channel, in bytes, on a device."""

    def __init__(
        self,
        mean: Sequence[float],
        std: Sequence[float],
        device: torch.device,
        dtype: torch.dtype,
    ) -> None:
        check_dtype(dtype)
        self.dtype = dtype
        self._mean = 255 * torch.tensor(mean, device=device, dtype=dtype)
        self._std = 255 * torch.tensor(std, device=device, dtype=dtype)

    def normalised(self, images: UInt8[Tensor, "*batch h w c"]) -> Float[Tensor, "*batch c h w"]:
        return images.to(self.dtype).sub_(self._mean).div_(self._std).movedim(-1, -3)


def _checked(
    images: ArrayLike, mean: Sequence[float], std: Sequence[float]
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """The numbers of `mean` and `std`; checks them and the images."""
    shape = tuple(images.shape)
    # Torch's types say "torch.uint8".
    if str(images.dtype).removeprefix("torch.") != "uint8" or len(shape) != 4:
        cure = "convert them, 0 ... 255"
        if len(shape) == 3:
            cure = f"give images[{', '.join(':' * 3)}, None] if they have no axis of channels"
        raise ValueError(
            f"images must be uint8 (n, height, width, channels); got shape {shape} "
            f"of {images.dtype}: {cure}"
        )
    if shape[1] in (1, 3) and shape[3] not in (1, 3):
        raise ValueError(
            f"images must be uint8 (n, height, width, channels); got shape {shape}, channels "
            "first: move that axis to the end"
        )
    numbers = tuple(_numbers(values, name) for values, name in ((mean, "mean"), (std, "std")))
    if not len(numbers[0]) == len(numbers[1]) == shape[3]:
        raise ValueError(
            f"images have {shape[3]} channels: give as many numbers as mean and as std; "
            f"got {len(numbers[0])} and {len(numbers[1])}"
        )
    if not all(map(math.isfinite, numbers[0] + numbers[1])) or min(numbers[1]) <= 0:
        raise ValueError(f"mean must be finite and std above 0; got {mean} and {std}")
    if max(map(abs, numbers[0])) > 1 or max(numbers[1]) > 1:
        raise ValueError(
            f"mean and std must be of numbers 0 ... 1; got {mean} and {std}: divide those of "
            "bytes by 255"
        )
    return numbers[0], numbers[1]


def _numbers(values: Sequence[float], name: str) -> tuple[float, ...]:
    try:
        return tuple(float(value) for value in values)
    except (TypeError, ValueError) as error:
        raise TypeError(
            f"{name} must be numbers, one a channel; got {described(values)}: give a tuple"
        ) from error
