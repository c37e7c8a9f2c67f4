"""What several test files start from: seeded generators, rows of numbers, and a small VAE."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from nashae_baselines import VAE, VAEConfig
from nashae_core import MLP

LATENTS, INPUTS = 3, 12


@pytest.fixture
def seeded() -> Callable[[int], torch.Generator]:
    return lambda seed: torch.Generator().manual_seed(seed)


@pytest.fixture
def make_vae() -> Callable[..., VAE]:
    """A VAE of rows of 12 numbers, in float64; options go to its config."""

    def make(seed: int = 0, **options: object) -> VAE:
        generator = torch.Generator().manual_seed(seed)
        return VAE(
            MLP((INPUTS, 10, 2 * LATENTS), generator=generator),
            MLP((LATENTS, 10, INPUTS), generator=generator),
            VAEConfig(**options),
        ).double()

    return make


@pytest.fixture
def rows() -> Tensor:
    """60 observations of 12 numbers in [0, 1] that hang on two factors."""
    generator = torch.Generator().manual_seed(99)
    factors = torch.rand(60, 2, dtype=torch.float64, generator=generator)
    mixing = torch.randn(2, INPUTS, dtype=torch.float64, generator=generator)
    return torch.sin(3 * factors @ mixing).add(1).div(2)
