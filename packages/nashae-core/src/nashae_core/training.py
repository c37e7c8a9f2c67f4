"""One loop that trains any model whose step is a sequence of turns."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial

import torch
from jaxtyping import Int64
from torch import Tensor, nn
from torch.optim import Optimizer

from nashae_core.arguments import check_kind, on_known_device, seeded
from nashae_core.kernels.denormals import flushed_denormals
from nashae_core.objective import Objective
from nashae_core.observations.access import (
    ObservationsLike,
    batches,
    on_device,
    weight_type,
)
from nashae_core.observations.arrays import described
from nashae_core.observations.inspection import inspect
from nashae_core.run import History, Progress, Run, TrainConfig
from nashae_core.state import TrainingState
from nashae_core.trainable import Trainable, Turn


@flushed_denormals()
def train(
    model: Trainable,
    observations: ObservationsLike,
    config: TrainConfig,
    generator: torch.Generator | int | Sequence[torch.Generator | int],
    *,
    device: str | torch.device = "cpu",
    resume: Mapping[str, Tensor] | None = None,
    on_record: Callable[[Progress], object] | None = None,
) -> History:
    """Train `model` in place and return its history.

    While training, the calling thread flushes denormals to zero. Parameters that do not require a
    gradient keep their values; a module without any that does is in evaluation mode, so its running
    statistics stay too, and a player without any reports its terms but does not move.

    The loop does not wait for the device between two records. Each entry of the history is checked
    when the next is recorded, so a run that diverges ends there.

    Args:
        model: NashAE, a model of nashae-baselines, or your own `Trainable`.
        observations: (n, ...) floating point. What is in memory (a tensor, an array, a data frame,
            a list, `PackedObservations`, `ImageObservations`) is moved to `device` whole. A memory
            map, an HDF5 data set or anything else with `shape`, `dtype` and `[index]`, and
            `StreamedImages`, are read ahead batch by batch (`StreamedObservations`). Any other
            `Observations` are indexed with tensors on `device`.
        config: How long, and on what batches.
        generator: Draws the batches, and the seed of the model's own noise; an int seeds one. A
            list, one per run, for models that `train_many` trains at once.
        device: Where to train.
        resume: A `Progress.state()` of an earlier call with equal arguments; `config.steps` may be
            more. The run ends with the bits of one that was not interrupted (same machine, CPU; not
            for layers that draw from PyTorch's global generator, such as dropout). To resume with
            other arguments on purpose, leave out the state's entry `about`.
        on_record: Called every `config.record_every` steps. If it returns `True`, training ends.

    Raises:
        ValueError: Observations that are empty, not floating point, sparse, masked, not finite, or
            what `model.demands()` excludes; a model without a parameter that requires a gradient; a
            loss that does not depend on its player's parameters; no generator; a state of another
            model or run.
        TypeError: No array, model or config.
        FloatingPointError: A term of the history is not finite; likely causes are named.

    Warns:
        UserWarning: A sample of the observations looks wrong (`inspection.inspect`), or
            `model.objective` ended more than 1.5 times as high as it began.

    Example:
        >>> import torch
        >>> from nashae_core import MLP, NashAE, Predictors, TrainConfig, train
        >>> model = NashAE(MLP((6, 3), generator=0), MLP((3, 6), generator=0),
        ...                Predictors(3, generator=0))
        >>> x = torch.randn(50, 6, generator=torch.Generator().manual_seed(0))
        >>> train(model, x, TrainConfig(steps=20), generator=0).steps
        tensor([10, 20])
    """
    check_kind(model, Trainable, "model", "give a model to train, such as NashAE(...)")
    check_kind(config, TrainConfig, "config", "give TrainConfig(...)")
    if on_record is not None and not callable(on_record):
        raise TypeError(f"on_record must be a function; got {described(on_record)}: give one")
    stacked = isinstance(generator, list | tuple)
    draws = [seeded(g) for g in (generator if isinstance(generator, list | tuple) else [generator])]
    if not draws:
        raise ValueError("generator must be one, or one for each run; got an empty sequence")
    device = on_known_device(device)
    _set_training(model.to(device))
    if config.channels_last:
        model.to(memory_format=torch.channels_last)
    rows = on_device(observations, device, weight_type(model))
    if resume is None:
        inspect(rows, model, model.demands(), device)
    # A seed from each, though one is used: a run draws the same alone and beside others.
    noise_seed, *_ = [int(_draw(2**62, (), g)) for g in draws]
    noise = torch.Generator(device).manual_seed(noise_seed)
    optimizers = model.optimizers()
    generators = [*draws, noise]
    shape = (model.batches_per_step, config.batch_size)
    state = None if resume is None else TrainingState.from_tensors(resume)
    began = None if state is None else state.objective
    objective = Objective(model.objective, len(optimizers), began)
    run = Run(model, rows, config, optimizers, generators, objective, device)
    if state is not None:
        run.restore(state)

    autocast = _autocast(device, config.precision)
    stop: object = None
    while stop is not True and run.done < config.steps:
        block = range(run.done, min(run.done + config.record_every, config.steps))
        # For the whole block at once, so that batches can be read ahead.
        index = torch.stack([_draw(len(rows), (len(block), *shape), g) for g in draws], -2)
        index = (index if stacked else index.squeeze(-2)).flatten(0, 1)
        drawn = batches(rows, index, device)
        outcomes = [
            _step(
                model.turns([next(drawn) for _ in range(shape[0])], step, noise),
                optimizers,
                autocast,
            )
            for step in block
        ]
        terms = [terms for terms, _ in outcomes]
        objective.note(outcomes)
        run.record(
            block.stop, {name: torch.stack([t[name] for t in terms]).mean(0) for name in terms[0]}
        )
        if on_record is not None:
            stop = run.tell(on_record)
    model.eval()
    run.check_history()
    objective.warn_of_rise()
    return run.history()


def _set_training(model: nn.Module) -> None:
    """Training mode for what is trained; a frozen network keeps its running statistics."""
    number = sum(1 for _ in model.parameters())
    if number and not any(p.requires_grad for p in model.parameters()):
        raise ValueError(
            f"{type(model).__name__} must have a parameter that requires a gradient; got none of "
            f"{number}: call requires_grad_(True) on the networks that are to be trained"
        )
    model.train()
    for module in model.modules():
        wanted = [p.requires_grad for p in module.parameters()]
        if wanted and not any(wanted):
            module.eval()


def _step(
    turns: Iterator[Turn],
    optimizers: Mapping[str, Optimizer],
    autocast: Callable[[], AbstractContextManager[object]],
) -> tuple[dict[str, Tensor], Tensor | None]:
    """Take every turn of a step; return their terms, and the last loss."""
    terms, loss = dict[str, Tensor](), None
    while True:
        with autocast():  # not around the backward pass, where it has no business
            turn = next(turns, None)
        if turn is None:
            return terms, loss
        if turn.player not in optimizers:
            raise ValueError(
                f"player must have an optimiser, one of {sorted(optimizers)}; got {turn.player!r}"
            )
        optimizer = optimizers[turn.player]
        parameters = [p for group in optimizer.param_groups for p in group["params"]]
        moving = [p for p in parameters if p.requires_grad]
        if turn.gradients is None:
            loss = turn.loss.detach().clone()  # a copy: it may be a parameter
        if turn.gradients is not None:
            for parameter, gradient in zip(parameters, turn.gradients, strict=True):
                parameter.grad = gradient if parameter.requires_grad else None
        elif moving and not turn.loss.requires_grad:
            raise ValueError(
                f"the loss of player {turn.player!r} must depend on its parameters; got one that "
                f"depends on none of the {len(moving)} that require a gradient: look for a "
                "detach() or no_grad() on the way, or freeze them too"
            )
        elif moving:
            optimizer.zero_grad()
            turn.loss.backward(inputs=moving)  # type: ignore[no-untyped-call]
        if moving:
            optimizer.step()
        terms.update(turn.terms)


def _draw(n: int, shape: tuple[int, ...], generator: torch.Generator) -> Int64[Tensor, "*shape"]:
    return torch.randint(n, shape, generator=generator, device=generator.device)


def _autocast(device: torch.device, precision: str) -> Callable[[], AbstractContextManager[object]]:
    if precision == "float32":
        return nullcontext
    return partial(torch.autocast, device.type, dtype=torch.bfloat16)
