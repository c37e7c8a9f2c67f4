"""The searches find the same in a·x + b as in x: one law over scales, offsets and kinds of data."""

import numpy as np
import pytest
import torch
from torch import nn

from nashae_core import (
    MLP,
    AxesConfig,
    CountConfig,
    ImageObservations,
    NashAE,
    NashAEConfig,
    PackedObservations,
    Predictors,
    Pruning,
    Stage,
    StreamedImages,
    align_axes,
    count_factors,
    encode,
)

INPUTS, M = 6, 3
PLAY = NashAEConfig(predictor_updates=1)
COUNT = CountConfig(
    batch_size=20,
    pruning=Pruning(every=10, until=0),
    test_steps=5,
    growth_steps=5,
    growth_warm_up=5,
    record_every=5,
    warm_up=5,
)
AXES = AxesConfig(
    batch_size=20,
    warm_up=5,
    pruning=Pruning(every=5, until=0, last_range=0.0),
    first=Stage(5, 0.2, 1e-3),
    merge=Stage(5, 0.1, 5e-4),
    last=Stage(5, 0.05, 1e-4),
    fit_steps=5,
    tries=1,
    record_every=5,
)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def perceptrons(generator):
    return NashAE(
        MLP((INPUTS, 12, M), generator=generator),
        MLP((M, 12, INPUTS), generator=generator),
        Predictors(M, 6, generator=generator),
        PLAY,
    )


def convolutions(generator):
    """Zeros around an image are zeros of the standardised one."""
    encoder = nn.Sequential(
        nn.Conv2d(2, 3, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(48, M)
    )
    decoder = nn.Sequential(
        nn.Linear(M, 48), nn.Unflatten(1, (3, 4, 4)), nn.ConvTranspose2d(3, 2, 3, padding=1)
    )
    for parameter in (*encoder.parameters(), *decoder.parameters()):
        nn.init.normal_(parameter, std=0.3, generator=generator)
    return NashAE(encoder, decoder, Predictors(M, 6, generator=generator), PLAY)


def waves():
    """Two factors, a little noise; in 64 bits, symmetric around 0 up to chance."""
    factors = torch.rand(60, 2, dtype=torch.float64, generator=seeded(9)) - 0.5
    x = torch.sin(4 * factors @ torch.randn(2, INPUTS, dtype=torch.float64, generator=seeded(8)))
    return x + 0.05 * torch.randn(x.shape, dtype=torch.float64, generator=seeded(7))


def counted(x, build=perceptrons):
    return count_factors(build(seeded()), x, seeded(1), COUNT)


def aligned(x, build=perceptrons):
    return align_axes(build, x, 2, seeded(1), AXES)


def same_search(found, expected, rel):
    assert found.latents == expected.latents
    names = ("kind", "step", "latent", "latents", "adopted")
    for one, other in zip(found.decisions, expected.decisions, strict=True):
        assert [getattr(one, n) for n in names] == [getattr(other, n) for n in names]
        measured = [(test.ratio, test.share, test.dependence) for test in (one, other)]
        assert measured[0] == pytest.approx(measured[1], rel=rel, abs=rel)
    assert found.near == expected.near
    assert found.reason == expected.reason
    assert found.explained == pytest.approx(expected.explained, rel=rel)


def same_axes(found, expected, rel):
    assert found.independent == expected.independent
    assert found.tries[0].latents == expected.tries[0].latents
    assert found.tries[0].dependence == pytest.approx(expected.tries[0].dependence, abs=rel)
    assert found.reason == expected.reason
    assert found.explained == pytest.approx(expected.explained, rel=rel)


@pytest.fixture(scope="module")
def expected():
    return counted(waves()), aligned(waves())


STD = float(waves().std())
# Numbers of 64 bits hold a·x + b with room to spare; of 32 they lose up to 1e-4 of a deviation.
AFFINE = [
    (1e-3, 0, "float64"),
    (0.01, 10, "float64"),
    (1, -1000 * STD, "float64"),
    (-1, 0, "float64"),
    (-3, 10, "float64"),
    (1e4, -1e7 * STD, "float64"),
    (1, 0, "float32"),
    (10, 10, "float32"),
    (1, -1000 * STD, "float32"),
    (-100, 0, "float32"),
]


@pytest.mark.parametrize(("a", "b", "dtype"), AFFINE)
def test_a_count_is_free_of_scale_and_offset(expected, a, b, dtype):
    x, other = waves(), expected[0]
    y = (a * x + b).to(getattr(torch, dtype))
    rel = 1e-4 if dtype == "float64" else 2e-2 if b else 1e-3
    found = counted(y)
    same_search(found, other, rel)
    assert found.error == pytest.approx(a**2 * other.error, rel=rel)
    # The model takes the data as given.
    codes = encode(found.model.double(), y.double())
    torch.testing.assert_close(codes, encode(other.model.double(), x), rtol=0, atol=rel)
    with torch.no_grad():
        here, there = found.model.decode(codes), other.model.decode(encode(other.model, x))
    torch.testing.assert_close(here, a * there + b, rtol=0, atol=rel * abs(a) * STD)
    assert float((here - y).square().mean()) / 2 == pytest.approx(found.error, rel=1e-3)


@pytest.mark.parametrize(("a", "b", "dtype"), AFFINE[::3])
def test_aligned_axes_are_free_of_scale_and_offset(expected, a, b, dtype):
    y = (a * waves() + b).to(getattr(torch, dtype))
    same_axes(aligned(y), expected[1], 1e-4 if dtype == "float64" else 2e-2)


class Rows:
    """Observations of one's own."""

    def __init__(self, x):
        self.x = x

    def __len__(self):
        return len(self.x)

    def __getitem__(self, index):
        return self.x[index]


def mapped(x, path):
    np.save(path / "x.npy", x.numpy())
    return np.load(path / "x.npy", mmap_mode="r")


@pytest.mark.parametrize("kind", ["array", "rows", "map"])
def test_how_observations_are_given_changes_nothing(expected, tmp_path, kind):
    x = 7 * waves() - 300
    given = {"array": x.numpy, "rows": lambda: Rows(x), "map": lambda: mapped(x, tmp_path)}
    same_search(counted(given[kind]()), expected[0], 1e-4)


def pixels():
    values = torch.randint(0, 256, (40, 4, 4, 2), generator=seeded(5)).float()
    shade = torch.linspace(0.2, 1, 40)[:, None, None, None]
    return (values * shade).to(torch.uint8).numpy()


def test_images_of_another_mean_and_deviation_are_the_same_through_convolutions():
    images = pixels()
    expected = counted(ImageObservations(images, (0.0, 0.0), (1.0, 1.0)), convolutions)
    for kind in (ImageObservations, StreamedImages):
        found = counted(kind(images, (0.5, 0.5), (0.01, 0.01)), convolutions)
        same_search(found, expected, 1e-3)


def test_bits_and_the_numbers_that_they_are_are_the_same():
    def build(generator):
        networks = MLP((16, 8, M), generator=generator), MLP((M, 8, 16), generator=generator)
        return NashAE(*networks, Predictors(M, 6, generator=generator), PLAY)

    bits = torch.randint(0, 256, (40, 2), dtype=torch.uint8, generator=seeded(4))
    numbers = PackedObservations(bits)[torch.arange(40)]
    found = counted(PackedObservations(bits), build)
    same_search(found, counted(numbers, build), 1e-6)
    same_search(found, counted(1 - numbers, build), 1e-3)  # as much below the mean as above


@pytest.mark.parametrize("search", [counted, aligned])
def test_the_default_device_has_no_part_in_a_search(search):
    def built(generator):
        with torch.device("cpu"):
            return perceptrons(generator)

    x, states = waves().float(), []
    plain = search(x, built)
    with torch.device("meta"):
        other = search(x, built)
        assert torch.equal(encode(other.model, x), encode(plain.model, x))
        if search is counted:
            count_factors(
                built(seeded()), x, seeded(1), COUNT, on_progress=lambda p: states.append(p.state())
            )
            again = count_factors(built(seeded()), x, seeded(1), COUNT, resume=states[-1])
            assert again.decisions == plain.decisions
