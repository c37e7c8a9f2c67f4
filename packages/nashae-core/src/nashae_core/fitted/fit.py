"""From data to a model in one call."""

import sys
import time
import warnings
from collections.abc import Callable
from typing import Any, Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn
from tqdm import tqdm  # type: ignore[import-untyped]

from nashae_core.arguments import on_known_device, seeded, whole
from nashae_core.encoding import encode
from nashae_core.fitted.architecture import Architecture, Kind, architecture_for
from nashae_core.fitted.model import FittedNashAE
from nashae_core.fitted.rows import (
    Moments,
    Normalise,
    NormalisedRows,
    moments,
    normalisation,
    pieces,
    rows_at_once,
    source_of,
    split,
)
from nashae_core.nashae import NashAE, NashAEConfig
from nashae_core.observations.access import batches, evenly, on_device
from nashae_core.predictors import Predictors
from nashae_core.run import Progress, TrainConfig
from nashae_core.training import train

NORMALISED: dict[str, Normalise] = {"vector": "feature", "series": "whole", "image": "channel"}
# At most so many observations are encoded for the codes' bounds and for the explained variance.
MOST_ROWS = 10_000
# Held-out observations that early stopping looks at, and how much lower their error has to be.
STOP_ROWS, LOWER = 1000, 0.99
LINE_EVERY = 60.0  # seconds, where there is no terminal


def fit(
    observations: Any,
    latents: int = 10,
    *,
    config: NashAEConfig | None = None,
    training: TrainConfig | None = None,
    kind: Kind | Literal["auto"] = "auto",
    normalise: Normalise = "auto",
    encoder: nn.Module | None = None,
    decoder: nn.Module | None = None,
    held_out: float = 0.1,
    patience: int | None = None,
    generator: torch.Generator | int = 0,
    device: str | torch.device = "auto",
    progress: bool = True,
    on_record: Callable[[Progress], object] | None = None,
) -> FittedNashAE:
    """Normalise observations, build networks for their shape, and train a NashAE on them.

    Args:
        observations: (n, ...), n of 2 or more, real numbers of any type: an array, a tensor, a data
            frame, a list. A memory map, an HDF5 data set and what else has `shape`, `dtype` and
            `[index]` is read batch by batch, whatever its size.
        latents: m, more than there can be factors; those not needed become inactive.
        config: of NashAE, λ above all; by default λ = 0.2, to which it rises from 0 over the first
            three tenths of the steps.
        training: how long and in what pieces.
        kind: the networks. "vector": a perceptron; "series": 1-D convolutions over (t,) or
            (channels, t), t of 16 or more; "image": 2-D convolutions over (h, w), (channels, h, w)
            or (h, w, channels), sides of 16 to 256. "auto": by the shape, (n, d) being vectors
            (`FittedNashAE.architecture` says what it took).
        normalise: what has mean 0 and deviation 1: each "feature", each "channel", the "whole", or
            "none". "auto": vectors by feature, series whole, images by channel.
        encoder: a network of one's own, from observations (batch, ...) to (batch, latents).
        decoder: with it, from (batch, latents) back.
        held_out: the share of observations that are not trained on, in [0, 1).
        patience: end the training when the error on held-out observations has not fallen by 1 % in
            so many steps; None to train all steps.
        generator: draws the networks' weights, the held-out observations and the batches; an int
            seeds one.
        device: "auto": a GPU where there is one.
        progress: show on stderr how far the training is, a bar on a terminal, else a line a minute.
        on_record: as `train` calls it; where it returns `True`, training ends.

    Raises:
        TypeError: for observations that are no array.
        ValueError: for numbers out of range, observations that are not finite or all the same, and
            a kind that does not go with their shape.
        FloatingPointError: where the training diverges.

    Example:
        >>> import numpy as np
        >>> from nashae_core import TrainConfig, fit
        >>> x = np.random.default_rng(0).normal(size=(200, 3)) @ np.eye(3, 12)
        >>> fitted = fit(x, latents=4, training=TrainConfig(steps=50), progress=False)
        >>> fitted.transform(x).shape
        torch.Size([200, 4])

    Source: Yeats et al. 2022 (https://arxiv.org/abs/2209.10677).
    """
    latents, generator = whole(latents, "latents"), seeded(generator)
    training = training or TrainConfig()
    config = config or own_data_config(training.steps)
    _check_options(normalise, held_out, patience, encoder, decoder)
    device = on_known_device(device)
    source = source_of(observations)
    shape = tuple(source.shape[1:])
    trained, tested = split(source.shape[0], held_out, generator)
    networks: Architecture | None = None
    if encoder is None or decoder is None:
        networks = architecture_for(shape, latents, kind)
        model = networks.build(generator, config)
    else:
        model = NashAE(encoder, decoder, Predictors(latents, generator=generator), config)
    found = moments(source, trained)
    if normalise == "auto":
        normalise = NORMALISED[networks.kind if networks else "vector"]
    by = normalisation(found, normalise, networks.channel if networks else 0)
    rows = NormalisedRows(source, trained, by)
    tests = _some(NormalisedRows(source, tested, by), MOST_ROWS)

    with _Watch(model, tests, training, patience, device, progress, on_record) as watch:
        history = train(
            model,
            rows.observations(),
            training,
            generator,
            device=device,
            on_record=watch,
        )
    sample = _some(rows, MOST_ROWS)
    batch = rows_at_once(shape)
    codes = encode(model, sample.observations(), batch_size=batch, device=device)
    fitted = FittedNashAE(
        model=model,
        architecture=networks,
        shape=shape,
        normalisation=by,
        training=training,
        history=history,
        low=codes.amin(0),
        mean=codes.mean(0),
        high=codes.amax(0),
        explained=_explained(model, sample, found, device),
        explained_held_out=_explained(model, tests, found, device) if len(tested) else None,
        held_out=tested,
    )
    if not fitted.active.any():
        warnings.warn(
            f"no latent is active after {int(history.steps[-1])} steps at λ = {config.lam:g}: "
            "train for longer, or give NashAEConfig(lam=...) a smaller λ or a longer warm_up",
            stacklevel=2,
        )
    return fitted


def own_data_config(steps: int) -> NashAEConfig:
    """The game for data that nobody has tuned it for."""
    # Differs from the paper: there λ does not rise. On images of which little varies the predictors
    # else win before the decoder has found a use for any latent, and all become inactive.
    return NashAEConfig(warm_up=3 * steps // 10)


class _Watch:
    """What is done at each record: progress is shown, and early stopping decided."""

    def __init__(
        self,
        model: NashAE,
        tests: NormalisedRows,
        training: TrainConfig,
        patience: int | None,
        device: torch.device,
        progress: bool,
        on_record: Callable[[Progress], object] | None,
    ) -> None:
        self.model, self.device, self.patience, self.on_record = model, device, patience, on_record
        self.tests = _some(tests, STOP_ROWS)
        self.best, self.best_step, self.looked = float("inf"), 0, 0
        self.terminal = sys.stderr.isatty()
        self.start = self.said = time.monotonic()
        self.progress = progress
        self.bar = tqdm(total=training.steps, disable=not (progress and self.terminal), unit="step")

    def __enter__(self) -> "_Watch":
        return self

    def __exit__(self, *_: object) -> None:
        self.bar.close()

    def __call__(self, now: Progress) -> object:
        self.bar.update(now.step - self.bar.n)
        if self.progress and not self.terminal and time.monotonic() - self.said > LINE_EVERY:
            self.said = time.monotonic()
            line = tqdm.format_meter(now.step, now.steps, self.said - self.start, unit="step")
            tqdm.write(line, file=sys.stderr)
        stop = self.on_record is not None and self.on_record(now) is True
        return stop or self._no_better(now.step)

    def _no_better(self, step: int) -> bool:
        if self.patience is None or step - self.looked < self.patience / 4:
            return False
        self.looked = step
        modes = {module: module.training for module in self.model.modules()}
        error = _error(self.model, self.tests, self.device)
        for module, mode in modes.items():
            module.training = mode
        if error < LOWER * self.best:
            self.best, self.best_step = error, step
        return step - self.best_step >= self.patience


def _check_options(
    normalise: str,
    held_out: float,
    patience: int | None,
    encoder: nn.Module | None,
    decoder: nn.Module | None,
) -> None:
    known = ("auto", "feature", "channel", "whole", "none")
    if normalise not in known:
        raise ValueError(f"normalise must be one of {known}; got {normalise!r}")
    if patience is not None:
        whole(patience, "patience")
        if held_out == 0:
            raise ValueError("patience must come with held_out above 0; got 0: give 0.1")
    if (encoder is None) != (decoder is None):
        raise ValueError("encoder and decoder must come together; got one: give both or none")


def _some(rows: NormalisedRows, most: int) -> NormalisedRows:
    """At most so many of the rows, evenly spaced."""
    if len(rows.index) <= most:
        return rows
    index = rows.index[evenly(len(rows.index), most)]
    return NormalisedRows(rows.source, index, rows.normalisation)


@torch.no_grad()
def _squares(
    model: NashAE, rows: NormalisedRows, centre: Float[Tensor, "*shape"], device: torch.device
) -> tuple[float, float]:
    """The squared error of the reconstructions, and that of `centre` in place of them."""
    model.eval()
    given = on_device(rows.observations(), device, torch.float32)
    index = pieces(torch.arange(len(given), device="cpu"), rows.shape[1:])
    error = total = torch.zeros((), dtype=torch.float64, device=device)
    for x in batches(given, index, device):
        error = error + (model(x).reconstruction - x).double().square().sum()
        total = total + (x - centre).double().square().sum()
    return float(error), float(total)


def _error(model: NashAE, rows: NormalisedRows, device: torch.device) -> float:
    return _squares(model, rows, torch.zeros((), device=device), device)[0]


def _explained(model: NashAE, rows: NormalisedRows, found: Moments, device: torch.device) -> float:
    centre = rows.normalisation.apply(found.mean).to(device)
    error, total = _squares(model, rows, centre, device)
    return 1.0 - error / total if total > 0 else float(error == 0)
