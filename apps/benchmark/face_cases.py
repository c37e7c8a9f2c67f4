"""Benchmarks of faces: training steps, reading while training, drawing and caching."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch

from apps.benchmark.cases import plain_steps
from apps.benchmark.reference import PlainNashAE, conv_networks
from apps.benchmark.timing import Comparison, compare, fastest
from apps.recipes import RECIPES
from apps.recipes.data_sets.synthetic_faces import COLOURS
from nashae_core import ImageObservations, StreamedImages, TrainConfig, train
from nashae_data import celeba, synthetic_faces, write_celeba_tree

FACES = 2000
STEPS = 10


def faces(device: str) -> Iterator[Comparison]:
    """A step of NashAE on faces at m = 32: in float32, in bfloat16, and with the faces on disk.

    The reference has PyTorch's own layers, and the images as float32 on the device.
    """
    recipe = RECIPES["synthetic-faces-nashae"]
    generator = torch.Generator().manual_seed(0)
    mean, std = COLOURS
    images = synthetic_faces(FACES, np.random.default_rng(0)).observations[:]
    rows = ImageObservations(images, mean, std)
    model = recipe.build(generator).to(device)
    config = replace(recipe.train, steps=STEPS, record_every=STEPS)

    def ours(config: TrainConfig, rows: ImageObservations | StreamedImages) -> None:
        train(model, rows, config, generator, device=device)

    x = rows[torch.arange(FACES)].contiguous().to(device)
    plain = PlainNashAE(recipe.latents, device=device, networks=conv_networks(recipe.latents))
    name = f"faces: NashAE step, m = {recipe.latents}"
    work = (STEPS, STEPS)
    yield compare(
        name,
        lambda: ours(config, rows),
        plain_steps(plain.step, x, STEPS, batch=config.batch_size),
        work=work,
        rounds=5,
    )
    fast = replace(config, precision="bfloat16")
    yield compare(
        f"{name}, bfloat16 for float32",
        lambda: ours(fast, rows),
        lambda: ours(config, rows),
        work=work,
        rounds=5,
    )
    with TemporaryDirectory() as folder:
        root = Path(folder) / "faces"
        write_celeba_tree(root, FACES, np.random.default_rng(0))
        streamed = StreamedImages(celeba(root).observations, mean, std)
        yield compare(
            f"{name}, from disk for from memory",
            lambda: ours(config, streamed),
            lambda: ours(config, rows),
            work=work,
            rounds=5,
        )


def face_seconds() -> Iterator[tuple[str, float, str]]:
    """Seconds of drawing, reading and caching, with their goals."""
    rng = np.random.default_rng(0)
    yield f"{FACES} synthetic faces", fastest(lambda: synthetic_faces(FACES, rng), 3), "< 1.33 s"
    with TemporaryDirectory() as folder:
        root, cache = Path(folder) / "faces", Path(folder) / "cache.h5"
        write_celeba_tree(root, FACES, rng)

        def build() -> None:
            cache.unlink(missing_ok=True)
            celeba(root, cache=cache)

        yield f"the cache of {FACES} JPEG files", fastest(build, 3), "–"
        kept = celeba(root, cache=cache).observations
        index = rng.integers(len(kept), size=200)
        yield "200 faces at random from the cache", fastest(lambda: kept[index], 9), "–"
