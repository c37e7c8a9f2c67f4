"""Denormal numbers are flushed while a model is trained, and only then."""

import pytest
import torch

from nashae_core import MLP, NashAE, Predictors, TrainConfig, train
from nashae_core.kernels.denormals import denormals_are_flushed, flushed_denormals

pytestmark = pytest.mark.skipif(
    not torch.set_flush_denormal(False), reason="this processor cannot flush denormal numbers"
)


def test_the_block_flushes_and_leaves_the_thread_as_it_was() -> None:
    assert not denormals_are_flushed()
    with flushed_denormals():
        assert denormals_are_flushed()
        with flushed_denormals():
            pass
        assert denormals_are_flushed()
    assert not denormals_are_flushed()


def test_the_thread_is_as_it_was_after_an_error() -> None:
    with pytest.raises(KeyError), flushed_denormals():
        raise KeyError
    assert not denormals_are_flushed()


def test_training_flushes() -> None:
    generator = torch.Generator().manual_seed(0)
    model = NashAE(
        MLP((5, 4, 2), generator=generator),
        MLP((2, 4, 5), generator=generator),
        Predictors(2, generator=generator),
    )
    seen = list[bool]()
    train(
        model,
        torch.rand(20, 5, generator=generator),
        TrainConfig(steps=2, batch_size=5, record_every=1),
        generator,
        on_record=lambda _: seen.append(denormals_are_flushed()),
    )
    assert seen == [True, True]
    assert not denormals_are_flushed()
