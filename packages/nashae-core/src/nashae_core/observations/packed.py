"""Binary observations, eight to a byte, unpacked batch by batch on their device."""

from typing import Any

import torch
from jaxtyping import Float, Integer, UInt8
from torch import Tensor
from torch.nn import functional as F

from nashae_core.observations.arrays import as_tensor, check_dtype


class PackedObservations:
    """Binary observations (n, elements), held as bits on the model's device.

    `train` and `encode` move the bytes once; a batch is then an index, without a loader.

    Args:
        packed: uint8 (n, elements / 8), or (n, ..., bytes) to be flattened, the most significant
            bit first, as of `numpy.packbits`; shared, never written to. An array, or what holds one
            as `packed`, such as nashae-data's `PackedImages`.
        dtype: The floating-point type of a batch.

    Raises:
        ValueError: Not uint8 of two or more axes; a `dtype` that is not floating point.
        TypeError: No array.

    Example:
        >>> import numpy as np
        >>> import torch
        >>> from nashae_core import PackedObservations
        >>> packed = PackedObservations(np.packbits([[0, 1, 1, 0, 0, 0, 0, 1]], axis=-1))
        >>> packed[torch.tensor([0])]
        tensor([[0., 1., 1., 0., 0., 0., 0., 1.]])
    """

    def __init__(self, packed: Any, dtype: torch.dtype = torch.float32) -> None:
        tensor = as_tensor(getattr(packed, "packed", packed), "packed")
        if tensor.dtype != torch.uint8 or tensor.dim() < 2:
            raise ValueError(
                "packed must be uint8 (n, ..., elements / 8); "
                f"got {tensor.dtype} {tuple(tensor.shape)}: "
                "pack 0 and 1 with numpy.packbits(x, axis=-1)"
            )
        check_dtype(dtype)
        self.packed: UInt8[Tensor, "n bytes"] = tensor.flatten(1)
        bits = torch.arange(7, -1, -1, device=tensor.device)
        values = torch.arange(256, device=tensor.device)
        self._table = ((values[:, None] >> bits) & 1).to(dtype)

    @property
    def dtype(self) -> torch.dtype:
        """The type of a batch."""
        return self._table.dtype

    def __len__(self) -> int:
        return len(self.packed)

    def __getitem__(self, index: Integer[Tensor, "*batch"]) -> Float[Tensor, "*batch elements"]:
        """The observations at `index`, on the device of the bytes, each element 0 or 1.

        Raises `IndexError` for an index outside -n ... n − 1.
        """
        return F.embedding(self.packed[index].int(), self._table).flatten(-2)

    def to(self, device: str | torch.device, dtype: torch.dtype) -> "PackedObservations":
        """The same observations on `device`, as `dtype`; the bytes are shared where possible."""
        return PackedObservations(self.packed.to(device), dtype)
