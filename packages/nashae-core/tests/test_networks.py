import math

import pytest
import torch
from torch import nn

from nashae_core import MLP, Predictors, conv_decoder, conv_encoder, initialise


@pytest.mark.parametrize("channels", [1, 3])
def test_the_convolutional_networks_mirror_each_other_on_64_by_64_images(seeded, channels):
    encoder = conv_encoder(10, channels=channels, generator=seeded(0))
    decoder = conv_decoder(10, channels=channels, generator=seeded(0))
    x = torch.zeros(2, channels, 64, 64)
    assert encoder(x).shape == (2, 10)
    assert decoder(encoder(x)).shape == x.shape

    def products(network: nn.Module) -> list[tuple[int, ...]]:
        weights = [p for name, p in network.named_parameters() if name.endswith("weight")]
        return [tuple(sorted(w.shape[:2])) + tuple(w.shape[2:]) for w in weights]

    assert products(encoder) == products(decoder)[::-1]


def fan_in(layer: nn.Module) -> int:
    """What PyTorch counts: for a transposed convolution its outputs, not its inputs."""
    return math.prod(layer.weight.shape[1:])


@pytest.mark.parametrize(
    "make",
    [
        lambda g: conv_encoder(32, generator=g),
        lambda g: conv_decoder(32, generator=g),
    ],
    ids=["conv_encoder", "conv_decoder"],
)
def test_weights_are_kaiming_normal_with_gain_1_and_biases_pytorchs_default(seeded, make):
    layers = [layer for layer in make(seeded(0)) if hasattr(layer, "weight")]
    for layer in layers:
        variance = 1 / fan_in(layer)
        # Five standard deviations of the estimate of a normal variable's variance.
        error = 5 * math.sqrt(2 / layer.weight.numel())
        assert layer.weight.var().item() == pytest.approx(variance, rel=error)
        assert layer.bias.abs().max().item() <= math.sqrt(variance)
        normal = layer.weight.flatten() / math.sqrt(variance)
        assert normal.abs().max() > 2.5
    spread = torch.cat([layer.bias.flatten() * math.sqrt(fan_in(layer)) for layer in layers])
    assert spread.var().item() == pytest.approx(1 / 3, rel=0.15)


def test_initialise_draws_every_layer_anew_and_minds_a_missing_bias(seeded):
    network = nn.Sequential(nn.Linear(4, 3, bias=False), nn.Sequential(nn.Linear(3, 2)))
    before = [p.clone() for p in network.parameters()]
    initialise(network, seeded(0))
    assert not any(torch.equal(a, b) for a, b in zip(before, network.parameters(), strict=True))


@pytest.mark.parametrize(
    "make",
    [
        lambda g: conv_encoder(5, generator=g),
        lambda g: conv_decoder(5, generator=g),
    ],
    ids=["conv_encoder", "conv_decoder"],
)
def test_weights_come_from_the_generator_alone_and_leave_the_global_one_alone(seeded, make):
    first = make(seeded(3))
    torch.manual_seed(123)
    before = torch.random.get_rng_state()
    second, other = make(seeded(3)), make(seeded(4))
    assert torch.equal(before, torch.random.get_rng_state())
    for one, same, different in zip(*(n.parameters() for n in (first, second, other)), strict=True):
        assert torch.equal(one, same)
        assert not torch.equal(one, different)


@pytest.mark.parametrize("make", [conv_encoder, conv_decoder])
@pytest.mark.parametrize(("size", "channels"), [(0, 3), (4, 0)])
def test_a_convolutional_network_without_outputs_or_channels_is_refused(make, size, channels):
    with pytest.raises(ValueError, match=rf"at least 1; got {size} and {channels}"):
        make(size, channels=channels, generator=torch.Generator())


class Elsewhere(torch.Generator):
    """A generator that says it is on another device."""

    device = torch.device("meta")


@pytest.mark.parametrize(
    "make",
    [
        lambda g: MLP((5, 4, 3), generator=g),
        lambda g: Predictors(4, generator=g),
        lambda g: conv_encoder(5, generator=g),
        lambda g: conv_decoder(5, generator=g),
    ],
    ids=["MLP", "Predictors", "conv_encoder", "conv_decoder"],
)
def test_a_network_is_made_on_its_generators_device(make):
    assert {p.device.type for p in make(Elsewhere()).parameters()} == {"meta"}


SIZES = [(16, 16), (50, 70), (17, 200), (64, 64), (256, 31), (16,), (37,), (1000,)]


@pytest.mark.parametrize("size", SIZES)
def test_observations_of_any_size_come_back_in_it(size):
    encoder = conv_encoder(3, channels=2, size=size, generator=0)
    decoder = conv_decoder(3, channels=2, size=size, generator=0)
    x = torch.randn(2, 2, *size, generator=torch.Generator().manual_seed(0))
    assert encoder(x).shape == (2, 3)
    assert decoder(encoder(x)).shape == x.shape


@pytest.mark.parametrize("size", [(15, 64), (8,), (64, 257), (), (4, 64, 64)])
def test_other_sizes_are_refused(size):
    with pytest.raises(ValueError, match="size must be"):
        conv_encoder(3, size=size, generator=0)
