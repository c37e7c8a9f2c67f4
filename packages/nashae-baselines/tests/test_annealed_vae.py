import pytest
import torch

from nashae_baselines import (
    VAE,
    AnnealedVAE,
    AnnealedVAEConfig,
    VAEConfig,
    annealed_vae_loss,
    beta_vae_loss,
)
from nashae_core import TrainConfig, train


def test_the_loss_by_hand():
    # KL of the two observations: 1 + 2 and 3 + 6, mean 6.
    nll, kl = torch.tensor(10.0), torch.tensor([[1.0, 2.0], [3.0, 6.0]])
    assert annealed_vae_loss(nll, kl, 2.0, 5.0).item() == 12
    assert annealed_vae_loss(nll, kl, 2.0, 9.0).item() == 16
    assert annealed_vae_loss(nll, kl, 2.0, 0.0).item() == beta_vae_loss(nll, kl, 2.0).item()


def test_without_capacity_it_is_beta_vae(make_model, rows, seeded):
    model = make_model(AnnealedVAE, capacity=0.0, gamma=4.0)
    vae = VAE(model.encoder, model.decoder, VAEConfig(beta=4.0, kl="closed"))
    (ours,), (theirs,) = (list(m.turns([rows], 500, seeded(3))) for m in (model, vae))
    assert torch.equal(ours.loss, theirs.loss)


def test_the_capacity_rises_in_a_straight_line_and_stops():
    config = AnnealedVAEConfig(capacity=20.0, warm_up=100)
    steps = [0, 1, 25, 50, 100, 101, 10_000]
    found = [config.capacity_at(step) for step in steps]
    assert found == pytest.approx([0.0, 0.2, 5.0, 10.0, 20.0, 20.0, 20.0])


def test_the_history_tells_the_capacity_of_each_step(make_model, rows, seeded):
    model = make_model(AnnealedVAE, capacity=4.0, warm_up=4)
    config = TrainConfig(steps=6, batch_size=10, record_every=1)
    terms = train(model, rows, config, seeded(1)).terms
    assert terms.keys() == {"nll", "kl", "capacity"}
    assert terms["capacity"].tolist() == [0.0, 1.0, 2.0, 3.0, 4.0, 4.0]


def test_the_kl_comes_to_the_capacity(make_model, rows, seeded):
    model = make_model(AnnealedVAE, capacity=2.0, warm_up=100, lr=1e-2)
    terms = train(model, rows, TrainConfig(steps=400, batch_size=30), seeded(1)).terms
    assert terms["kl"][-5:].mean().item() == pytest.approx(2.0, abs=0.3)
