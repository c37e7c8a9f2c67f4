"""Benchmarks of training steps and runs, and of what has no reference."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from apps.benchmark.reference import PlainBetaTCVAE, PlainFactorVAE, PlainNashAE, PlainVAE
from apps.benchmark.timing import Comparison, compare, fastest
from apps.recipes import RECIPES, recipe
from apps.recipes.data_sets.beamsynthesis import normalised
from nashae_core import NashAE, Trainable, TrainConfig, adam, count_factors, train, train_pruned
from nashae_core.kernels.denormals import DENORMAL, flushed_denormals
from nashae_core.stacking import stack
from nashae_data import PackedImages, beamsynthesis, dsprites

STEPS = 100
SPRITE_STEPS = 10
SEEDS = 8
IDLE = 1_000_000
PLAIN_BASELINES: dict[str, type[PlainVAE | PlainBetaTCVAE | PlainFactorVAE]] = {
    "beta-vae": PlainVAE,
    "beta-tcvae": PlainBetaTCVAE,
    "factor-vae": PlainFactorVAE,
}


def steps(device: str) -> Iterator[Comparison]:
    """A step of NashAE on Beamsynthesis by m: alone, and eight seeds as one batch of models.

    Ours is `train` with a hundred steps, including batches and history. The reference is the method
    as its authors wrote it (`PlainNashAE`), on batches drawn in the same way.
    """
    x = _waveforms(device)
    for latents in (4, 8, 10, 16, 32):
        ours = _our_steps(latents, 1, x)
        plain = PlainNashAE(latents, device=x.device)
        work = (STEPS, STEPS)
        name = f"NashAE step, m = {latents}"
        yield compare(name, ours, plain_steps(plain.step, x, STEPS), work=work, rounds=5)
    for latents in (4, 8, 16, 32):
        ours = _our_steps(latents, SEEDS, x)
        plain = PlainNashAE(latents, device=x.device)
        work = (STEPS * SEEDS, STEPS)
        name = f"NashAE step and seed, {SEEDS} seeds at once, m = {latents}"
        yield compare(name, ours, plain_steps(plain.step, x, STEPS), work=work, rounds=5)


def shrinking(device: str) -> Iterator[Comparison]:
    """A whole run of NashAE on Beamsynthesis: with pruning, and counted, for the paper's setting.

    Each starts with a fresh model of m latents and takes the recipe's 1000 steps; a counted run
    also takes those of its tests.
    """
    x = _waveforms(device)
    recipes = {m: recipe("nashae", 0.2, m, 0) for m in (8, 32, 64)}

    def run(latents: int, of: Callable[..., object]) -> Callable[[], object]:
        def fresh() -> object:
            generator = torch.Generator().manual_seed(0)
            model = recipes[latents].build(generator)
            return of(model, x, recipes[latents].train, generator, device=x.device)

        return fresh

    def counted(model: NashAE, x: Tensor, _: TrainConfig, *rest: Any, **options: Any) -> object:
        return count_factors(model, x, *rest, **options)

    for latents in recipes:
        plain = run(latents, train)
        name = f"NashAE run from m = {latents}"
        yield compare(f"{name}, pruned for plain", run(latents, train_pruned), plain, rounds=3)
        yield compare(f"{name}, counted for plain", run(latents, counted), plain, rounds=3)


def sprites(device: str) -> Iterator[Comparison]:
    """A step of NashAE on dSprites at m = 10, and the share of data and denormal numbers in it.

    Ours draws from all packed images, the reference from 20,000 unpacked ones.
    """
    nashae = RECIPES["dsprites-nashae"]
    packed = nashae.data_set.inputs.of(dsprites().observations, "cpu")
    generator = torch.Generator().manual_seed(0)
    chosen = torch.randint(len(packed), (20_000,), generator=generator)
    x = packed[chosen].to(device)
    plain = plain_dsprites_nashae(nashae.latents, x.device)
    batch = nashae.train.batch_size
    config = replace(nashae.train, steps=SPRITE_STEPS)
    model = nashae.build(generator)
    yield compare(
        f"dSprites: NashAE step, m = {nashae.latents}",
        lambda: train(model, packed, config, generator, device=device),
        plain_steps(plain.step, x, SPRITE_STEPS, batch=batch),
        work=(SPRITE_STEPS, SPRITE_STEPS),
        rounds=5,
    )
    index = torch.randint(len(packed), (batch,), generator=generator)
    yield compare(
        f"dSprites: {batch} images unpacked, against a step",
        lambda: packed[index],
        lambda: train(model, packed, replace(config, steps=1), generator, device=device),
        rounds=9,
    )
    yield compare(
        "dSprites: Adam on weights without gradient, denormals flushed for not",
        flushed_denormals()(idle := _idle_adam(device, SPRITE_STEPS)),
        idle,
        work=(SPRITE_STEPS, SPRITE_STEPS),
        rounds=5,
    )


def _idle_adam(device: str, steps: int) -> Callable[[], None]:
    """Steps of Adam with decayed mean gradients, as those of inactive units are."""
    weight = nn.Parameter(torch.zeros(IDLE, device=device))
    weight.grad = torch.zeros_like(weight)
    optimizer = adam([weight], lr=1e-3)
    optimizer.step()
    decayed = torch.full_like(weight, DENORMAL)

    def run() -> None:
        optimizer.state[weight]["exp_avg"].copy_(decayed)
        for _ in range(steps):
            optimizer.step()

    return run


def plain_dsprites_nashae(latents: int, device: torch.device) -> PlainNashAE:
    """The reference with the authors' networks for dSprites."""
    return PlainNashAE(latents, 0.002, 4096, device, hidden=(1200, 1200), activation=nn.ReLU)


def baselines(device: str) -> Iterator[Comparison]:
    """A step of each baseline on Beamsynthesis at m = 10, with the β of its recipe.

    Timed as in `steps`, against the methods in plain PyTorch.
    """
    x = _waveforms(device)
    for method, reference in PLAIN_BASELINES.items():
        baseline = replace(RECIPES[f"beamsynthesis-{method}"], latents=10)
        generator = torch.Generator().manual_seed(0)
        model = baseline.build(generator)
        plain = reference(baseline.latents, baseline.weight, device=x.device)
        yield compare(
            f"{baseline.title} step, m = {baseline.latents}",
            _train_steps(model, generator, x),
            plain_steps(plain.step, x, STEPS, model.batches_per_step),
            work=(STEPS, STEPS),
            rounds=5,
        )


def seconds() -> Iterator[tuple[str, float, str]]:
    """What has no reference: name, seconds of the fastest of several rounds, goal."""
    beamsynthesis()  # loads scipy.signal
    yield "the 360 waveforms of Beamsynthesis", fastest(beamsynthesis, 9), "< 0.1 s"
    yield "the 737,280 images of dSprites", fastest(dsprites, 3), "< 2.5 s"
    packed = PackedImages(np.zeros((20_000, 64, 8), dtype=np.uint8))
    index = np.random.default_rng(0).integers(len(packed), size=10_000)
    yield "10,000 images unpacked", fastest(lambda: packed[index], 9), "< 0.067 s"
    for package in ("nashae_metrics", "nashae_data"):
        whole, bare = (fastest(partial(_python, c), 5) for c in (f"import {package}", "pass"))
        yield f"import {package}", whole - bare, "–"


def _python(code: str) -> None:
    subprocess.run([sys.executable, "-c", code], check=True)


def _our_steps(latents: int, seeds: int, x: Tensor) -> Callable[[], object]:
    generators = [torch.Generator().manual_seed(seed) for seed in range(seeds)]
    models = [recipe("nashae", 0.2, latents, 0).build(g) for g in generators]
    model = models[0] if seeds == 1 else stack([m for m in models if isinstance(m, NashAE)])
    draws = generators[0] if seeds == 1 else generators
    return _train_steps(model, draws, x)


def _train_steps(
    model: Trainable, draws: torch.Generator | list[torch.Generator], x: Tensor
) -> Callable[[], object]:
    return lambda: train(model, x, TrainConfig(steps=STEPS), draws, device=x.device)


def plain_steps(
    step: Callable[..., object],
    x: Tensor,
    steps: int,
    batches: int = 1,
    *,
    batch: int = 100,
) -> Callable[[], object]:
    """A function that takes steps of a plain reference, each on `batches` batches from `x`."""
    generator = torch.Generator().manual_seed(0)

    def run() -> None:
        for _ in range(steps):
            index = torch.randint(len(x), (batches, batch), generator=generator).to(x.device)
            step(*(x[i] for i in index))

    return run


def _waveforms(device: str) -> Tensor:
    return normalised(beamsynthesis().observations).float().to(device)
