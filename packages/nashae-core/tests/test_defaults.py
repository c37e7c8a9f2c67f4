"""The caller's default device and type are theirs: what is made follows what was handed in."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import torch
from torch import Tensor

from nashae_core import NashAE, TrainConfig, train, train_many
from nashae_core.kernels.denormals import denormals_are_flushed, flushed_denormals


@contextmanager
def other_defaults() -> Iterator[None]:
    """A device on which nothing can be read, and float64."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        with torch.device("meta"):
            yield
    finally:
        torch.set_default_dtype(before)


def test_denormals_are_told_from_numbers_in_any_case():
    assert not denormals_are_flushed()
    with flushed_denormals():
        if not denormals_are_flushed():
            pytest.skip("this processor cannot flush denormals")
        with other_defaults():
            assert denormals_are_flushed()
            with flushed_denormals():
                pass
        assert denormals_are_flushed()
    assert not denormals_are_flushed()


@pytest.mark.parametrize("number", [1, 2])
def test_training_gives_the_same_bits(make_game, rows, seeded, number):
    config = TrainConfig(steps=4, batch_size=10, record_every=2)

    def run(models: list[NashAE], data: Tensor) -> list[Tensor]:
        generators = [seeded(seed) for seed in range(number)]
        if number == 1:
            history = train(*models, data, config, *generators, on_record=lambda p: p.state())
            histories = [history]
        else:
            histories = train_many(models, data, config, generators)
        terms = [values for history in histories for values in history.terms.values()]
        return terms + [p.detach() for model in models for p in model.parameters()]

    models, same_models = ([make_game(seed).float() for seed in range(number)] for _ in range(2))
    expected = run(models, rows.float())
    with other_defaults():
        found = run(same_models, rows.float())
    for mine, same in zip(found, expected, strict=True):
        assert mine.dtype == torch.float32
        assert torch.equal(mine, same)
