"""Colour images held as bytes, which are normalised batch by batch on the model's device.

Images are uint8 (n, height, width, channels), as files and data sets have them. Networks get them
as (batch, channels, height, width): numbers 0 ... 1, less the `mean` of their channel, over its
`std`. The bytes keep their order, so a batch is in PyTorch's channels-last memory.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt
import torch
from jaxtyping import Float, Integer, UInt8
from torch import Tensor

from nashae_core.packed import shared_tensor

# Batches that are read before they are asked for.
AHEAD = 3


@runtime_checkable
class Images(Protocol):
    """n images, given as arrays by an index; they may lie on disk."""

    @property
    def shape(self) -> tuple[int, ...]:
        """The number of images, then the shape of one."""
        ...

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the numbers."""
        ...

    def __getitem__(self, index: npt.NDArray[np.int64], /) -> npt.NDArray[Any]: ...


class ImageObservations:
    """Images that are moved to the model's device whole, as bytes: `Observations` without a loader.

    - `images`: uint8 (n, height, width, channels), a tensor or an array; shared and not copied.
    - `mean`, `std`: of each channel, of numbers 0 ... 1.
    - `dtype`: the floating-point type of the rows.

    Raises `ValueError` where `images` are not such, or `mean` and `std` are not one finite number
    a channel, `std` above 0.
    """

    def __init__(
        self,
        images: Any,
        mean: Sequence[float],
        std: Sequence[float],
        dtype: torch.dtype = torch.float32,
    ) -> None:
        self.images: UInt8[Tensor, "n h w c"] = shared_tensor(images)
        _check(self.images.shape, self.images.dtype == torch.uint8, mean, std)
        self.mean, self.std = tuple(mean), tuple(std)
        self._channels = _Channels(mean, std, self.images.device, dtype)

    @property
    def dtype(self) -> torch.dtype:
        """The type of the rows."""
        return self._channels.dtype

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: Integer[Tensor, " batch"]) -> Float[Tensor, "batch c h w"]:
        """The images at `index`, on the device that holds the bytes, normalised.

        Raises `IndexError` for an index outside of -n ... n - 1.
        """
        return self._channels.normalised(self.images[index])

    def to(self, device: str | torch.device, dtype: torch.dtype) -> "ImageObservations":
        """The same images on `device` and as `dtype`; the bytes are shared where they can."""
        return ImageObservations(self.images.to(device), self.mean, self.std, dtype)


class StreamedImages:
    """Images that stay where they are, and are read while the model is busy with those before.

    As `ImageObservations`, but `images` are anything that gives uint8 arrays (batch, height, width,
    channels) by an array of indices, such as a file. One thread reads three batches ahead, into
    pinned memory where the device is a GPU; the bytes are normalised there.
    """

    def __init__(
        self,
        images: Images,
        mean: Sequence[float],
        std: Sequence[float],
        device: str | torch.device = "cpu",
        dtype: torch.dtype = torch.float32,
    ) -> None:
        _check(images.shape, images.dtype == np.uint8, mean, std)
        self.images, self.mean, self.std = images, tuple(mean), tuple(std)
        self.device = torch.device(device)
        self._channels = _Channels(mean, std, self.device, dtype)

    def __len__(self) -> int:
        return self.images.shape[0]

    def __getitem__(self, index: Integer[Tensor, " batch"]) -> Float[Tensor, "batch c h w"]:
        """The images at `index`, on the device, normalised."""
        return self._on_device(self._read(index))

    def read_ahead(self, index: Iterable[Tensor]) -> Iterator[Float[Tensor, "batch c h w"]]:
        """The images at each of `index` (batch,), in order."""
        waiting = deque[Future[Tensor]]()
        with ThreadPoolExecutor(max_workers=1) as reader:
            try:
                for rows in index:
                    waiting.append(reader.submit(self._read, rows))
                    if len(waiting) > AHEAD:
                        yield self._on_device(waiting.popleft().result())
                while waiting:
                    yield self._on_device(waiting.popleft().result())
            finally:
                for unread in waiting:
                    unread.cancel()

    def to(self, device: str | torch.device, dtype: torch.dtype) -> "StreamedImages":
        """The same images, for a model on `device` with weights of `dtype`."""
        return StreamedImages(self.images, self.mean, self.std, device, dtype)

    def _read(self, index: Tensor) -> Tensor:
        read = torch.from_numpy(self.images[index.cpu().numpy()])
        return read.pin_memory() if self.device.type == "cuda" else read

    def _on_device(self, images: Tensor) -> Tensor:
        return self._channels.normalised(images.to(self.device, non_blocking=True))


class _Channels:
    """The mean and deviation of each channel, on a device."""

    def __init__(
        self,
        mean: Sequence[float],
        std: Sequence[float],
        device: torch.device,
        dtype: torch.dtype,
    ) -> None:
        if not dtype.is_floating_point:
            raise ValueError(f"dtype must be floating point; got {dtype}")
        self.dtype = dtype
        # Of bytes, 0 ... 255.
        self._mean = 255 * torch.tensor(mean, device=device, dtype=dtype)
        self._std = 255 * torch.tensor(std, device=device, dtype=dtype)

    def normalised(self, images: UInt8[Tensor, "b h w c"]) -> Float[Tensor, "b c h w"]:
        return images.to(self.dtype).sub_(self._mean).div_(self._std).permute(0, 3, 1, 2)


def _check(
    shape: Sequence[int], whole_bytes: bool, mean: Sequence[float], std: Sequence[float]
) -> None:
    if not whole_bytes or len(shape) != 4:
        raise ValueError(
            f"images must be uint8 (n, height, width, channels); got shape {tuple(shape)}"
            + ("" if whole_bytes else " of another type")
        )
    if not len(mean) == len(std) == shape[3]:
        raise ValueError(
            f"images have {shape[3]} channels: give as many numbers as mean and as std; "
            f"got {len(mean)} and {len(std)}"
        )
    if not np.isfinite([*mean, *std]).all() or min(std) <= 0:
        raise ValueError(f"mean must be finite and std above 0; got {mean} and {std}")
