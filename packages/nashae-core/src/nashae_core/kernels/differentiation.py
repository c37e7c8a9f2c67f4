"""What the passes that are written out by hand share: when they stand back, and how they end."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import torch
from torch import Tensor
from torch.autograd import forward_ad
from torch.autograd.function import once_differentiable


def transformed() -> bool:
    """Whether a transform of PyTorch is at work: `torch.func`, forward mode or `torch.compile`.

    Each changes what operators mean, which kernels that write into memory they are handed cannot
    follow; PyTorch's own operators then take their place.
    """
    if torch.compiler.is_compiling() or forward_ad._current_level >= 0:
        return True
    functional: bool = torch._C._are_functorch_transforms_active()
    return functional


def differentiable_once(backward: Callable[..., Any]) -> Callable[..., Any]:
    """A backward pass through which a second one raises `RuntimeError`, whatever it starts from.

    PyTorch's `once_differentiable` alone lets it pass where the gradient at the output is a
    constant, as that of a sum is: a penalty on the gradient would then silently have none itself.
    """
    once = once_differentiable(backward)

    @wraps(backward)
    def wrapper(*arguments: Any) -> Any:
        if torch.is_grad_enabled():
            arguments = tuple(
                a.detach().requires_grad_() if isinstance(a, Tensor) else a for a in arguments
            )
        return once(*arguments)

    return wrapper
