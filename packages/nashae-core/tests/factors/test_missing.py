"""The latent that a model lacks is found in its hidden layer, by what its codes do not tell."""

import pytest
import torch
from torch import nn

from nashae_core import MLP, NashAE, Predictors, add_latent, missing_direction
from nashae_core.factors.layers import last_linear

N, HIDDEN = 400, 6


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def half_blind():
    """Observations of three factors a, b, c, and a model whose first latent tells a; one is dead.

    Its hidden layer has a, b and c, a curve of a, and mixtures; its output knows a.
    """
    a, b, c = torch.rand(3, N, generator=seeded(1)) - 0.5
    x = torch.stack([a, b, 0.2 * c, a * a, a + b, torch.zeros(N)], 1)
    encoder = nn.Sequential(nn.Linear(HIDDEN, HIDDEN), nn.Linear(HIDDEN, 2))
    decoder = nn.Sequential(nn.Linear(2, HIDDEN))
    model = NashAE(encoder, decoder, Predictors(2, 4, generator=seeded()))
    with torch.no_grad():
        for p in (*encoder.parameters(), *decoder.parameters()):
            p.zero_()
        encoder[0].weight.copy_(torch.eye(HIDDEN))
        encoder[1].weight[0, 0] = 4.0
        decoder[0].weight[0, 0] = 1.0
    return model, x, (a, b, c)


def correlation(first, second):
    return float(torch.corrcoef(torch.stack([first, second]).detach())[0, 1].abs())


def test_the_direction_is_the_factor_that_the_code_does_not_tell():
    model, x, (a, b, c) = half_blind()
    weight, bias = missing_direction(model, x)
    logits = x @ weight + bias  # the hidden layer is x
    assert correlation(logits, b) > 0.98
    assert correlation(logits, a) < 0.15
    assert correlation(logits, c) < 0.15
    assert float(logits.mean()) == pytest.approx(0, abs=1e-4)
    assert float(logits.std()) == pytest.approx(1.5, rel=1e-4)


def test_a_latent_is_put_in_by_it_and_no_output_changes():
    model, x, (_, b, _) = half_blind()
    weight, bias = missing_direction(model, x)
    larger, _ = add_latent(model, seeded(), row=(weight, bias))
    torch.testing.assert_close(larger(x).reconstruction, model(x).reconstruction)
    assert correlation(larger.encode(x)[:, 2], b) > 0.95
    assert torch.equal(last_linear(larger.encoder)[0][2], weight)
    assert torch.equal(larger.encode(x)[:, :2], model.encode(x))


def test_the_model_is_left_as_it_was_and_nothing_is_drawn():
    generator = seeded()
    model = NashAE(
        MLP((12, 9, 2), generator=generator),
        MLP((2, 9, 12), generator=generator),
        Predictors(2, 4, generator=generator),
    )
    x = torch.randn(50, 12, generator=seeded(3))
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    (first, _), (second, bias) = missing_direction(model, x), missing_direction(model, x)
    assert first.shape == (9,)
    assert bias.shape == ()
    assert torch.equal(first, second)
    assert torch.isfinite(first).all()
    for name, tensor in model.state_dict().items():
        assert torch.equal(tensor, before[name])


def test_what_cannot_be_asked_is_refused():
    model, x, _ = half_blind()
    with pytest.raises(ValueError, match="at least 10 observations; got 9"):
        missing_direction(model, x[:9])
    model.encoder = nn.Sequential(model.encoder, nn.Tanh())
    with pytest.raises(ValueError, match="the last layer"):
        missing_direction(model, x)
