"""A Bernoulli likelihood takes observations in [0, 1] alone: every model that has one."""

import pytest
import torch

from nashae_baselines import AAE, DIPVAE, VAE, AnnealedVAE, BetaTCVAE, FactorVAE
from nashae_core import TrainConfig, train

CONFIG = TrainConfig(steps=1, batch_size=10)


@pytest.mark.parametrize("method", [VAE, BetaTCVAE, DIPVAE, AnnealedVAE, FactorVAE, AAE])
def test_what_is_outside_of_0_and_1_is_refused_before_training(
    make_vae, make_model, rows, seeded, method
):
    options = {"likelihood": "bernoulli"}
    model = make_vae(**options) if method is VAE else make_model(method, **options)
    before = [p.detach().clone() for p in model.parameters()]
    for wrong in (3 * rows - 1, rows - 0.5, rows.where(rows < rows.max(), 1.01)):
        with pytest.raises(ValueError, match=r"observations must be in \[0, 1\]; got .* scale"):
            train(model, wrong, CONFIG, seeded(0))
    assert all(torch.equal(p, q) for p, q in zip(model.parameters(), before, strict=True))
    train(model, rows, CONFIG, seeded(0))
