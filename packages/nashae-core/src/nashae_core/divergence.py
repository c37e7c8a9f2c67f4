"""Whether a run's numbers are finite, without waiting for the device, and likely causes if not."""

from collections.abc import Callable, Iterable, Mapping, Sequence

import torch
from torch import Tensor
from torch.optim import Optimizer


def finite(tensors: Iterable[Tensor]) -> Callable[[], bool]:
    """Whether all numbers are finite; only calling the answer waits for the device."""
    flat = [t.reshape(-1) for t in tensors]
    if not flat:
        return lambda: True
    flag = torch.cat(flat).isfinite().all()
    on_cuda = flag.is_cuda
    host = torch.empty((), dtype=torch.bool, device="cpu", pin_memory=on_cuda)
    host.copy_(flag, non_blocking=on_cuda)
    copied = torch.cuda.Event() if on_cuda else None  # type: ignore[no-untyped-call]
    if copied is not None:
        copied.record(torch.cuda.current_stream(flag.device))

    def answer() -> bool:
        if copied is not None:
            copied.synchronize()
        return bool(host.numpy())  # PyTorch's own read would count as waiting for the device

    return answer


def first_bad(records: Sequence[Mapping[str, Tensor]]) -> tuple[int, str] | None:
    """The first entry that is not finite: its index, and the name of the term (and run)."""
    terms = {name: torch.stack([r[name] for r in records]).cpu() for name in records[0]}
    bad_terms = []
    for at, (name, values) in enumerate(terms.items()):
        bad = ~values.reshape(len(values), -1).isfinite()
        if bad.any():
            entry, run = bad.nonzero()[0].tolist()
            bad_terms.append((entry, at, f"{name} of run {run}" if values.dim() > 1 else name))
    return min(bad_terms)[::2] if bad_terms else None


def likely_causes(observations: Tensor, optimizers: Mapping[str, Optimizer], precision: str) -> str:
    """The likely causes of a divergence, in words; `observations` are a sample."""
    x = observations.double()
    rates = ", ".join(
        f"{player} {' and '.join(f'{rate:g}' for rate in {g['lr']: 0 for g in o.param_groups})}"
        for player, o in optimizers.items()
    )
    lower = "; try float32" if precision != "float32" else ""
    return (
        "likely causes are the scale of the observations (root mean square "
        f"{float(x.square().mean().sqrt()):.3g}, at most {float(x.abs().amax()):.3g}, in a sample "
        f"of {len(x)}; bring them to about 1), the learning rate ({rates}; try a tenth) and the "
        f"precision ({precision}{lower})"
    )
