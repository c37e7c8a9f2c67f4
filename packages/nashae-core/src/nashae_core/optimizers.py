"""Adam as one kernel, and Adagrad in pieces that stay in the cache."""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor

# Numbers of a parameter that Adagrad works on at once: all that it touches stays in the cache.
PIECE = 65_536


def adam(
    parameters: Iterable[Tensor], lr: float, betas: tuple[float, float] = (0.9, 0.999)
) -> torch.optim.Optimizer:
    """Adam (Kingma & Ba 2015) with PyTorch's epsilon, 1e-8, in the fastest form for the device.

    There may be no parameters, and one that is shared by two networks may come twice.

    Raises `ValueError` for a learning rate that is not positive and betas outside [0, 1).
    """
    own = list(dict.fromkeys(parameters))
    if not lr > 0:
        raise ValueError(f"lr must be positive; got {lr}")
    if not all(0 <= beta < 1 for beta in betas):
        raise ValueError(f"betas must be in [0, 1); got {betas}")
    group = {"params": own}  # which may be empty, as a list of parameters may not
    if all(p.device.type in ("cpu", "cuda") for p in own):
        return FusedAdam([group], lr=lr, betas=betas, eps=1e-8)
    return torch.optim.Adam([group], lr=lr, betas=betas)


class FusedAdam(torch.optim.Optimizer):
    """`torch.optim.Adam(fused=True)`, of the same state and to the same bits, without its overhead.

    A step of NashAE takes six steps of Adam on small networks. What PyTorch's does in Python around
    its kernel takes twice as long as the kernel.
    """

    def __init__(self, parameters: Iterable[Any], **defaults: Any) -> None:
        super().__init__(parameters, defaults)

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """Move each parameter that has a gradient."""
        if closure is not None:
            raise ValueError("closure is not supported: call backward() before step()")
        for group in self.param_groups:
            moving = [p for p in group["params"] if p.grad is not None]
            if not moving:
                continue
            states = [self._state_of(p) for p in moving]
            steps = [state["step"] for state in states]
            torch._foreach_add_(steps, 1)
            torch._fused_adam_(
                [_in_order(p) for p in moving],
                [_in_order(_laid_out(p.grad, p)) for p in moving if p.grad is not None],
                [_in_order(state["exp_avg"]) for state in states],
                [_in_order(state["exp_avg_sq"]) for state in states],
                [],
                steps,
                lr=group["lr"],
                beta1=group["betas"][0],
                beta2=group["betas"][1],
                weight_decay=0.0,
                eps=group["eps"],
                amsgrad=False,
                maximize=False,
            )

    # What `Optimizer` would wrap a step with, a profiler's record and hooks, takes longer than it.
    step.hooked = True  # type: ignore[attr-defined]

    def _state_of(self, parameter: Tensor) -> dict[str, Tensor]:
        state: dict[str, Tensor] = self.state[parameter]
        if not state:
            state["step"] = torch.zeros((), device=parameter.device)
            state["exp_avg"] = torch.zeros_like(parameter)
            state["exp_avg_sq"] = torch.zeros_like(parameter)
        for name in ("exp_avg", "exp_avg_sq"):
            state[name] = _laid_out(state[name], parameter)
        return state


def adagrad(parameters: Iterable[Tensor], lr: float) -> torch.optim.Optimizer:
    """Adagrad (Duchi et al. 2011) with PyTorch's epsilon, 1e-10, the fastest way on its device.

    There may be no parameters, and one that is shared by two networks may come twice.

    Raises `ValueError` for a learning rate that is not positive.
    """
    own = list(dict.fromkeys(parameters))
    if not lr > 0:
        raise ValueError(f"lr must be positive; got {lr}")
    group = {"params": own}
    if all(p.device.type == "cpu" for p in own):
        return CachedAdagrad([group], lr=lr, eps=1e-10)
    return torch.optim.Adagrad([group], lr=lr)


class CachedAdagrad(torch.optim.Optimizer):
    """`torch.optim.Adagrad`, of the same state and to the same bits, without its fresh memory.

    That one makes a new tensor of each parameter's size in each step, which for large layers takes
    longer than all the rest.
    """

    def __init__(self, parameters: Iterable[Any], **defaults: Any) -> None:
        super().__init__(parameters, defaults)

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """Move each parameter that has a gradient."""
        if closure is not None:
            raise ValueError("closure is not supported: call backward() before step()")
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    self._move(parameter, group["lr"], group["eps"])

    def _move(self, parameter: Tensor, lr: float, eps: float) -> None:
        state: dict[str, Tensor] = self.state[parameter]
        if not state:
            state["step"] = torch.zeros(())
            state["sum"] = torch.zeros_like(parameter)
        state["sum"] = _laid_out(state["sum"], parameter)
        state["step"] += 1
        assert parameter.grad is not None
        whole = (parameter, _laid_out(parameter.grad, parameter), state["sum"])
        pieces = (torch.split(_in_order(tensor).reshape(-1), PIECE) for tensor in whole)
        room = torch.empty(min(PIECE, parameter.numel()), dtype=parameter.dtype)
        for weight, gradient, total in zip(*pieces, strict=True):
            total.addcmul_(gradient, gradient)
            root = torch.sqrt(total, out=room[: len(total)]).add_(eps)
            weight.addcdiv_(gradient, root, value=-lr)


def _laid_out(tensor: Tensor, like: Tensor) -> Tensor:
    """`tensor` with the strides of `like`: the kernel goes through memory and looks at none."""
    if tensor.stride() == like.stride():
        return tensor
    return torch.empty_like(like).copy_(tensor)


def _in_order(tensor: Tensor) -> Tensor:
    """`tensor`, or its transpose where memory holds that in order: else the kernel copies it."""
    transposed = tensor.dim() == 2 and not tensor.is_contiguous()
    return tensor.mT if transposed else tensor
