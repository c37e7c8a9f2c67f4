"""Adam as one kernel, and Adagrad in pieces that fit the cache."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor
from torch.optim.adagrad import adagrad as plain_adagrad
from torch.optim.adam import adam as plain_adam

# Elements of a parameter that Adagrad updates at once, to stay in the cache.
PIECE = 65_536


def adam(
    parameters: Iterable[Tensor], lr: float, betas: tuple[float, float] = (0.9, 0.999)
) -> torch.optim.Optimizer:
    """Adam with PyTorch's epsilon, 1e-8, in the fastest form for the device.

    Args:
        parameters: May be none; one that two networks share may come twice.
        lr: The learning rate, above 0.
        betas: The decay rates of the mean gradient and the mean square, in [0, 1).

    Raises:
        ValueError: A number is out of range.

    Source:
        Kingma & Ba 2015, https://arxiv.org/abs/1412.6980
    """
    own = list(dict.fromkeys(parameters))
    if not lr > 0:
        raise ValueError(f"lr must be above 0; got {lr}")
    if not all(0 <= beta < 1 for beta in betas):
        raise ValueError(f"betas must be in [0, 1); got {betas}")
    group = {"params": own}  # which may be empty, as a list of parameters may not
    if all(p.device.type in ("cpu", "cuda") for p in own):
        return FusedAdam([group], lr=lr, betas=betas, eps=1e-8)
    return torch.optim.Adam([group], lr=lr, betas=betas)


class FusedAdam(torch.optim.Optimizer):
    """`torch.optim.Adam(fused=True)` with the same state and the same bits, but less overhead.

    A step of NashAE takes six steps of Adam on small networks, for which PyTorch's Python code
    takes twice as long as its kernel. Parameters with gaps in memory, and complex ones, get
    PyTorch's plain loop.
    """

    def __init__(self, parameters: Iterable[Any], **defaults: Any) -> None:
        super().__init__(parameters, defaults)

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """Move each parameter that has a gradient."""
        if closure is not None:
            raise ValueError("closure is not supported: call backward() before step()")
        for group in self.param_groups:
            # The kernel assumes the first tensor's device and type for all.
            alike = defaultdict[tuple[Any, ...], list[Tensor]](list)
            for p in group["params"]:
                if p.grad is not None:
                    alike[_needs_plain_loop(p), p.device, p.dtype].append(p)
            beta1, beta2 = group["betas"]
            settings = {"lr": group["lr"], "beta1": beta1, "beta2": beta2, "eps": group["eps"]}
            settings |= {"weight_decay": 0.0, "amsgrad": False, "maximize": False}
            for (plain, *_), moving in alike.items():
                (self._move_plainly if plain else self._move)(moving, settings)

    # `Optimizer` would wrap a step with a profiler's record and hooks, which take longer than it.
    step.hooked = True  # type: ignore[attr-defined]

    def _move(self, moving: list[Tensor], settings: dict[str, Any]) -> None:
        means, squares, steps = self._states_of(moving)
        gradients = [_laid_out(_gradient(p), p) for p in moving]
        torch._foreach_add_(steps, 1)
        weights, gradients, means, squares = (
            _in_order(tensors) for tensors in (moving, gradients, means, squares)
        )
        torch._fused_adam_(weights, gradients, means, squares, [], steps, **settings)

    def _move_plainly(self, moving: list[Tensor], settings: dict[str, Any]) -> None:
        means, squares, steps = self._states_of(moving)
        gradients = [_gradient(p) for p in moving]
        plain_adam(moving, gradients, means, squares, [], steps, foreach=False, **settings)

    def _states_of(self, moving: list[Tensor]) -> tuple[list[Tensor], list[Tensor], list[Tensor]]:
        """The mean gradients and squares, laid out as the weights, and the numbers of steps."""
        states: list[dict[str, Tensor]] = [self.state[p] for p in moving]
        for p, state in zip(moving, states, strict=True):
            if not state:
                state["step"] = torch.zeros((), dtype=torch.float32, device=p.device)
                state["exp_avg"] = torch.zeros_like(p)
                state["exp_avg_sq"] = torch.zeros_like(p)
            for name in ("exp_avg", "exp_avg_sq"):
                if state[name].stride() != p.stride():
                    state[name] = _laid_out(state[name], p)
        means, squares, steps = (
            [state[name] for state in states] for name in ("exp_avg", "exp_avg_sq", "step")
        )
        return means, squares, steps


def adagrad(parameters: Iterable[Tensor], lr: float) -> torch.optim.Optimizer:
    """Adagrad with PyTorch's epsilon, 1e-10, in the fastest form for the device.

    Args:
        parameters: May be none; one that two networks share may come twice.
        lr: The learning rate, above 0.

    Raises:
        ValueError: The learning rate is not above 0.

    Source:
        Duchi et al. 2011, https://jmlr.org/papers/v12/duchi11a.html
    """
    own = list(dict.fromkeys(parameters))
    if not lr > 0:
        raise ValueError(f"lr must be above 0; got {lr}")
    group = {"params": own}
    if all(p.device.type == "cpu" for p in own):
        return CachedAdagrad([group], lr=lr, eps=1e-10)
    return torch.optim.Adagrad([group], lr=lr)


class CachedAdagrad(torch.optim.Optimizer):
    """`torch.optim.Adagrad` with the same state and the same bits, but without new memory.

    PyTorch's makes a tensor of each parameter's size in each step, which for large layers takes
    longer than the rest. It is used for parameters with gaps in memory, complex ones, and sparse
    gradients.
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
            state["step"] = torch.zeros((), dtype=torch.float32, device=parameter.device)
            state["sum"] = torch.zeros_like(parameter)
        gradient = _gradient(parameter)
        if gradient.is_sparse or _needs_plain_loop(parameter):
            _move_plainly(parameter, gradient, state, lr, eps)
            return
        state["sum"] = _laid_out(state["sum"], parameter)
        state["step"] += 1
        whole = _in_order([parameter, _laid_out(gradient, parameter), state["sum"]])
        # `view` refuses to copy; writing into a copy would move nothing.
        pieces = (torch.split(tensor.view(-1), PIECE) for tensor in whole)
        room = parameter.new_empty(min(PIECE, parameter.numel()))
        for weight, slope, total in zip(*pieces, strict=True):
            total.addcmul_(slope, slope)
            root = torch.sqrt(total, out=room[: len(total)]).add_(eps)
            weight.addcdiv_(slope, root, value=-lr)


def _move_plainly(
    parameter: Tensor, gradient: Tensor, state: dict[str, Tensor], lr: float, eps: float
) -> None:
    plain_adagrad(
        [parameter],
        [gradient],
        [state["sum"]],
        [state["step"]],
        has_sparse_grad=gradient.is_sparse,
        foreach=False,
        lr=lr,
        weight_decay=0.0,
        lr_decay=0.0,
        eps=eps,
        maximize=False,
    )


def _gradient(parameter: Tensor) -> Tensor:
    assert parameter.grad is not None
    return parameter.grad


def _laid_out(tensor: Tensor, like: Tensor) -> Tensor:
    """`tensor` with the strides of `like`: the kernel ignores strides."""
    if tensor.stride() == like.stride():
        return tensor
    return torch.empty_like(like).copy_(tensor)


def _in_order(tensors: list[Tensor]) -> list[Tensor]:
    """Views with the dimensions in the order of memory: contiguous, unless there are gaps."""
    return [
        t if t.is_contiguous() else t.permute(sorted(range(t.dim()), key=t.stride, reverse=True))
        for t in tensors
    ]


def _needs_plain_loop(parameter: Tensor) -> bool:
    """Whether a parameter has gaps in memory, or is complex."""
    if parameter.is_complex():
        return True
    return not (parameter.is_contiguous() or _in_order([parameter])[0].is_contiguous())
