"""What requires no gradient keeps its bits, and the rest is trained: every model, every part."""

import pytest
import torch
from methods import CONFIGS, INPUTS, JUDGED, LATENTS, build, heads
from torch import nn

from nashae_baselines import CovarianceAutoencoder, FactorVAE, discriminator
from nashae_core import MLP, NashAE, Predictors, Trainable, TrainConfig, train

CONFIG = TrainConfig(steps=3, batch_size=10, record_every=2)


class Unused(nn.Module):
    """A network with a layer that nothing passes through, and running statistics."""

    def __init__(self, inputs, outputs, generator):
        super().__init__()
        self.first = MLP((inputs, 10), generator=generator)
        self.norm = nn.BatchNorm1d(10)
        self.unused = MLP((4, 4), generator=generator)
        self.last = MLP((10, outputs), generator=generator)

    def forward(self, x):
        return self.last(self.norm(self.first(x)))


def built(method: type[Trainable], judge: nn.Module | None = None) -> Trainable:
    draw = torch.Generator().manual_seed(0)
    width = LATENTS if method is NashAE else heads(method)
    encoder, decoder = Unused(INPUTS, width, draw), Unused(LATENTS, INPUTS, draw)
    if method is NashAE:
        return NashAE(encoder, decoder, Predictors(LATENTS, 6, generator=draw)).double()
    judge = judge or discriminator(JUDGED.get(method, 1), 8, generator=draw)
    return build(method, encoder, decoder, judge).double()


# By the beginning of their parameters' names.
FROZEN = {
    "nothing": ("-",),
    "encoder": ("encoder",),
    "decoder": ("decoder",),
    "adversary": ("predictors", "discriminator"),
    "autoencoder": ("encoder", "decoder"),
    "a layer": ("encoder.first", "predictors.weight2", "discriminator.weights.1"),
    "biases": ("encoder.last.biases", "decoder.first.biases", "predictors.bias"),
    "all but a layer": ("encoder", "decoder.first", "decoder.norm", "predictors", "discriminator"),
}


@pytest.mark.parametrize("frozen", FROZEN)
@pytest.mark.parametrize("method", [NashAE, *CONFIGS], ids=lambda m: m.__name__)
def test_what_is_frozen_keeps_its_bits_and_the_rest_moves(rows, seeded, method, frozen):
    model = built(method)
    for parameter, tensor in model.named_parameters():
        tensor.requires_grad_(not parameter.startswith(FROZEN[frozen]))
        # A gradient that somebody left there moves nothing.
        tensor.grad = torch.ones_like(tensor)
    before = {key: value.clone() for key, value in model.state_dict().items()}
    if not any(p.requires_grad for p in model.parameters()):
        with pytest.raises(ValueError, match=r"must have a parameter that requires a gradient; "):
            train(model, rows, CONFIG, seeded(1))
        return
    train(model, rows, CONFIG, seeded(1))
    for key, value in model.state_dict().items():
        if key.endswith("first.biases.0"):  # in front of the norm it has no effect but by rounding
            continue
        still = key.startswith(FROZEN[frozen]) or ".unused." in key
        assert torch.equal(value, before[key]) == still, key


@pytest.mark.parametrize("method", [NashAE, *CONFIGS], ids=lambda m: m.__name__)
def test_a_run_with_a_frozen_layer_resumes_to_the_bit(rows, seeded, method):
    whole, again, states = built(method), built(method), []
    for model in (whole, again):
        for parameter, tensor in model.named_parameters():
            tensor.requires_grad_(not parameter.startswith(FROZEN["a layer"]))
    train(whole, rows, CONFIG, seeded(1), on_record=lambda p: states.append(p.state()))
    train(again, rows, CONFIG, seeded(2), resume=states[0])
    for key, value in whole.state_dict().items():
        assert torch.equal(again.state_dict()[key], value), key


def test_a_frozen_part_moves_no_more_than_what_is_detached_by_hand(rows, seeded):
    """Against plain PyTorch: Adam over the decoder alone, the encoder's codes held fixed."""
    model, plain = (built(CovarianceAutoencoder) for _ in range(2))
    for each in (model, plain):
        each.encoder.requires_grad_(False)
    draws = seeded(1)
    torch.randint(2**62, (), generator=draws)  # the seed of the model's noise
    index = torch.randint(60, (2, 1, 10), generator=draws)
    train(model, rows, TrainConfig(steps=2, batch_size=10, record_every=2), seeded(1))
    decoder = plain.decoder
    adam = torch.optim.Adam([p for n, p in decoder.named_parameters() if "unused" not in n], 1e-3)
    for x in rows[index[:, 0]]:
        codes = plain.eval().encode(x)
        error = decoder.train()(codes) - x
        adam.zero_grad()
        (0.8 * error.square().mean() / 2).backward()
        adam.step()
    for ours, theirs in zip(model.decoder.parameters(), decoder.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-12, rtol=0)


class Sum(nn.Module):
    """A discriminator without parameters."""

    def forward(self, x):
        return x.sum(1, keepdim=True)


def test_a_player_without_parameters_lets_the_others_play(rows, seeded):
    model = built(FactorVAE, Sum())
    before = model.decoder.last.weights[0].detach().clone()
    terms = train(model, rows, CONFIG, seeded(1)).terms
    assert not torch.equal(model.decoder.last.weights[0], before)
    assert "discriminator_loss" in terms


def test_networks_that_share_a_layer_move_it_once_a_step(rows, seeded):
    def make():
        g = torch.Generator().manual_seed(0)
        shared = MLP((INPUTS, INPUTS), generator=g)
        return CovarianceAutoencoder(shared, shared).double()

    model, plain = make(), make()
    adam = torch.optim.Adam(plain.encoder.parameters(), 1e-3)
    config = TrainConfig(steps=1, batch_size=10)
    train(model, rows, config, seeded(1))
    draws = seeded(1)
    torch.randint(2**62, (), generator=draws)
    (turn,) = plain.turns([rows[torch.randint(60, (10,), generator=draws)]], 0, seeded(0))
    turn.loss.backward()
    adam.step()
    torch.testing.assert_close(model.encoder.weights[0], plain.encoder.weights[0])
