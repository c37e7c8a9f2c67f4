"""What several test files start from: seeded generators, and a small NashAE in float64."""

from collections.abc import Callable
from functools import wraps

import jaxtyping
import pytest
import torch
from torch import Tensor

import nashae_core
from nashae_core import MLP, NashAE, NashAEConfig, Predictors

LATENTS, HIDDEN, INPUTS = 4, 6, 12


@pytest.fixture
def seeded() -> Callable[[int], torch.Generator]:
    return lambda seed: torch.Generator().manual_seed(seed)


@pytest.fixture
def make_game() -> Callable[..., NashAE]:
    """NashAE on rows of 12 numbers; options go to its config."""

    def make(
        seed: int = 0, *, latents: int = LATENTS, inputs: int = INPUTS, **options: object
    ) -> NashAE:
        generator = torch.Generator().manual_seed(seed)
        return NashAE(
            MLP((inputs, 10, latents), generator=generator),
            MLP((latents, 10, inputs), generator=generator),
            Predictors(latents, HIDDEN, generator=generator),
            NashAEConfig(**options),
        ).double()

    return make


@pytest.fixture
def rows() -> Tensor:
    """60 observations of 12 numbers that hang on two factors."""
    generator = torch.Generator().manual_seed(99)
    factors = torch.rand(60, 2, dtype=torch.float64, generator=generator)
    mixing = torch.randn(2, INPUTS, dtype=torch.float64, generator=generator)
    return torch.sin(3 * factors @ mixing)


@pytest.fixture
def unchecked_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """A search checks no shapes while it trains, which would take two thirds of its time.

    `train` is checked by tests of its own.
    """
    from nashae_core.factors import aligning, fork

    @wraps(nashae_core.train)
    def train(*arguments: object, **options: object) -> object:
        jaxtyping.config.update("jaxtyping_disable", True)
        try:
            return nashae_core.train(*arguments, **options)
        finally:
            jaxtyping.config.update("jaxtyping_disable", False)

    for module in (aligning, fork):
        monkeypatch.setattr(module, "train", train)
