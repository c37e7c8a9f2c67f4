"""A Bernoulli likelihood takes observations in [0, 1] alone: every model that has one."""

import pytest
import torch
from methods import WITH_LIKELIHOOD

from nashae_core import TrainConfig, train

CONFIG = TrainConfig(steps=1, batch_size=10)


@pytest.mark.parametrize("method", WITH_LIKELIHOOD)
def test_what_is_outside_of_0_and_1_is_refused_before_training(make_model, rows, seeded, method):
    model = make_model(method, likelihood="bernoulli")
    before = [p.detach().clone() for p in model.parameters()]
    for wrong in (3 * rows - 1, rows - 0.5, rows.where(rows < rows.max(), 1.01)):
        with pytest.raises(ValueError, match=r"observations must be in \[0, 1\]; got .* scale"):
            train(model, wrong, CONFIG, seeded(0))
    assert all(torch.equal(p, q) for p, q in zip(model.parameters(), before, strict=True))
    train(model, rows, CONFIG, seeded(0))
