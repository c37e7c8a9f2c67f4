"""What several test files start from: seeded generators, rows of numbers, and small models."""

from collections.abc import Callable
from functools import partial

import pytest
import torch
from methods import CONFIGS, INPUTS, JUDGED, LATENTS, build, heads
from torch import Tensor, nn

from nashae_baselines import VAE, discriminator
from nashae_core import MLP, Trainable


@pytest.fixture
def seeded() -> Callable[[int], torch.Generator]:
    return lambda seed: torch.Generator().manual_seed(seed)


@pytest.fixture(params=CONFIGS, ids=lambda method: method.__name__)
def method(request) -> type[Trainable]:
    """Each method in turn."""
    return request.param


@pytest.fixture
def make_model() -> Callable[..., Trainable]:
    """A model by a method, for rows of 12 numbers, in float64; options go to its config.

    `encoder`, `decoder` and `judge`, the discriminator, can be given.
    """

    def make(
        method: type[Trainable],
        seed: int = 0,
        *,
        encoder: nn.Module | None = None,
        decoder: nn.Module | None = None,
        judge: nn.Module | None = None,
        **options: object,
    ) -> Trainable:
        draw = torch.Generator().manual_seed(seed)
        inputs = LATENTS + options.get("noise", 0)
        encoder = encoder or MLP((INPUTS, 10, heads(method)), generator=draw)
        decoder = decoder or MLP((inputs, 10, INPUTS), generator=draw)
        judge = judge or discriminator(JUDGED.get(method, 1), 8, generator=draw)
        return build(method, encoder, decoder, judge, **options).double()

    return make


@pytest.fixture
def make_vae(make_model) -> Callable[..., VAE]:
    """A VAE of rows of 12 numbers, in float64; options go to its config."""
    return partial(make_model, VAE)


@pytest.fixture
def rows() -> Tensor:
    """60 observations of 12 numbers in [0, 1] that depend on two factors."""
    generator = torch.Generator().manual_seed(99)
    factors = torch.rand(60, 2, dtype=torch.float64, generator=generator)
    mixing = torch.randn(2, INPUTS, dtype=torch.float64, generator=generator)
    return torch.sin(3 * factors @ mixing).add(1).div(2)
