"""When written-out passes give way to PyTorch's operators, and how often they differentiate."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import torch
from torch import Tensor
from torch.autograd import forward_ad
from torch.autograd.function import once_differentiable


def transformed() -> bool:
    """Whether a transform is active: `torch.func`, forward mode or `torch.compile`.

    Transforms change what operators do, which code that writes into given memory cannot follow;
    PyTorch's own operators must be used then.
    """
    if torch.compiler.is_compiling() or forward_ad._current_level >= 0:
        return True
    functional: bool = torch._C._are_functorch_transforms_active()
    return functional


def differentiable_once(backward: Callable[..., Any]) -> Callable[..., Any]:
    """A backward pass that raises `RuntimeError` if it is differentiated again.

    PyTorch's `once_differentiable` alone does not if the gradient at the output is a constant, like
    that of a sum: a penalty on the gradient would then silently have no gradient.
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
